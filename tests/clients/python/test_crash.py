"""A link that ends in the middle: facebolt or Neo4j is killed while Neo4j writes."""

import os
import signal
import subprocess
import threading
import time

import neo4j

from harness import LINK, SERVER_TOOL, Promise, Server, facenet

FACES = 71
# Each face as many times: enough that Neo4j writes for seconds.
COPIES = 22
# Each is near its copies.
LEAST = FACES * COPIES * (COPIES - 1) // 2
CALL = "CALL face.link('Face')"
BATCH = 500
# What facebolt sends starts like this, and no other statement does: this one must not find itself.
WRITES = (
    "SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery STARTS WITH 'CALL () {' "
    "OR currentQuery STARTS WITH 'WITH datetime.realtime' RETURN count(*) AS n"
)
LINKS = "MATCH (:Face)-[e:SAME]->() RETURN count(e) AS n, count(e.distance) AS d"


class Crash(Promise):
    needs_facebolt = True

    def load(self, driver):
        text = "UNWIND range(1, $copies) AS _ UNWIND $vectors AS v CREATE (:Face {embedding: v})"
        driver.execute_query(text, vectors=facenet(), copies=COPIES)

    def links(self, driver):
        row = driver.execute_query(LINKS).records[0]
        return row["n"], row["d"]

    def in_the_middle(self, server, front, text, kill, begun=lambda: True):
        """Runs `text` through `front` and kills when Neo4j works on what it writes; did the client see it fail?"""
        failed = []

        def run():
            with server.connect(front.address, max_transaction_retry_time=0) as driver, driver.session() as session:
                try:
                    session.run(text).consume()
                except (neo4j.exceptions.DriverError, neo4j.exceptions.Neo4jError) as error:
                    failed.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        deadline = time.monotonic() + 60
        while server.query(WRITES)[0]["n"] == 0 or not begun():
            self.assertTrue(thread.is_alive() and time.monotonic() < deadline, "it was never seen to write")
            time.sleep(0.005)
        kill()
        thread.join(60)
        self.assertFalse(thread.is_alive())
        self.assertEqual(len(failed), 1)

    def test_facebolt_killed(self):
        """kill -9 of facebolt while Neo4j writes: no relationship is left, and a second run makes all"""
        server = self.cx.server
        self.load(server.driver)
        for text in (LINK, CALL):
            front = self.cx.serve(link="native_from = 1")
            self.in_the_middle(server, front, text, front.kill)
            deadline = time.monotonic() + 60
            while server.query(WRITES)[0]["n"]:
                self.assertLess(time.monotonic(), deadline, "Neo4j goes on with a statement of a client that is gone")
                time.sleep(0.05)
            self.assertEqual(self.links(server.driver), (0, 0))
        made = self.counters(LINK)
        self.assertEqual(made.properties_set, 2 * made.relationships_created)
        self.assertGreaterEqual(made.relationships_created, LEAST)
        self.assertEqual(self.links(server.driver), (made.relationships_created,) * 2)
        self.assertEqual(self.counters(LINK).relationships_created, 0)

    def test_neo4j_killed(self):
        """kill -9 of Neo4j while it writes: of a transaction nothing or all is left, and a second run makes the rest"""
        one = (self.cx.asked_for, "--as", "crash")
        subprocess.run([SERVER_TOOL, "stop", *one], check=True)
        self.addCleanup(subprocess.run, [SERVER_TOOL, "stop", *one], check=True)
        server = Server(*one)
        front = self.cx.serve(backend=server.address)
        self.load(server.driver)
        for text, batch in ((LINK, None), (f"CALL face.link('Face', {{batchSize: {BATCH}}})", BATCH)):
            with self.subTest(text):
                # Of batches some must be there, and some not.
                begun = (lambda: self.links(server.driver)[0] > 0) if batch else lambda: True
                self.in_the_middle(server, front, text, lambda: os.kill(server.pid, signal.SIGKILL), begun)
                server.driver.close()
                server = Server(*one, "--keep")
                made, measured = self.links(server.driver)
                self.assertEqual(made, measured, "a relationship without its distance")
                if batch:
                    self.assertGreater(made, 0)
                    self.assertEqual(made % batch, 0, "a part of a batch")
                else:
                    self.assertEqual(made, 0)
        with server.connect(front.address) as driver:
            counters = driver.execute_query(LINK).summary.counters
            self.assertGreater(counters.relationships_created, 0)
            self.assertEqual(counters.properties_set, 2 * (made + counters.relationships_created))
            self.assertEqual(self.links(server.driver), (made + counters.relationships_created,) * 2)
            self.assertEqual(driver.execute_query(LINK).summary.counters.relationships_created, 0)
        server.driver.close()
