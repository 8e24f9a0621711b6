"""link.max_pairs: the most pairs that a statement may write, however it writes them."""

import neo4j

from harness import LINK, Promise

# Five in one place: ten pairs, or twenty rows of the query.
LOAD = "UNWIND range(1, 5) AS _ CREATE (:Face {embedding: [1.0, 2.0]})"
COUNT = "MATCH (:Face)-[e:SAME]->() RETURN count(e) AS n"
# How pairs are written, and how many of what is counted there are.
WAYS = {
    LINK: 20,
    LINK.replace("<>", "<"): 10,
    "CALL face.link('Face')": 10,
    "CALL face.link('Face', {undirected: false})": 20,
    "CALL face.link('Face', {batchSize: 2})": 10,
    "MATCH (f:Face) WITH count(f) AS n CALL face.link('Face') YIELD pairsFound AS p RETURN n, p": 10,
}


class Most(Promise):
    needs_facebolt = True

    def test_every_way(self):
        """link.max_pairs: one more is refused with what to do and writes nothing; as many are written, on every path"""
        self.cx.server.query(LOAD)
        count = lambda: self.cx.server.query(COUNT)[0]["n"]
        for text, pairs in WAYS.items():
            for most, fits in ((pairs - 1, False), (pairs, True)):
                with self.subTest(text, most=most):
                    front = self.cx.serve(link=f"max_pairs = {most}\nnative_from = 1")
                    with self.cx.server.connect(front.address) as driver:
                        self.run_once(driver, text, most, fits)
                    self.assertEqual(count() > 0, fits)
                    self.cx.server.query("MATCH (:Face)-[e:SAME]->() DELETE e")

    def run_once(self, driver, text, most, fits):
        with driver.session() as session:
            run = lambda: session.run(text).consume()
            if fits:
                self.assertGreater(run().counters.relationships_created, 0)
            else:
                self.refused(run, most)

    def refused(self, run, most):
        with self.assertRaises(neo4j.exceptions.ClientError) as caught:
            run()
        error = caught.exception
        self.assertIn("link.max_pairs", error.message)
        self.assertIn(f"{most} pairs", error.message)
        self.assertEqual(error.code.split(".")[1], "ClientError")
