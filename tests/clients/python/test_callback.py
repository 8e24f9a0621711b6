"""The side door that Neo4j asks for rows at: what ends the asking, and who else may come."""

import socket
import time

import neo4j

import bolt
from rows import PROCEDURE_FAILED, Rows


class Cancel(Rows):
    names = ()

    def waiting(self, connection, *before):
        """A statement of which Neo4j waits for the photo; the answers owed."""
        self.cx.images.hold()
        self.addCleanup(self.cx.images.release)
        self.create("held", self.cx.images.url("held"))
        text = "MATCH (p:Photo) CALL face.embed(p.url) YIELD index CREATE (:Face)"
        connection.log_in(self.cx.server.user, self.cx.server.password)
        connection.send(*before, bolt.run(text), bolt.pull())
        self.assertTrue(self.cx.images.asked.wait(20), "the photo was never asked for")

    def test_reset(self):
        """RESET ends a statement while Neo4j waits, and the connection goes on"""
        for before in ((), (bolt.begin(),)):
            with bolt.Connection(self.cx.address, timeout=20) as connection:
                self.waiting(connection, *before)
                connection.send(bolt.Message(bolt.RESET))
                answers = [connection.summary() for _ in range(3 + len(before))][len(before):]
                self.assertEqual([answer.tag for answer in answers], [bolt.FAILURE, bolt.IGNORED, bolt.SUCCESS])
                code = answers[0].fields[0].get("neo4j_code", answers[0].fields[0].get("code"))
                self.assertEqual(code, "Neo.ClientError.Transaction.Terminated")
                connection.send(bolt.run("RETURN 1"), bolt.pull())
                self.assertEqual([connection.summary().tag for _ in range(2)], [bolt.SUCCESS, bolt.SUCCESS])
            self.cx.server.clean()

    def test_closed(self):
        """a client that closes while Neo4j waits leaves no transaction behind"""
        for goodbye in (False, True):
            connection = bolt.Connection(self.cx.address, timeout=20)
            self.waiting(connection)
            if goodbye:
                connection.send(bolt.Message(bolt.GOODBYE))
            connection.close()
            self.ended()
            self.cx.server.clean()

    def ended(self):
        text = "SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery CONTAINS 'LOAD CSV' AND NOT currentQuery CONTAINS 'SHOW' RETURN currentQuery"
        deadline = time.monotonic() + 20
        while self.cx.server.query(text):
            self.assertLess(time.monotonic(), deadline, "the transaction stays")
            time.sleep(0.1)

    def test_timeout(self):
        """the client's own time for a statement ends it while Neo4j waits"""
        self.cx.images.hold()
        self.addCleanup(self.cx.images.release)
        self.create("held", self.cx.images.url("held"))
        text = "MATCH (p:Photo) CALL face.embed(p.url) YIELD index CREATE (:Face)"
        with self.cx.driver.session() as session:
            with self.assertRaises(neo4j.exceptions.Neo4jError) as caught:
                session.run(neo4j.Query(text, timeout=1)).consume()
            self.assertIn("TransactionTimedOut", caught.exception.code)
            with self.assertRaises(neo4j.exceptions.Neo4jError) as caught:
                with session.begin_transaction(timeout=1) as tx:
                    tx.run(text).consume()
            self.assertIn("TransactionTimedOut", caught.exception.code)
        self.ended()

    def test_terminated(self):
        """TERMINATE TRANSACTION ends a statement with the answer that Neo4j waits for, and asks no more"""
        with bolt.Connection(self.cx.address, timeout=20) as connection:
            self.waiting(connection)
            self.create("second", self.cx.images.url("obama.jpg"))
            text = "SHOW TRANSACTIONS YIELD transactionId AS id, currentQuery AS q WHERE q CONTAINS $door AND NOT q CONTAINS 'SHOW' RETURN id"
            found = self.cx.server.query(text, door="LOAD CSV")
            self.assertEqual(len(found), 1)
            self.cx.server.query("TERMINATE TRANSACTION $id", id=found[0]["id"])
            self.cx.images.release()
            answers = [connection.summary() for _ in range(2)]
            failure = next(answer for answer in answers if answer.tag == bolt.FAILURE).fields[0]
            self.assertEqual(failure.get("neo4j_code", failure.get("code")), "Neo.ClientError.Transaction.Terminated")
        self.ended()
        self.assertEqual(self.cx.server.query("MATCH (f:Face) RETURN f"), [])


class SideDoor(Rows):
    def test_unreachable(self):
        """where Neo4j cannot reach us the error names the setting, then nothing is tried for a while"""
        facebolt = self.cx.serve(callback='listen = "127.0.0.1:0"\nurl = "http://127.0.0.1:9"')
        text = "MATCH (p:Photo) CREATE (:Face) WITH p CALL face.embed(p.url) YIELD index RETURN index"
        with self.cx.server.connect(facebolt.address) as driver:
            for _ in range(2):
                with self.assertRaises(neo4j.exceptions.Neo4jError) as caught:
                    driver.execute_query(text)
                self.assertIn("callback.url", caught.exception.message)
            # What can be gathered still works.
            text = "MATCH (p:Photo) CALL face.embed(p.url) YIELD index RETURN sum(index)"
            self.assertEqual(driver.execute_query(text).records[0][0], 0)
        self.assertEqual(self.query("MATCH (f:Face) RETURN f"), [])

    def test_off(self):
        """without a side door, what is read before anything is written is gathered first; else a clear error"""
        facebolt = self.cx.serve(callback='listen = ""')
        self.create("missing", self.cx.images.url("missing"))
        known = "WHERE p.name <> 'missing'"
        with self.cx.server.connect(facebolt.address) as driver:

            def rows(text):
                return driver.execute_query(text).records

            def code(text):
                with self.assertRaises(neo4j.exceptions.Neo4jError) as caught:
                    driver.execute_query(text)
                return caught.exception.code, caught.exception.message

            call = "CALL face.embed(p.url) YIELD embedding SET p.e = embedding"
            self.assertEqual(rows(f"MATCH (p:Photo) {known} {call} RETURN count(*)")[0][0], 3)
            self.assertEqual(self.stored(), self.embeddings())
            text = f"MATCH (p:Photo) {known} OPTIONAL CALL face.embed(p.url, {{maxFaces: size(p.name)}}) YIELD index AS i WHERE i = 0 AND p.name < 'c' RETURN i"
            self.assertEqual(sorted((row["i"] is None) for row in rows(text)), [False, True, True])
            text = f"MATCH (p:Photo) {known} CALL (p) {{ CALL face.embed(p.url) YIELD index RETURN index }} RETURN sum(index) AS i"
            self.assertEqual(rows(text)[0]["i"], 0)
            with driver.session() as session, session.begin_transaction() as tx:
                tx.run("CREATE (:Photo {name: 'new', url: $url})", url=self.cx.images.url("obama2.jpg")).consume()
                self.assertEqual(tx.run(f"MATCH (p:Photo) {known} CALL face.embed(p.url) YIELD index RETURN index").data(), [{"index": 0}] * 4)
                again = tx.run("UNWIND [1, 2] AS x RETURN x")
                self.assertEqual(again.data(), [{"x": 1}, {"x": 2}])
                tx.rollback()
            self.assertEqual(code(f"MATCH (p:Photo) {call}")[0], PROCEDURE_FAILED)
            self.assertEqual(code("MATCH (p:Photo) CALL face.embed(size(p.name)) YIELD index RETURN index")[0], "Neo.ClientError.Statement.SyntaxError")
            self.cx.server.query("MATCH (p:Photo) SET p.n = 5")
            self.assertEqual(
                code("MATCH (p:Photo) CALL face.embed(p.n) YIELD index RETURN index"),
                ("Neo.ClientError.Statement.TypeError", "Can't coerce `Long(5)` to String"),
            )
            self.assertEqual(rows("MATCH (p:Photo) CALL face.embed(p.nope) YIELD index RETURN index"), [])
            self.assertEqual(len(rows("EXPLAIN MATCH (p:Photo) CALL face.embed(p.url) YIELD index RETURN index")), 0)
            for text in (
                "MATCH (p:Photo) CREATE (:Face) WITH p CALL face.embed(p.url) YIELD index RETURN index",
                "MATCH (p:Photo) RETURN EXISTS { CALL face.embed(p.url) YIELD index RETURN index } AS e",
                "MATCH (p:Photo) CALL (p) { CALL face.embed(p.url) YIELD embedding SET p.e = embedding } IN TRANSACTIONS",
            ):
                self.assertIn("callback.listen", code(text)[1])
        self.assertEqual(self.query("MATCH (f:Face) RETURN f"), [])

    def test_strangers(self):
        """who has no token gets not a byte, and keeps nobody out"""
        host, port = self.cx.facebolt.callback.split(":")
        crowd = [socket.create_connection((host, int(port))) for _ in range(1000)]
        for request in (b"GET / HTTP/1.1\r\n\r\n", b"GET /AAAAAAAAAAAAAAAAAAAAAA/0/sx HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\n", b"\x16\x03\x01"):
            with socket.create_connection((host, int(port)), timeout=20) as stranger:
                stranger.sendall(request)
                try:
                    self.assertEqual(stranger.recv(1), b"")
                except ConnectionResetError:
                    pass
        text = "MATCH (p:Photo) CALL face.embed(p.url) YIELD index RETURN sum(index) AS i"
        self.assertEqual(self.query(text), [{"i": 0}])
        for one in crowd:
            one.close()
