"""What a connection does while a statement of ours is worked on, and with the results of one."""

import subprocess
import time

import bolt
import images
from harness import SERVER_TOOL, Promise, Server

RESET, COMMIT, GOODBYE, LOGOFF = (bolt.Message(tag) for tag in (bolt.RESET, bolt.COMMIT, bolt.GOODBYE, bolt.LOGOFF))
SLOW = "CALL face.embed($url) YIELD index CREATE (:Face) RETURN index"
# The same of the photo in each row.
SLOW_ROW = "UNWIND [$url] AS photo CALL face.embed(photo) YIELD index CREATE (:Face) RETURN index"
# Three rows of ours.
ROWS = "UNWIND [1, 2, 3] AS x CALL face.embed($url) YIELD index RETURN x"


def pull(n, qid=None, tag=bolt.PULL):
    return bolt.Message(tag, ({"n": n} if qid is None else {"n": n, "qid": qid},))


class States(Promise):
    needs_facebolt = True

    def connect(self, address=None):
        connection = bolt.Connection(address or self.cx.address, timeout=60)
        self.addCleanup(connection.close)
        connection.log_in(self.cx.server.user, self.cx.server.password)
        return connection

    def held(self, text=SLOW):
        """A statement that waits for its photo."""
        self.cx.images.hold()
        self.addCleanup(self.cx.images.release)
        return bolt.run(text, {"url": self.cx.images.url("held")})

    def asked(self):
        self.assertTrue(self.cx.images.asked.wait(20), "the photo was never asked for")

    def rows(self):
        return bolt.run(ROWS, {"url": self.cx.images.url("obama.jpg")})

    def answer(self, connection):
        """The records up to the next summary, and that."""
        records = []
        while (message := connection.receive()).tag == bolt.RECORD:
            records.append(message.fields[0][0])
        return records, message

    def succeeds(self, connection):
        records, message = self.answer(connection)
        self.assertEqual(message.tag, bolt.SUCCESS, message)
        return records, message.fields[0]

    def code(self, message):
        self.assertEqual(message.tag, bolt.FAILURE, message)
        return message.fields[0].get("neo4j_code", message.fields[0].get("code"))

    def serves(self, connection):
        connection.send(bolt.run("RETURN 7"), bolt.pull())
        self.succeeds(connection)
        self.assertEqual(self.succeeds(connection)[0], [7])

    def test_stalled_reader(self):
        """a client that does not read, sends RESET and reads then, is served"""
        connection = self.connect()
        connection.send(self.rows(), bolt.pull(), bolt.run("UNWIND range(1, 5000000) AS x RETURN x"), bolt.pull())
        time.sleep(1)
        connection.send(RESET)
        summaries = [connection.summary().tag for _ in range(5)]
        self.assertEqual(summaries[:3], [bolt.SUCCESS] * 3)
        self.assertIn(summaries[3], (bolt.FAILURE, bolt.IGNORED))
        self.assertEqual(summaries[4], bolt.SUCCESS)
        self.serves(connection)

    def test_neo4j_goes_away(self):
        """work ends as soon as Neo4j goes away, and so does the client's connection"""
        forwarder = images.Forwarder(self.cx.server.address)
        self.addCleanup(forwarder.close)
        front = self.cx.serve(backend=forwarder.address)
        for text in (SLOW, SLOW_ROW):
            with self.subTest(text):
                connection = self.connect(front.address)
                connection.send(self.held(text), bolt.pull())
                self.asked()
                forwarder.cut()
                # The photo is still being waited for.
                with self.assertRaises(bolt.Closed):
                    # What Neo4j had said until then.
                    while connection.receive().tag == bolt.SUCCESS:
                        pass

    def test_too_long(self):
        """a statement that is too long to be kept is refused, and ignored after a failure, in its turn"""
        front = self.cx.serve(limits='statement_bytes = "64KiB"')
        connection = self.connect(front.address)
        long = bolt.run("CALL face.embedBatch($urls) YIELD index RETURN index", {"urls": ["data:,x"] * 20_000})
        connection.send(long, bolt.pull())
        message = connection.receive()
        self.assertEqual(self.code(message), "Neo.ClientError.Statement.ExecutionFailed")
        self.assertIn("limits.statement_bytes", message.fields[0].get("message", message.fields[0].get("description", "")))
        connection.send(RESET)
        self.assertEqual([connection.receive().tag for _ in range(2)], [bolt.IGNORED, bolt.SUCCESS])
        connection.send(bolt.run("RETURN"), long, bolt.pull())
        self.assertEqual([connection.receive().tag for _ in range(3)], [bolt.FAILURE, bolt.IGNORED, bolt.IGNORED])
        connection.send(RESET)
        self.succeeds(connection)
        self.serves(connection)

    def test_open_results(self):
        """results stay open by their numbers while a statement of ours runs in the transaction"""
        connection = self.connect()
        connection.send(bolt.begin(), bolt.run("UNWIND range(1, 4) AS x RETURN x"), pull(1))
        numbers = [self.succeeds(connection)[1].get("qid") for _ in range(2)]
        self.assertEqual(self.succeeds(connection), ([1], {"has_more": True}))
        connection.send(bolt.run("SHOW PROCEDURES YIELD name WHERE name = 'face.embed'"), pull(-1), self.rows(), pull(2))
        numbers.append(self.succeeds(connection)[1]["qid"])
        self.assertEqual(self.succeeds(connection)[0], ["face.embed"])
        numbers.append(self.succeeds(connection)[1]["qid"])
        self.assertEqual(numbers, [None, 0, 1, 2])
        self.assertEqual(self.succeeds(connection), ([1, 2], {"has_more": True}))
        connection.send(pull(1, qid=0), pull(-1, qid=2), pull(-1, qid=0), COMMIT)
        self.assertEqual(self.succeeds(connection)[0], [2])
        self.assertEqual(self.succeeds(connection)[0], [3])
        self.assertEqual(self.succeeds(connection)[0], [3, 4])
        self.succeeds(connection)

    def test_next_transaction(self):
        """numbers sent behind a COMMIT are of the next transaction"""
        connection = self.connect()
        connection.send(bolt.begin(), bolt.run("SHOW PROCEDURES YIELD name WHERE name = 'face.embed'"), pull(-1))
        for _ in range(3):
            self.succeeds(connection)
        connection.send(COMMIT, bolt.begin(), bolt.run("RETURN 5"), bolt.run("RETURN 6"), pull(-1, qid=0), COMMIT)
        for _ in range(4):
            self.succeeds(connection)
        self.assertEqual(self.succeeds(connection)[0], [5])
        self.succeeds(connection)

    def test_pieces(self):
        """PULL n, has_more and DISCARD on rows of ours"""
        connection = self.connect()
        connection.send(self.rows(), pull(1), pull(1), pull(-1, tag=bolt.DISCARD))
        self.assertEqual(self.succeeds(connection)[1]["fields"], ["x"])
        self.assertEqual(self.succeeds(connection), ([1], {"has_more": True}))
        self.assertEqual(self.succeeds(connection), ([2], {"has_more": True}))
        records, metadata = self.succeeds(connection)
        self.assertEqual((records, "bookmark" in metadata), ([], True))
        self.serves(connection)

    def test_pieces_of_each_kind(self):
        """the same of rows that ask, and of a link"""
        vectors = ", ".join(f"(:Face {{n: {n}, e: [{n}.0]}})" for n in range(4))
        self.cx.server.query(f"CREATE {vectors}")
        near = "MATCH (a:Face), (b:Face) WHERE id(a) <> id(b) WITH a, b, gds.similarity.euclideanDistance(a.e, b.e) AS d"
        link = bolt.run(f"{near} WHERE d < 2 RETURN a.n + b.n AS x ORDER BY x, a.n")
        photos = "UNWIND [1, 2, 3, 4, 5, 6] AS x WITH x, $url AS photo CALL face.embed(photo) YIELD index RETURN x"
        for kind, statement, expected in (
            ("link", link, [1, 1, 3, 3, 5, 5]),
            ("face.embed", bolt.run(photos, {"url": self.cx.images.url("obama.jpg")}), [1, 2, 3, 4, 5, 6]),
        ):
            with self.subTest(kind):
                before = self.cx.facebolt.statements(kind=kind, path="native")
                connection = self.connect()
                connection.send(statement, pull(2), pull(1, tag=bolt.DISCARD), pull(1), pull(-1))
                self.assertEqual(self.succeeds(connection)[1]["fields"], ["x"])
                for piece in (expected[:2], [], expected[3:4]):
                    self.assertEqual(self.succeeds(connection), (piece, {"has_more": True}))
                records, metadata = self.succeeds(connection)
                self.assertEqual((records, "bookmark" in metadata), (expected[4:], True))
                self.serves(connection)
                self.assertEqual(self.cx.facebolt.statements(kind=kind, path="native"), before + 1)

    def test_other_login(self):
        """LOGOFF and LOGON behind a statement and its PULL: they wait for both, then another user is logged in"""
        other = "probe_states"
        self.cx.server.system(
            f"CREATE OR REPLACE USER {other} SET PASSWORD $password CHANGE NOT REQUIRED", password=self.cx.server.password
        )
        self.addCleanup(self.cx.server.system, f"DROP USER {other}")
        connection = self.connect()
        connection.send(self.held(), pull(-1))
        self.asked()
        who = bolt.run("SHOW CURRENT USER YIELD user", extra={"db": "system"})
        connection.send(LOGOFF, bolt.logon(other, self.cx.server.password), who, pull(-1))
        self.cx.images.release()
        self.succeeds(connection)
        self.assertEqual(self.succeeds(connection)[0], [0])
        for _ in (LOGOFF, "LOGON", who):
            self.succeeds(connection)
        self.assertEqual(self.succeeds(connection)[0], [other])
        self.assertEqual(len(self.cx.server.query("MATCH (f:Face) RETURN f")), 1)

    def test_logoff(self):
        """LOGOFF behind a statement that is worked on: refused when its turn comes, as ever"""
        connection = self.connect()
        connection.send(self.held())
        self.asked()
        connection.send(LOGOFF)
        self.cx.images.release()
        self.succeeds(connection)
        self.assertEqual(self.code(self.answer(connection)[1]), "Neo.ClientError.Request.Invalid")
        with self.assertRaises(bolt.Closed):
            connection.receive()

    def test_after_failure_of_ours(self):
        """BEGIN after a failure: FAILURE, then the end"""
        connection = self.connect()
        self.cx.server.query("CREATE (:Face {e: [1.0]}), (:Face)")
        link = "MATCH (a:Face), (b:Face) WHERE id(a) < id(b) AND gds.similarity.euclideanDistance(a.e, b.e) < 1 RETURN a"
        connection.send(bolt.run(link))
        self.assertEqual(self.code(self.answer(connection)[1]), "Neo.ClientError.Procedure.ProcedureCallFailed")
        connection.send(bolt.begin())
        self.assertEqual(self.code(self.answer(connection)[1]), "Neo.ClientError.Request.Invalid")
        with self.assertRaises(bolt.Closed):
            connection.receive()

    def test_leaving(self):
        """who leaves while a statement is worked on leaves no work, no transaction and nothing written"""
        count = lambda: self.cx.facebolt.metric("facebolt_connections", state="authenticated")
        for leave in ("close", "half_close", "goodbye"):
            before = count()
            connection = self.connect()
            created = bolt.run("CREATE (:Face)")
            connection.send(bolt.begin(), created, pull(-1), self.held(), pull(-1), created, pull(-1), COMMIT)
            self.asked()
            if leave == "goodbye":
                connection.send(GOODBYE)
            else:
                getattr(connection, leave)()
            deadline = time.monotonic() + 20
            text = "SHOW TRANSACTIONS YIELD currentQuery AS q, status WHERE NOT q CONTAINS 'SHOW' RETURN q"
            while count() > before or self.cx.server.query(text):
                self.assertLess(time.monotonic(), deadline, f"{leave}: the connection or its transaction stays")
                time.sleep(0.1)
            self.assertEqual(self.cx.server.query("MATCH (f:Face) RETURN f"), [], leave)
            self.cx.images.release()

    def test_resets(self):
        """several RESETs in flight: the last is answered with SUCCESS"""
        for count in (2, 5):
            connection = self.connect()
            connection.send(self.held(), pull(-1))
            self.asked()
            connection.send(*[RESET] * count)
            tags = [connection.summary().tag for _ in range(2 + count)]
            self.assertEqual(tags[:2], [bolt.FAILURE, bolt.IGNORED])
            self.assertLessEqual(set(tags[2:]), {bolt.SUCCESS, bolt.IGNORED})
            self.assertEqual(tags[-1], bolt.SUCCESS)
            self.serves(connection)

    def test_keep_alive(self):
        """who waits for us gets NOOPs as often as the server's HELLO promised"""
        version = self.cx.version.split(".")[0]
        options = ("--as", "alive")
        self.addCleanup(subprocess.run, [SERVER_TOOL, "stop", version, *options], check=True)
        server = Server(version, *options, "--set", "server.bolt.connection_keep_alive=3s")
        self.addCleanup(server.driver.close)
        facebolt = self.cx.serve(backend=server.address)
        # Neo4j answers the RUN of the other before it asks for the first row.
        for text, answered in ((SLOW, 0), (SLOW_ROW, 1)):
            connection = bolt.Connection(facebolt.address, timeout=60)
            self.addCleanup(connection.close)
            connection.send(bolt.hello(), bolt.logon(server.user, server.password))
            hints = self.succeeds(connection)[1]["hints"]
            self.assertEqual(hints["connection.recv_timeout_seconds"], 6)
            self.succeeds(connection)
            connection.send(self.held(text), pull(-1))
            self.asked()
            for _ in range(answered):
                self.succeeds(connection)
            for _ in range(2):
                connection.noop()
            self.cx.images.release()
            for _ in range(1 - answered):
                self.succeeds(connection)
            self.assertEqual(self.succeeds(connection)[0], [0])
