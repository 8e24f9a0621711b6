"""Link statements through facebolt on a plain Neo4j give what Neo4j with Graph Data Science gives."""

import dataclasses
import struct

import neo4j

from harness import LABELS, LINK, Promise, facenet, failed

PAIR = "MATCH (a:Face) MATCH (b:Face) WHERE {} WITH a, b, gds.similarity.euclideanDistance(a.embedding, b.embedding) AS d"
ANY = PAIR.format("id(a) <> id(b)") + " WHERE d < 10 "
ONE = PAIR.format("id(a) < id(b)") + " WHERE d < 10 "
MERGE = "MERGE (a)-[e:SAME]-(b) SET e.distance = d"
KEYS = "RETURN a.key AS a, b.key AS b, d"

# Name, statement, parameters. Each is run twice, so that MERGE also meets what it made.
WRITES = {
    "as users bring it": (LINK, {}),
    "id(a) < id(b)": (ONE + MERGE, {}),
    "id(a) > id(b)": (PAIR.format("id(a) > id(b)") + " WHERE d < 10 " + MERGE, {}),
    "a <> b": (PAIR.format("a <> b") + " WHERE d < 10 " + MERGE, {}),
    "elementId(a) < elementId(b)": (PAIR.format("elementId(a) < elementId(b)") + " WHERE d < 10 " + MERGE, {}),
    "no predicate on ids": (PAIR.replace(" WHERE {}", "") + " WHERE d < 10 " + MERGE, {}),
    "directed MERGE": (ANY + "MERGE (a)-[e:SAME]->(b) SET e.distance = d", {}),
    "MERGE on the distance": (ANY + "MERGE (a)-[e:SAME {distance: d}]-(b)", {}),
    "ON CREATE SET": (ANY + "MERGE (a)-[e:SAME]-(b) ON CREATE SET e.distance = d", {}),
    "ON CREATE and ON MATCH": (ANY + "MERGE (a)-[e:SAME]-(b) ON CREATE SET e.n = 1 ON MATCH SET e.n = e.n + 1", {}),
    "CREATE": (ONE + "CREATE (a)-[:SAME {d: d}]->(b)", {}),
    "SET to null": (ANY + "MERGE (a)-[e:SAME]-(b) SET e.distance = null", {}),
    "two properties": (ANY + MERGE + ", e.by = 'facebolt'", {}),
    "a parameter for the threshold": (PAIR.format("id(a) < id(b)") + " WHERE d < $t " + MERGE, {"t": 8.5}),
    "<= and an integer": (PAIR.format("id(a) < id(b)") + " WHERE d <= 9 " + MERGE, {}),
    "a condition on one side": (PAIR.format("id(a) <> id(b) AND a.key < 30") + " WHERE d < 10 " + MERGE, {}),
    "MERGE and RETURN": (ONE + MERGE + " RETURN count(e) AS n, sum(e.distance) > 0 AS some", {}),
}
READS = {
    "count(*)": (ANY + "RETURN count(*) AS n", {}),
    "pairs": (ONE + KEYS, {}),
    "pairs, both ways": (ANY + KEYS, {}),
    "the ten nearest": (ONE + KEYS + " ORDER BY d, a, b LIMIT 10", {}),
    "one MATCH": (ONE.replace(") MATCH (", "), (") + KEYS, {}),
    "in WHERE": (
        "MATCH (a:Face) MATCH (b:Face) WHERE id(a) < id(b) "
        "AND gds.similarity.euclideanDistance(a.embedding, b.embedding) < 10 RETURN a.key AS a, b.key AS b",
        {},
    ),
    "euclidean": (ONE.replace("Distance", "").replace("d < 10", "d > 0.09090909090909091") + KEYS, {}),
    "cosine": (ONE.replace("euclideanDistance", "cosine").replace("d < 10", "d > 0.7") + KEYS, {}),
    "one face against all": (ANY.replace("(a:Face)", "(a:Face {key: 3})") + KEYS, {}),
    "threshold null": (PAIR.format("a <> b") + " WHERE d < $t " + KEYS, {"t": None}),
    "threshold NaN": (PAIR.format("a <> b") + " WHERE d < $t " + KEYS, {"t": float("nan")}),
}
# What is wrong with the face that is added: the statement must fail as it does with the plugin.
BROKEN = {"a null embedding": None, "an empty embedding": [], "a shorter embedding": [1.0, 2.0]}


@dataclasses.dataclass
class Outcome:
    """All of a statement that a user can see."""

    rows: list
    counters: dict
    relationships: list


def bits(value):
    """A value in which every float stands as its 64 bits, so that equal means equal."""
    return struct.pack(">d", value).hex() if isinstance(value, float) else value


def outcome(driver, text, parameters):
    records, summary, _ = driver.execute_query(text, parameters)
    counters = {name: n for name, n in vars(summary.counters).items() if name[0] != "_" and n}
    relationships = driver.execute_query(
        "MATCH (a:Face)-[e]->(b:Face) RETURN a.key AS a, b.key AS b, elementId(a) < elementId(b) AS up, "
        "type(e) AS type, properties(e) AS properties"
    ).records
    rows = [tuple((key, bits(value)) for key, value in record.items()) for record in records]
    return Outcome(
        rows=rows if "ORDER BY" in text else sorted(rows),
        counters=counters,
        relationships=sorted(
            (ends(r, text), r["type"], sorted((key, bits(value)) for key, value in r["properties"].items()))
            for r in relationships
        ),
    )


def ends(relationship, text):
    """Whence and whither; for a direction that follows the text of ids, which no two servers share, by that."""
    a, b, up = relationship["a"], relationship["b"], relationship["up"]
    return (min(a, b), max(a, b), up) if "elementId" in text else (a, b)


class Oracle(Promise):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.cx.gds.clean)
        self.ours = [("native", self.cx.driver)]
        if self.cx.facebolt:
            defaults = self.cx.server.connect(self.cx.defaults.address)
            self.addCleanup(defaults.close)
            self.ours.append(("defaults", defaults))

    def load(self, server, extra=()):
        """The faces as all that a server holds. Keys follow internal ids, so that order means the same on both."""
        vectors = facenet() + list(extra)
        server.clean()
        server.query("UNWIND range(1, $count) AS _ CREATE (:Face)", count=len(vectors))
        server.query(
            "MATCH (f:Face) WITH f ORDER BY id(f) WITH collect(f) AS faces UNWIND range(0, size(faces) - 1) AS key "
            "WITH faces[key] AS f, key SET f.key = key, f.embedding = $vectors[key]",
            vectors=vectors,
        )

    def outcomes(self, server, driver, text, parameters, runs):
        self.load(server)
        return [outcome(driver, text, parameters) for _ in range(runs)]

    def compare(self, cases, runs):
        for name, (text, parameters) in cases.items():
            expected = self.outcomes(self.cx.gds, self.cx.gds.driver, text, parameters, runs)
            for path, driver in self.ours:
                with self.subTest(name, path=path):
                    found = self.outcomes(self.cx.server, driver, text, parameters, runs)
                    for ours, oracle in zip(found, expected, strict=True):
                        self.assertEqual(ours.counters, oracle.counters)
                        self.assertEqual(ours.rows, oracle.rows)
                        self.assertEqual(ours.relationships, oracle.relationships)

    def test_writes(self):
        """every way to write links, twice: counters, direction and each distance as with GDS"""
        self.compare(WRITES, 2)

    def test_reads(self):
        """every way to read distances: each row as with GDS, to the last bit"""
        self.compare(READS, 1)

    def test_broken_vectors(self):
        """a face without a comparable vector fails the statement with the code, GQLSTATUS and text of GDS"""
        for name, vector in BROKEN.items():
            self.load(self.cx.gds, [vector])
            expected = self.error(self.cx.gds.driver)
            self.load(self.cx.server, [vector])
            for path, driver in self.ours:
                with self.subTest(name, path=path):
                    self.assertEqual(self.error(driver), expected)
                    self.assertEqual(self.cx.server.query("MATCH (:Face)-[e]->() RETURN e"), [])

    def error(self, driver):
        with self.assertRaises(neo4j.exceptions.Neo4jError) as caught:
            driver.execute_query(LINK)
        return failed(caught.exception)
