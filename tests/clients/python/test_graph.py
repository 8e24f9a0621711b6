"""face.link, face.link.stream, face.link.stats and face.search: procedures that read the graph."""

import itertools
import math

import neo4j

from harness import Promise, distance, facenet

PROCEDURE_FAILED = "Neo.ClientError.Procedure.ProcedureCallFailed"
COUNTS = "YIELD nodesCompared, pairsFound, relationshipsWritten, propertiesSet"


def near(vectors, cutoff=10.0):
    """The pairs below the cutoff, with their distances."""
    pairs = itertools.combinations(range(len(vectors)), 2)
    distances = {(a, b): distance(vectors[a], vectors[b]) for a, b in pairs}
    return {pair: d for pair, d in distances.items() if d < cutoff}


class Graph(Promise):
    needs_facebolt = True

    def setUp(self):
        super().setUp()
        self.vectors = facenet()
        self.near = near(self.vectors)
        self.load(self.vectors)

    def load(self, vectors, label="Face"):
        text = f"UNWIND range(0, size($vectors) - 1) AS key CREATE (:{label} {{key: key, embedding: $vectors[key]}})"
        self.cx.server.query(text, vectors=vectors)

    def links(self, kind="SAME", name="distance", directed=False):
        """The distances by pair, each pair from the lower key to the higher unless `directed`."""
        rows = self.cx.server.query(f"MATCH (a:Face)-[e:{kind}]->(b:Face) RETURN a.key AS a, b.key AS b, e.{name} AS d")
        pair = lambda row: (row["a"], row["b"]) if directed else tuple(sorted((row["a"], row["b"])))
        links = {pair(row): row["d"] for row in rows}
        self.assertEqual(len(links), len(rows))
        return links

    def counted(self, text, **parameters):
        """The counts that are yielded, and those of the summary."""
        with self.cx.driver.session() as session:
            result = session.run(text, parameters)
            records, counters = list(result), result.consume().counters
        row = records[0]
        self.assertEqual(row["relationshipsWritten"], counters.relationships_created)
        self.assertEqual(row["propertiesSet"], counters.properties_set)
        self.assertEqual(len(records), 1)
        return [row[name] for name in ("nodesCompared", "pairsFound", "relationshipsWritten", "propertiesSet")]


class Link(Graph):
    def test_writes(self):
        """face.link writes each pair once with its distance, says what the summary says, and again nothing new"""
        pairs = len(self.near)
        self.assertEqual(self.counted(f"CALL face.link('Face') {COUNTS}"), [71, pairs, pairs, pairs])
        self.assertEqual(self.links(), self.near)
        self.assertEqual(self.counted(f"CALL face.link('Face') {COUNTS}"), [71, pairs, 0, pairs])
        self.assertEqual(self.links(), self.near)

    def test_in_a_query(self):
        """inside a query, in a transaction, under other names, and rolled back"""
        text = "CALL face.link($label, $config) YIELD pairsFound AS n, relationshipsWritten AS w RETURN n + w AS sum"
        config = {"writeRelationshipType": "A `B`", "writeProperty": "d", "undirected": False}
        with self.cx.driver.session() as session:
            with session.begin_transaction() as tx:
                tx.run("MATCH (f:Face {key: 0}) CREATE (:Face {key: 71, embedding: f.embedding})").consume()
                found = len(near(self.vectors + self.vectors[:1]))
                self.assertEqual(tx.run(text, label="Face", config=config).single()["sum"], 4 * found)
                tx.rollback()
            self.assertEqual(self.cx.server.query("MATCH ()-[e]->() RETURN e"), [])
            self.assertEqual(session.run(text, label="Face", config=config).single()["sum"], 4 * len(self.near))
        both = {**self.near, **{(b, a): d for (a, b), d in self.near.items()}}
        self.assertEqual(self.links("`A ``B```", "d", directed=True), both)

    def test_batches(self):
        """batchSize commits in between, and only where a statement may"""
        pairs = len(self.near)
        text = f"CALL face.link('Face', {{batchSize: 10}}) {COUNTS}"
        self.assertEqual(self.counted(text), [71, pairs, pairs, pairs])
        self.assertEqual(self.links(), self.near)
        self.assertEqual(self.counted(text.replace("{batchSize", "{distanceCutoff: 0, batchSize")), [71, 0, 0, 0])
        self.assertIn("batchSize", self.failure(f"{text} RETURN pairsFound").message)
        with self.cx.driver.session() as session, self.assertRaises(neo4j.exceptions.Neo4jError) as caught:
            session.execute_write(lambda tx: tx.run(text).consume())
        self.assertIn("batchSize", caught.exception.message)

    def test_standalone(self):
        """standalone it yields all columns, with the distances spread and the settings in force"""
        [row] = self.query("CALL face.link('Face', {topN: 100})")
        self.assertEqual(row["pairsFound"], 100)
        spread, nearest = row["distanceDistribution"], sorted(self.near.values())[:100]
        self.assertEqual((spread["min"], spread["p50"], spread["max"]), (nearest[0], nearest[49], nearest[99]))
        expected = {"nodeLabel": "Face", "nodeProperty": "embedding", "metric": "EUCLIDEAN", "distanceCutoff": 10.0}
        self.assertLessEqual(expected.items(), row["configuration"].items())
        for name in ("readMillis", "computeMillis", "writeMillis"):
            self.assertGreaterEqual(row[name], 0)

    def test_stats(self):
        """face.link.stats counts and writes nothing; nor does EXPLAIN"""
        self.assertEqual(self.counted(f"CALL face.link.stats('Face') {COUNTS}"), [71, len(self.near), 0, 0])
        _, summary, _ = self.cx.driver.execute_query("EXPLAIN CALL face.link('Face')")
        self.assertEqual(summary.query_type, "rw")
        self.assertEqual(self.links(), {})


class Stream(Graph):
    def stream(self, config=None):
        text = (
            "CALL face.link.stream('Face', $config) YIELD node1, node2, distance, similarity "
            "RETURN node1.key AS a, node2.key AS b, distance AS d, similarity AS s, [id(node1), id(node2)] AS ids"
        )
        return self.query(text, config=config or {})

    def pairs(self, **config):
        return {tuple(sorted((row["a"], row["b"]))) for row in self.stream(config)}

    def test_stream(self):
        """face.link.stream yields each pair once, in order, with nodes, distance and similarity"""
        rows = self.stream()
        ids = [row["ids"] for row in rows]
        self.assertEqual(ids, sorted(ids))
        self.assertTrue(all(a < b for a, b in ids))
        self.assertEqual({tuple(sorted((row["a"], row["b"]))): row["d"] for row in rows}, self.near)
        self.assertTrue(all(row["s"] == 1 / (1 + row["d"]) for row in rows))

    def test_settings(self):
        """cutoffs, metrics, topK, topN and filters select as they say"""
        pairs = self.pairs
        below = lambda cutoff: {pair for pair, d in near(self.vectors, 1e9).items() if d < cutoff}
        self.assertEqual(pairs(distanceCutoff=5), below(5))
        similar = {pair for pair, d in near(self.vectors, 1e9).items() if 1 / (1 + d) >= 0.125}
        self.assertEqual(pairs(similarityCutoff=0.125), similar)
        edge = sorted(self.near.values())[20]
        self.assertEqual(pairs(distanceCutoff=edge), below(edge))
        cosines = {}
        for a, b in itertools.combinations(range(len(self.vectors)), 2):
            x, y = self.vectors[a], self.vectors[b]
            dot, xx, yy = (sum(p * q for p, q in zip(*two)) for two in ((x, y), (x, x), (y, y)))
            cosines[a, b] = dot / math.sqrt(xx * yy)
        # None lies so near a cutoff that the order of summing would matter.
        self.assertEqual(pairs(metric="COSINE", similarityCutoff=0.6), {p for p, c in cosines.items() if c >= 0.6})
        self.assertEqual(pairs(metric="cosine", distanceCutoff=0.3), {p for p, c in cosines.items() if 1 - c < 0.3})
        ordered = sorted(self.near, key=self.near.get)
        self.assertEqual(pairs(topN=7), set(ordered[:7]))
        nearest = {}
        for a, b in ordered:
            nearest.setdefault(a, (a, b)), nearest.setdefault(b, (a, b))
        self.assertEqual(pairs(topK=1), set(nearest.values()))
        both = {(row["a"], row["b"]) for row in self.stream({"undirected": False})}
        self.assertEqual(both, {*self.near, *((b, a) for a, b in self.near)})
        self.cx.server.query("MATCH (f:Face) WHERE f.key < 20 SET f:Probe")
        some = {(a, b) for a, b in self.near if a < 20 or b < 20}
        self.assertEqual(pairs(sourceNodeFilter="Probe"), some)
        ids = [row["id"] for row in self.cx.server.query("MATCH (f:Face) WHERE f.key IN [0, 1, 2] RETURN elementId(f) AS id")]
        few = {(a, b) for a, b in self.near if a < 3 and b < 20}
        self.assertEqual(pairs(sourceNodeFilter=ids, targetNodeFilter="Probe"), few)

    def test_mistakes(self):
        """a setting that does not do is named, and so are vectors that do not fit together"""
        for config, named in (
            ({"distanceCutof": 1}, "distanceCutof"),
            ({"distanceCutoff": "x"}, "distanceCutoff"),
            ({"distanceCutoff": 1, "similarityCutoff": 1}, "similarityCutoff"),
            ({"metric": "MANHATTAN"}, "'EUCLIDEAN' or 'COSINE'"),
            ({"topK": 0}, "topK"),
            ({"sourceNodeFilter": 5}, "sourceNodeFilter"),
            ({"undirected": 1}, "undirected"),
        ):
            for procedure in ("face.link.stream", "face.link", "face.link.stats"):
                failure = self.failure(f"CALL {procedure}('Face', $config)", config=config)
                self.assertEqual(failure.code, PROCEDURE_FAILED)
                self.assertIn(named, failure.message)
        self.assertIn("nodeLabel", self.failure("CALL face.link(null)").message)
        self.load([[1.0, 2.0]], "Probe")
        self.cx.server.query("MATCH (p:Probe) SET p:Face")
        for procedure in ("face.link", "face.link.stream", "face.link.stats"):
            failure = self.failure(f"CALL {procedure}('Face')")
            self.assertEqual(failure.code, PROCEDURE_FAILED)
            self.assertRegex(failure.message, "of (128 and of 2|2 and of 128) elements, which come from different models")
        # Those of one model alone are linked.
        filtered = self.query(f"CALL face.link.stats('Face', {{sourceNodeFilter: 'Probe', targetNodeFilter: 'Probe'}}) {COUNTS}")
        self.assertEqual(filtered[0]["pairsFound"], 0)
        self.cx.server.query("MATCH (p:Probe) SET p.embedding = 'text'")
        self.assertIn("no list", self.failure("CALL face.link('Face')").message)
        self.assertEqual(self.links(), {})

    def test_only_ahead(self):
        """what the rows bring, or comes after a write, is refused with what to do"""
        for text in (
            "UNWIND ['Face'] AS l CALL face.link.stream(l) YIELD distance RETURN distance",
            "CREATE (:Face) WITH 1 AS x CALL face.link('Face') YIELD pairsFound RETURN pairsFound",
            "CALL face.link('Face') YIELD pairsFound CALL face.link.stats('Face') YIELD pairsFound AS n RETURN n",
        ):
            self.assertIn("Split the statement", self.failure(text).message)
        self.assertEqual(self.links(), {})

    def test_none(self):
        """no node, or none with a vector: no row, and nothing is raised where no row asks"""
        self.assertEqual(self.query("CALL face.link.stream('Nothing')"), [])
        [row] = self.query("CALL face.link('Nothing')")
        self.assertEqual((row["nodesCompared"], row["pairsFound"], row["distanceDistribution"]), (0, 0, {}))
        text = "MATCH (n:Nothing) CALL face.link.stream('Face', {nope: 1}) YIELD distance RETURN distance"
        self.assertEqual(self.query(text), [])


class Search(Graph):
    def test_embedding(self):
        """face.search finds the nearest nodes of an embedding, in order of their distance"""
        distances = sorted((distance(self.vectors[0], v), key) for key, v in enumerate(self.vectors))
        expected = [(key, d) for d, key in distances if d < 10][:10]
        text = "CALL face.search($q, {}) YIELD node, distance, similarity, index RETURN node.key AS key, distance AS d, index AS i"
        rows = self.query(text, q=self.vectors[0])
        self.assertEqual([(row["key"], row["d"]) for row in rows], expected)
        self.assertEqual({row["i"] for row in rows}, {0})
        self.assertEqual(len(self.query("CALL face.search($q, {topK: 3, distanceCutoff: 1000})", q=self.vectors[0])), 3)

    def test_image(self):
        """of an image it searches for each face; null finds nothing"""
        self.cx.server.clean()
        for name in ("obama.jpg", "obama2.jpg", "biden.jpg"):
            text = "CALL face.embed($url) YIELD embedding CREATE (:Face {name: $name, embedding: embedding})"
            self.query(text, url=self.cx.images.url(name), name=name)
        text = "CALL face.search($url) YIELD node, distance RETURN node.name AS name, distance < 10 AS near"
        rows = self.query(text, url=self.cx.images.url("obama3.jpg"))
        self.assertEqual(sorted(row["name"] for row in rows), ["obama.jpg", "obama2.jpg"])
        self.assertEqual(self.query("CALL face.search(null)"), [])

    def test_mistakes(self):
        """what is neither, or of another length, is refused"""
        for query, named in ((5, "embedding"), (["x"], "embedding"), ([], "embedding"), ([1.0], "the query has 1")):
            self.assertIn(named, self.failure("CALL face.search($q)", q=query).message)
