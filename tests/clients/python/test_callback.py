"""The side door that Neo4j asks for rows at: what ends the asking, and who else may come."""

import contextlib
import socket
import time

import neo4j

import bolt
from rows import PROCEDURE_FAILED, Rows


HELD = "MATCH (p:Photo) CALL face.embed(p.url) YIELD index CREATE (:Face)"
RUNNING = "SHOW TRANSACTIONS YIELD transactionId, currentQuery, parameters WHERE currentQuery CONTAINS 'LOAD CSV' "
# Without those that look for them.
RUNNING += "AND NOT currentQuery CONTAINS 'SHOW' RETURN transactionId AS id, parameters"
TERMINATED = "Neo.ClientError.Transaction.Terminated"


class Cancel(Rows):
    names = ()

    def hold(self):
        """A photo that is not answered for now."""
        self.cx.images.hold()
        self.addCleanup(self.cx.images.release)
        self.create("held", self.cx.images.url("held"))

    def waiting(self, connection, *before):
        """A statement of which Neo4j waits for the photo; the answers owed."""
        self.hold()
        connection.log_in(self.cx.server.user, self.cx.server.password)
        connection.send(*before, bolt.run(HELD), bolt.pull())
        self.asked()

    def asked(self):
        self.assertTrue(self.cx.images.asked.wait(20), "the photo was never asked for")

    def eventually(self, condition, otherwise):
        deadline = time.monotonic() + 20
        while not condition():
            self.assertLess(time.monotonic(), deadline, otherwise)
            time.sleep(0.05)

    def over(self, given_up=True):
        """Nothing is left of the statement: no transaction, nothing written, no work of facebolt's."""
        if given_up:
            self.assertTrue(self.cx.images.left.wait(20), "the photo is still waited for")
        self.eventually(lambda: not self.cx.server.query(RUNNING), "the transaction stays")
        working = lambda: self.cx.facebolt.metric("facebolt_queue_length")
        self.eventually(lambda: not working(), "a place in the queue is kept")
        self.assertEqual(self.cx.server.query("MATCH (f:Face) RETURN f"), [])
        self.cx.server.clean()

    def test_reset(self):
        """RESET ends a statement while Neo4j waits, the connection goes on, and nothing is left of it"""
        for before in ((), (bolt.begin(),)):
            with bolt.Connection(self.cx.address, timeout=20) as connection:
                self.waiting(connection, *before)
                connection.send(bolt.Message(bolt.RESET))
                answers = [connection.summary() for _ in range(3 + len(before))][len(before):]
                self.assertEqual([answer.tag for answer in answers], [bolt.FAILURE, bolt.IGNORED, bolt.SUCCESS])
                code = answers[0].fields[0].get("neo4j_code", answers[0].fields[0].get("code"))
                self.assertEqual(code, TERMINATED)
                connection.send(bolt.run("RETURN 1"), bolt.pull())
                self.assertEqual([connection.summary().tag for _ in range(2)], [bolt.SUCCESS, bolt.SUCCESS])
                self.over()

    def test_closed(self):
        """a client that closes while Neo4j waits leaves nothing behind"""
        for before in ((), (bolt.begin(),)):
            for goodbye in (False, True):
                connection = bolt.Connection(self.cx.address, timeout=20)
                self.waiting(connection, *before)
                if goodbye:
                    connection.send(bolt.Message(bolt.GOODBYE))
                connection.close()
                self.over()

    def test_timeout(self):
        """the client's own time for a statement ends it while Neo4j waits, and nothing is left of it"""

        def auto(session):
            session.run(neo4j.Query(HELD, timeout=1)).consume()

        def explicit(session):
            with session.begin_transaction(timeout=1) as tx:
                tx.run(HELD).consume()

        for run in (auto, explicit):
            self.hold()
            with self.cx.driver.session() as session, self.assertRaises(neo4j.exceptions.Neo4jError) as caught:
                run(session)
            self.assertIn("TransactionTimedOut", caught.exception.code)
            self.over()

    def test_terminated(self):
        """TERMINATE TRANSACTION ends a statement with the answer that Neo4j waits for, and asks no more"""
        for before in ((), (bolt.begin(),)):
            with bolt.Connection(self.cx.address, timeout=20) as connection:
                self.waiting(connection, *before)
                self.create("second", self.cx.images.url("obama.jpg"))
                (running,) = self.cx.server.query(RUNNING)
                self.cx.server.query("TERMINATE TRANSACTION $id", id=running["id"])
                asked = self.cx.images.requests()
                self.cx.images.release()
                answers = [connection.summary() for _ in range(2 + len(before))]
                failure = next(answer for answer in answers if answer.tag == bolt.FAILURE).fields[0]
                self.assertEqual(failure.get("neo4j_code", failure.get("code")), TERMINATED)
                self.assertEqual(self.cx.images.requests(), asked)
            self.over(given_up=False)

    def test_old_token(self):
        """the URL of a statement that has ended is a stranger's, whatever it ended by"""
        with bolt.Connection(self.cx.address, timeout=20) as connection:
            self.waiting(connection)
            (running,) = self.cx.server.query(RUNNING)
            (url,) = [value for value in running["parameters"].values() if str(value).startswith("http")]
            address, path = url.removeprefix("http://").split("/", 1)
            self.assertEqual(address, self.cx.facebolt.callback)
            # While it lasts, the very same request is known.
            request = f"GET /{path}n HTTP/1.1\r\nHost: x\r\n\r\n".encode()
            self.assertTrue(said_to(address, request).startswith(b"HTTP/1.1 200 OK"))
            connection.send(bolt.Message(bolt.RESET))
            self.assertEqual([connection.summary().tag for _ in range(3)][2], bolt.SUCCESS)
            self.over()
            self.assertEqual(said_to(address, request), b"")


def said_to(address, request):
    """The first bytes that a request to the side door is answered with; none if it is not."""
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as stranger:
        try:
            stranger.sendall(request)
            return stranger.recv(64)
        except ConnectionError:
            return b""


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
        """who has no token gets not a byte, keeps nobody out, and is not kept"""
        text = "MATCH (p:Photo) CALL face.embed(p.url) YIELD index RETURN sum(index) AS i"
        self.assertEqual(self.query(text), [{"i": 0}])
        files = self.cx.facebolt.open_files()
        host, port = self.cx.facebolt.callback.split(":")
        crowd = [socket.create_connection((host, int(port))) for _ in range(1000)]
        self.addCleanup(lambda: [one.close() for one in crowd])
        slow = crowd[::50]
        for one in slow:
            with contextlib.suppress(ConnectionError):
                one.sendall(b"GET /")
        for request in (b"GET / HTTP/1.1\r\n\r\n", b"GET /AAAAAAAAAAAAAAAAAAAAAA/0/sx HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\n", b"\x16\x03\x01"):
            self.assertEqual(said_to(self.cx.facebolt.callback, request), b"")
        self.assertEqual(self.query(text), [{"i": 0}])
        # They are still there, those that send a byte now and then too; facebolt lets go of them all.
        deadline = time.monotonic() + 60
        while self.cx.facebolt.open_files() > files:
            self.assertLess(time.monotonic(), deadline, "connections of strangers are kept")
            for one in slow:
                with contextlib.suppress(ConnectionError):
                    one.sendall(b"A")
            time.sleep(0.2)
        self.assertEqual(self.query(text), [{"i": 0}])
