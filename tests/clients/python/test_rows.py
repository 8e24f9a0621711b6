"""CALL face.embed with arguments that each row brings: Neo4j asks for them, in any position of a CALL."""

import neo4j

import images
from rows import CALL, PROCEDURE_FAILED, Rows


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
