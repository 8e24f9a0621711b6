"""The link query as users bring it, on a Neo4j without Graph Data Science."""

import itertools
import random

from harness import LINK, Promise, distance, facenet

PAIRS = 169


class Link(Promise):
    def setUp(self):
        super().setUp()
        self.vectors = facenet()
        self.cx.server.query(
            "UNWIND range(0, size($vectors) - 1) AS key CREATE (:Face {key: key, embedding: $vectors[key]})",
            vectors=self.vectors,
        )

    def check(self, counters, created):
        self.assertEqual((counters.relationships_created, counters.properties_set), (created, 2 * PAIRS))

    def check_graph(self):
        rows = self.query("MATCH (a:Face)-[e:SAME]->(b:Face) RETURN a.key AS a, b.key AS b, e.distance AS d")
        found = {(min(row["a"], row["b"]), max(row["a"], row["b"])): row["d"] for row in rows}
        pairs = itertools.combinations(range(len(self.vectors)), 2)
        distances = {(a, b): distance(self.vectors[a], self.vectors[b]) for a, b in pairs}
        self.assertEqual(len(rows), PAIRS)
        self.assertEqual(found, {pair: d for pair, d in distances.items() if d < 10})

    def native(self):
        return self.cx.facebolt.statements(kind="link", path="native") if self.cx.facebolt else 0

    def test_auto_commit(self):
        """auto-commit: 169 created and 338 set, then 0 and 338; each distance right to the last bit"""
        before = self.native()
        self.check(self.counters(LINK), PAIRS)
        self.check_graph()
        self.check(self.counters(LINK), 0)
        self.check_graph()
        if self.cx.facebolt:
            self.assertEqual(self.native() - before, 2)

    def test_execute_write(self):
        """execute_write: the same"""
        with self.cx.driver.session() as session:
            for created in (PAIRS, 0):
                self.check(session.execute_write(lambda tx: tx.run(LINK).consume()).counters, created)
                self.check_graph()

    def test_rollback(self):
        """a rollback leaves no relationship"""
        with self.cx.driver.session() as session, session.begin_transaction() as tx:
            self.check(tx.run(LINK).consume().counters, PAIRS)
            tx.rollback()
        self.assertEqual(self.query("MATCH ()-[e:SAME]->() RETURN e"), [])

    def test_uncommitted(self):
        """in a transaction it links the faces that the transaction made"""
        with self.cx.driver.session() as session, session.begin_transaction() as tx:
            tx.run("MATCH (f:Face {key: 0}) CREATE (:Face {key: -1, embedding: f.embedding})").consume()
            near = sum(distance(self.vectors[0], v) < 10 for v in self.vectors)
            self.assertEqual(tx.run(LINK).consume().counters.relationships_created, PAIRS + near)
            tx.rollback()

    def test_defaults(self):
        """with few faces and default settings: the same, whoever does it"""
        address = self.cx.defaults.address if self.cx.facebolt else self.cx.address
        with self.cx.server.connect(address) as driver:
            for created in (PAIRS, 0):
                self.check(driver.execute_query(LINK).summary.counters, created)
        self.check_graph()

    def test_explain(self):
        """EXPLAIN writes nothing"""
        _, summary, _ = self.cx.driver.execute_query("EXPLAIN " + LINK)
        self.assertIsNotNone(summary.plan)
        self.assertEqual(self.query("MATCH ()-[e:SAME]->() RETURN e"), [])


class ManyFaces(Promise):
    """So many that the search begins while Neo4j still sends vectors."""

    COUNT = 900

    def setUp(self):
        super().setUp()
        rng = random.Random(3)
        # The first are unlike the others, and near to nobody.
        spread = lambda key: 800 if key < 400 else 8
        self.vectors = [[rng.gauss(0, spread(key)) for _ in range(6)] for key in range(self.COUNT)]
        self.cx.server.query(
            "UNWIND range(0, size($vectors) - 1) AS key CREATE (:Face {key: key, embedding: $vectors[key]})",
            vectors=self.vectors,
        )

    def links(self):
        rows = self.query("MATCH (a:Face)-[e:SAME]->(b:Face) RETURN a.key AS a, b.key AS b, e.distance AS d")
        return {(row["a"], row["b"]): row["d"] for row in rows}

    def test_pairs(self):
        """the link query over 900 faces: every pair, its distance and its direction, and nothing new the second time"""
        # Neo4j may put new nodes where others have been: its own order of rows decides the directions.
        order = [record["key"] for record in self.cx.server.query("MATCH (p:Face) RETURN p.key AS key")]
        pairs = itertools.combinations(order, 2)
        distances = {(a, b): distance(self.vectors[a], self.vectors[b]) for a, b in pairs}
        expected = {pair: d for pair, d in distances.items() if d < 10}
        for created in (len(expected), 0):
            counters = self.counters(LINK)
            self.assertEqual((counters.relationships_created, counters.properties_set), (created, 2 * len(expected)))
            self.assertEqual(self.links(), expected)

    def test_bad_vector(self):
        """a vector of another length behind 900 others: GDS's error, and nothing is written"""
        self.cx.server.query("CREATE (:Face {key: -1, embedding: [1.0]})")
        self.assertIn("Vectors must be non-empty and of the same size", self.failure(LINK).message)
        self.assertEqual(self.links(), {})
