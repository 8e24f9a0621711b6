"""CALL face.embed with arguments that each row brings: Neo4j asks for them, in any position of a CALL."""

import socket
import time

import neo4j

import bolt
import images
from harness import Promise

PROCEDURE_FAILED = "Neo.ClientError.Procedure.ProcedureCallFailed"
CALL = "CALL face.embed(p.url) YIELD embedding, index"


class Rows(Promise):
    needs_facebolt = True
    names = ("obama.jpg", "biden.jpg", "macron.jpg")

    def setUp(self):
        super().setUp()
        for name in self.names:
            self.create(name, self.cx.images.url(name))

    def create(self, name, url):
        self.cx.server.query("CREATE (:Photo {name: $name, url: $url})", name=name, url=url)

    def embeddings(self, names=None):
        """What each photo has, asked for with a constant argument."""
        text = "CALL face.embed($url) YIELD embedding"
        return {name: self.query(text, url=self.cx.images.url(name))[0]["embedding"] for name in names or self.names}

    def stored(self):
        rows = self.cx.server.query("MATCH (p:Photo) WHERE p.e IS NOT NULL RETURN p.name AS name, p.e AS e")
        return {row["name"]: row["e"] for row in rows}


class Positions(Rows):
    def positions(self, cases):
        """Each text brings these rows, in auto-commit and in an explicit transaction."""
        for text, expected in cases:
            with self.subTest(text):
                self.assertEqual(self.query(text), expected)
                if "IN TRANSACTIONS" not in text and "IN 2 CONCURRENT" not in text:
                    with self.cx.driver.session() as session, session.begin_transaction() as tx:
                        self.assertEqual(tx.run(text).data(), expected)

    def test_positions(self):
        """every position that both servers know, alone and in a transaction"""
        photos = "MATCH (p:Photo) "
        three = [{"name": name, "index": 0, "n": 128} for name in sorted(self.names)]
        tail = " RETURN p.name AS name, index, size(embedding) AS n ORDER BY name"
        one = [{"i": 0}]
        self.positions(
            [
                (f"{photos}{CALL}{tail}", three),
                (f"{photos}WITH p ORDER BY p.name LIMIT 1 {CALL} RETURN index AS i", one),
                (f"UNWIND [{{url: '{self.cx.images.url('obama.jpg')}'}}] AS p {CALL} RETURN index AS i", one),
                (f"{photos}OPTIONAL {CALL}{tail}", three),
                (f"{photos}OPTIONAL CALL face.embed(p.nope) YIELD index RETURN count(*) AS c, count(index) AS i",
                 [{"c": 3, "i": 0}]),
                (f"{photos}CALL face.embed(p.nope) YIELD index RETURN index", []),
                (f"{photos}CALL face.embed(p.url) YIELD embedding AS e, index AS i WHERE i > 0 RETURN i", []),
                (f"{photos}CALL face.embed(p.url) YIELD index AS i WHERE i = 0 AND p.name STARTS WITH 'o' RETURN i", one),
                (f"{photos}OPTIONAL CALL face.embed(p.url) YIELD index AS i WHERE p.name = 'obama.jpg' "
                 "RETURN p.name AS name, i ORDER BY name",
                 [{"name": "biden.jpg", "i": None}, {"name": "macron.jpg", "i": None}, {"name": "obama.jpg", "i": 0}]),
                (f"{photos}CALL (p) {{ {CALL} RETURN index, embedding }}{tail}", three),
                (f"{photos}CALL (p) {{ CALL (p) {{ {CALL} RETURN index, embedding }} RETURN index, embedding }}{tail}", three),
                (f"{photos}{CALL} RETURN count(*) AS i UNION ALL {photos}{CALL} RETURN sum(index) AS i",
                 [{"i": 3}, {"i": 0}]),
                (f"{photos}WHERE EXISTS {{ {CALL} }} RETURN count(*) AS i", [{"i": 3}]),
                (f"{photos}WHERE EXISTS {{ CALL face.embed(p.url) YIELD index WHERE index = 1 AND p.url = '' RETURN index }} "
                 "RETURN count(*) AS i", [{"i": 0}]),
                (f"{photos}RETURN sum(COUNT {{ CALL face.embed(p.url) YIELD index RETURN index }}) AS i", [{"i": 3}]),
                (f"{photos}RETURN COLLECT {{ CALL face.embed(p.url) YIELD index RETURN index }} AS i LIMIT 1", [{"i": [0]}]),
                (f"{photos}WITH p, CASE WHEN p.name = 'obama.jpg' THEN p.url END AS u "
                 "CALL face.embed(u) YIELD index AS i RETURN i", one),
                (f"{photos}WITH collect(p.url) AS urls CALL face.embed(urls[0]) YIELD index AS i RETURN i", one),
                (f"{photos}WITH p LIMIT 1 CALL face.embed(p.url) YIELD index AS i "
                 "CALL face.embed(p.url) YIELD index AS j RETURN i + j AS i", one),
                (f"{photos}WITH p LIMIT 1 CALL face.embed(p.url, {{minConfidence: p.nope, maxFaces: size(p.name) - 8}}) "
                 "YIELD index AS i RETURN i", one),
                (f"{photos}WITH p LIMIT 1 CALL face.embed(p.url) YIELD index RETURN *, p.name AS name",
                 [{"index": 0, "name": "obama.jpg", "p": {"name": "obama.jpg", "url": self.cx.images.url("obama.jpg")}}]),
                (f"UNWIND [{{u: '{self.cx.images.url('obama.jpg')}', c: {{maxFaces: 1, select: null}}}}, {{u: '', c: null}}] AS r "
                 "WITH r WHERE r.c IS NOT NULL CALL face.embed(r.u, r.c) YIELD index AS i RETURN i", one),
                (f"{photos}WITH p, {{maxFaces: 1}} AS c CALL face.embed(p.url, c) YIELD index RETURN sum(index) AS i", one),
                (f"CALL face.embed('http://' + '{self.cx.images.address}/obama.jpg') YIELD index AS i", one),
            ]
        )

    def test_cypher_25(self):
        """NEXT, LET, FILTER and WHEN of Cypher 25, and subqueries that run concurrently"""
        cases = [
            f"MATCH (p:Photo) {CALL} RETURN index AS i NEXT RETURN sum(i) AS i",
            "MATCH (p:Photo) LET u = p.url CALL face.embed(u) YIELD index RETURN sum(index) AS i",
            f"MATCH (p:Photo) FILTER p.name = 'obama.jpg' {CALL} RETURN index AS i",
            "MATCH (p:Photo) CALL (p) { WHEN p.name = 'obama.jpg' THEN { CALL face.embed(p.url) YIELD index RETURN index } "
            "ELSE { RETURN 0 AS index } } RETURN sum(index) AS i",
            "MATCH (p:Photo) RETURN p.url AS u NEXT CALL face.embed(u) YIELD index RETURN sum(index) AS i",
        ]
        if self.cx.server.version.startswith("5."):
            error = self.failure("CYPHER 25 " + cases[0])
            self.assertEqual(error.code, "Neo.ClientError.Statement.ArgumentError")
            return
        self.positions([(f"CYPHER 25 {text}", [{"i": 0}]) for text in cases])
        text = f"MATCH (p:Photo) CALL (p) {{ {CALL} SET p.e = embedding }} IN 2 CONCURRENT TRANSACTIONS OF 1 ROW"
        self.query("CYPHER 25 " + text)
        self.assertEqual(self.stored(), self.embeddings())

    def test_column_names(self):
        """a column without a name is called after the user's text"""
        text = "MATCH (p:Photo) RETURN COUNT { CALL face.embed(p.url) YIELD index RETURN index }"
        with self.cx.driver.session() as session:
            self.assertEqual(session.run(text).keys(), [text.removeprefix("MATCH (p:Photo) RETURN ")])

    def test_all_columns(self):
        """each column has the type and the bits that it has with a constant argument"""
        url = self.cx.images.url("obama.jpg")
        expected = self.query("CALL face.embed($url)", url=url)
        columns = ", ".join(expected[0])
        text = f"MATCH (p:Photo {{name: 'obama.jpg'}}) CALL face.embed(p.url) YIELD {columns} RETURN {columns}"
        self.assertEqual(self.query(text), expected)
        self.assertEqual(self.query("CALL face.embed($url + '')", url=url), expected)


class Writes(Rows):
    def test_set(self):
        """SET in auto-commit, and in a transaction that is rolled back or committed"""
        text = "MATCH (p:Photo) CALL face.embed(p.url) YIELD embedding SET p.e = embedding"
        with self.cx.driver.session() as session:
            with session.begin_transaction() as tx:
                self.assertEqual(tx.run(text).consume().counters.properties_set, 3)
                tx.rollback()
            self.assertEqual(self.stored(), {})
            session.execute_write(lambda tx: tx.run(text).consume())
            self.assertEqual(self.stored(), self.embeddings())
        self.assertEqual(self.counters(text).properties_set, 3)

    def test_after_writes(self):
        """after CREATE, MERGE and SET, with what they have just written"""
        url = self.cx.images.url("obama.jpg")
        for before in (
            "CREATE (p:Probe {url: $url})",
            "MERGE (p:Probe {url: $url})",
            "MATCH (p:Photo {name: 'biden.jpg'}) SET p.url = $url WITH p",
        ):
            rows = self.query(f"{before} WITH p CALL face.embed(p.url) YIELD index CREATE (f:Face) RETURN index", url=url)
            self.assertEqual(rows, [{"index": 0}])

    def test_uncommitted(self):
        """photos that only this transaction knows"""
        with self.cx.driver.session() as session, session.begin_transaction() as tx:
            tx.run("CREATE (:Probe {url: $url})", url=self.cx.images.url("obama2.jpg")).consume()
            rows = tx.run("MATCH (p:Probe) CALL face.embed(p.url) YIELD index RETURN index").data()
            self.assertEqual(rows, [{"index": 0}])

    def test_in_transactions(self):
        """CALL {..} IN TRANSACTIONS, around the call and before it"""
        text = "MATCH (p:Photo) CALL (p) { CALL face.embed(p.url) YIELD embedding SET p.e = embedding } IN TRANSACTIONS OF 1 ROW"
        self.query(text)
        self.assertEqual(self.stored(), self.embeddings())
        text = (
            "MATCH (p:Photo) CALL (p) { SET p.seen = true } IN TRANSACTIONS OF 2 ROWS "
            "CALL face.embed(p.url) YIELD index RETURN sum(index) AS i"
        )
        self.assertEqual(self.query(text), [{"i": 0}])

    def test_open_results(self):
        """several results of one transaction, read in turns"""
        with self.cx.driver.session(fetch_size=1) as session, session.begin_transaction() as tx:
            text = "MATCH (p:Photo) CALL face.embed(p.url) YIELD index RETURN p.name AS name ORDER BY name"
            results = [tx.run(text), tx.run("UNWIND [1, 2, 3] AS x RETURN x"), tx.run(text)]
            seen = [[next(result)[0] for result in results] for _ in range(3)]
            names = sorted(self.names)
            self.assertEqual(seen, [[name, x, name] for name, x in zip(names, (1, 2, 3))])
            for result in results:
                self.assertIsNone(result.peek())

    def test_notifications(self):
        """no notification that the user's text did not cause"""
        text = "MATCH (p:Photo) CALL face.embed(p.url) YIELD embedding SET p.e = embedding CREATE (:Face {n: p.nope})"
        for run in (text, "EXPLAIN " + text, "CALL face.embed('' + $url)"):
            with self.cx.driver.session() as session:
                summary = session.run(run, url=self.cx.images.url("obama.jpg")).consume()
            codes = [status.gql_status for status in summary.gql_status_objects]
            self.assertFalse({"01N72", "03N94", "01N00", "01N60"} & set(codes), codes)
            for status in summary.gql_status_objects:
                if status.gql_status == "01N52":
                    self.assertEqual(status.position.offset, run.index("nope"))

    def test_explain(self):
        """EXPLAIN asks for nothing"""
        before = self.cx.images.requests()
        with self.cx.driver.session() as session:
            result = session.run("EXPLAIN MATCH (p:Photo) CALL face.embed(p.url) YIELD index RETURN index")
            self.assertIsNotNone(result.consume().plan)
        self.assertEqual(self.cx.images.requests(), before)


class Once(Rows):
    def test_once(self):
        """each distinct photo of a statement is fetched and embedded once, whoever asks"""
        for _ in range(3):
            for name in self.names:
                self.create(name, self.cx.images.url(name))
        fetched, faces = self.cx.images.requests(), self.cx.facebolt.metric("facebolt_faces_found_total")
        rows = self.query(
            "MATCH (p:Photo) CALL face.embed(p.url) YIELD index AS i CALL face.embed(p.url) YIELD embedding, index AS j "
            "CALL face.embed($url) YIELD index AS k RETURN count(*) AS n",
            url=self.cx.images.url("obama.jpg"),
        )
        self.assertEqual(rows, [{"n": 12}])
        self.assertEqual(self.cx.images.requests() - fetched, 3)
        self.assertEqual(self.cx.facebolt.metric("facebolt_faces_found_total") - faces, 3)

    def test_limit(self):
        """a LIMIT behind the call stops asking"""
        before = self.cx.images.requests()
        self.assertEqual(len(self.query("MATCH (p:Photo) WITH p CREATE (:Face) WITH p CALL face.embed(p.url) YIELD index RETURN index LIMIT 1")), 1)
        self.assertLessEqual(self.cx.images.requests() - before, 3)

    def test_keys(self):
        """data: URLs, and names with every awkward character, arrive as they are"""
        row = self.query("UNWIND [$url] AS u CALL face.embed(u) YIELD embedding RETURN embedding", url=images.data_url("obama.jpg"))[0]
        self.assertEqual(row["embedding"], self.embeddings(["obama.jpg"])["obama.jpg"])
        odd = "obama.jpg?a=b%20c#d e\u00e9\u4e16\U0001f600'\"\\{}|^`<>"
        rows = self.query("UNWIND [$url] AS u CALL face.embed(u) YIELD index RETURN index", url=self.cx.images.url(odd))
        self.assertEqual(rows, [{"index": 0}])


class Failures(Rows):
    def test_failed(self):
        """a photo that cannot be had or read fails as a procedure does, wherever it is asked for"""
        for name, reason in (("missing", "cannot fetch the image"), ("text", "not a JPEG")):
            self.cx.server.clean()
            self.create(name, self.cx.images.url(name))
            for text in (
                "MATCH (p:Photo) CALL face.embed(p.url) YIELD index RETURN index",
                "MATCH (p:Photo) CALL face.embed(p.url) YIELD index CREATE (:Face)",
                "MATCH (p:Photo) CREATE (:Face) WITH p CALL face.embed(p.url) YIELD index RETURN index",
                "MATCH (p:Photo) RETURN EXISTS { CALL face.embed(p.url) YIELD index } AS e",
            ):
                with self.subTest(name=name, text=text):
                    error = self.failure(text)
                    self.assertEqual(error.code, PROCEDURE_FAILED)
                    start = "Failed to invoke procedure `face.embed`: Caused by: java.lang.RuntimeException: "
                    self.assertTrue(error.message.startswith(start), error.message)
                    self.assertIn(reason, error.message)
                    self.assertNotIn("127.0.0.1", error.message)
        self.assertEqual(self.query("MATCH (f:Face) RETURN f"), [])

    def test_committed(self):
        """in CALL {..} IN TRANSACTIONS it says how many were committed, and may be passed over"""
        self.create("z", self.cx.images.url("missing"))
        text = (
            "MATCH (p:Photo) WITH p ORDER BY p.name CALL (p) { CALL face.embed(p.url) YIELD embedding SET p.e = embedding } "
            "IN TRANSACTIONS OF 1 ROW"
        )
        error = self.failure(text)
        self.assertEqual(error.code, PROCEDURE_FAILED)
        self.assertTrue(error.message.endswith(" (Transactions committed: 3)"), error.message)
        self.assertEqual(len(self.stored()), 3)
        self.query(text + " ON ERROR CONTINUE")

    def test_types(self):
        """a value of the wrong type is refused as Neo4j refuses it"""
        for value, shown in (
            ("5", "Long(5)"),
            ("7.5", "Double(7.500000e+00)"),
            ("true", "Boolean('true')"),
            ("date('2020-01-01')", "2020-01-01"),
        ):
            self.cx.server.query(f"MATCH (p:Photo) SET p.n = {value}")
            error = self.failure("MATCH (p:Photo) CALL face.embed(p.n) YIELD index RETURN index")
            expected = ("Neo.ClientError.Statement.TypeError", f"Can't coerce `{shown}` to String")
            self.assertEqual((error.code, error.message), expected)
            known = "50N42" if self.cx.server.version.startswith("5.") else "22G03"
            self.assertEqual(error.gql_status, known)
        for value in ("5", "p", "[1]", "{a: 1}", "date()"):
            text = f"MATCH (p:Photo) WITH {value} AS x CALL face.embed(x) YIELD index RETURN index"
            error = self.failure(text)
            at = text.index("x)")
            self.assertEqual(error.code, "Neo.ClientError.Statement.SyntaxError")
            self.assertIn(f"(line 1, column {at + 1} (offset: {at}))", error.message)
            self.assertTrue(error.message.startswith("Type mismatch: expected String but was "), error.message)
            self.assertIn("for `x`", error.__cause__.message)
        error = self.failure("CALL face.embed", imageUrl=5)
        self.assertEqual((error.code, error.message), ("Neo.ClientError.Statement.TypeError", "Can't coerce `Long(5)` to String"))

    def test_configuration(self):
        """an option that a row brings is checked as any other"""
        error = self.failure("MATCH (p:Photo) CALL face.embed(p.url, {minSize: p.name}) YIELD index RETURN index")
        self.assertEqual(error.code, PROCEDURE_FAILED)
        self.assertIn("'minSize' of the configuration must be a whole number", error.message)
        text = "MATCH (p:Photo) UNWIND [{nope: 1}] AS c CALL face.embed(p.url, c) YIELD index RETURN index"
        self.assertIn("the configuration has no key 'nope'", self.failure(text).message)
        text = "MATCH (p:Photo) UNWIND [1, {a: 1}] AS c CALL face.embed(p.url, c) YIELD index RETURN index"
        self.assertEqual(self.failure(text).message, "Can't coerce `Long(1)` to Map")

    def test_scope(self):
        """what Neo4j finds wrong with the user's text is said of the user's text"""
        for text, code, message, at in (
            ("MATCH (p:Photo) CALL face.embed(q.url) YIELD index RETURN index", "SyntaxError", "Variable `q` not defined", "q.url"),
            ("MATCH (p:Photo) CALL face.embed(p.url) YIELD index RETURN nope", "SyntaxError", "Variable `nope` not defined", "nope"),
            ("MATCH (index:Photo) CALL face.embed(index.url) YIELD index RETURN index", "SyntaxError",
             "Variable `index` already declared", "index RETURN"),
        ):
            error = self.failure(text)
            self.assertEqual(error.code, "Neo.ClientError.Statement." + code)
            offset = text.index(at)
            self.assertTrue(error.message.startswith(f"{message} (line 1, column {offset + 1} (offset: {offset}))"), error.message)

    def test_transaction(self):
        """a failure ends the transaction, and the session goes on"""
        self.create("z", self.cx.images.url("missing"))
        with self.cx.driver.session() as session:
            with self.assertRaises(neo4j.exceptions.ClientError) as caught:
                with session.begin_transaction() as tx:
                    tx.run("CREATE (:Face)").consume()
                    tx.run("MATCH (p:Photo) CALL face.embed(p.url) YIELD index RETURN index").consume()
            self.assertEqual(caught.exception.code, PROCEDURE_FAILED)
            self.assertEqual(session.run("MATCH (f:Face) RETURN f").data(), [])


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
