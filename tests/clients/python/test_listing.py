"""face.* among what Neo4j lists: SHOW answers as it does without facebolt, with our rows in it."""

import neo4j

import bolt
from harness import Promise

# What is shown without YIELD.
COLUMNS = ("name", "description", "mode", "worksOnSystem")

# Statements, and what they make of all rows, in order of their names.
TAILS = [
    ("SHOW PROCEDURES", lambda rows: pick(rows, COLUMNS)),
    ("show procedure;", lambda rows: pick(rows, COLUMNS)),
    ("CYPHER 5 USE neo4j SHOW PROCEDURES EXECUTABLE", lambda rows: pick(rows, COLUMNS)),
    ("SHOW PROCEDURES EXECUTABLE BY CURRENT USER YIELD name", lambda rows: pick(rows, ["name"])),
    ("SHOW PROCEDURES EXECUTABLE BY neo4j YIELD *", lambda rows: rows),
    ("SHOW PROCEDURES yield name, description, signature", lambda rows: pick(rows, ["name", "description", "signature"])),
    ("SHOW PROCEDURES WHERE name STARTS WITH $p", lambda rows: pick(started(rows), COLUMNS)),
    ("SHOW PROCEDURES YIELD mode, name WHERE name STARTS WITH $p", lambda rows: pick(started(rows), ["mode", "name"])),
    ("SHOW PROCEDURES YIELD name AS n ORDER BY name DESC SKIP 1 LIMIT 60", lambda rows: [{"n": row["name"]} for row in rows[::-1][1:61]]),
    ("SHOW PROCEDURES YIELD * WHERE name STARTS WITH $p RETURN *", lambda rows: started(rows)),
    (
        "SHOW PROCEDURES YIELD name, mode RETURN *, toUpper(name) ORDER BY name LIMIT 20",
        lambda rows: [{"name": r["name"], "mode": r["mode"], "toUpper(name)": r["name"].upper()} for r in rows[:20]],
    ),
    (
        "SHOW PROCEDURES YIELD mode RETURN mode, count(*) ORDER BY mode",
        lambda rows: [
            {"mode": mode, "count(*)": sum(row["mode"] == mode for row in rows)}
            for mode in sorted({row["mode"] for row in rows})
        ],
    ),
    ("SHOW PROCEDURES YIELD name RETURN collect(name) AS names", lambda rows: [{"names": [r["name"] for r in rows]}]),
    ("SHOW PROCEDURES YIELD name WHERE name = 'nobody'", lambda rows: []),
    (
        "SHOW PROCEDURES YIELD name, argumentDescription AS a WHERE any(x IN a WHERE x.name = 'imageUrl') RETURN name",
        lambda rows: [{"name": "face.embed"}],
    ),
]

# What Neo4j refuses, and how it words that.
ERRORS = [
    "SHOW PROCEDURES WHERE signature STARTS WITH 'x'",
    "SHOW PROCEDURES YIELD nope",
    "SHOW PROCEDURES YIELD name, mode AS name",
    "SHOW PROCEDURES\nYIELD name RETURN nope",
    "SHOW PROCEDURES YIELD name WHERE name = $missing",
    "SHOW PROCEDURES YIELD name RETURN 1/0 AS x",
    "SHOW PROCEDURES YIELD name MATCH (n) RETURN n",
    "SHOW PROCEDURES RETURN name",
    "SHOW PROCEDURES YIELD name SKIP $p",
]

# What is none of ours to change.
UNCHANGED = [
    "SHOW BUILT IN FUNCTIONS YIELD name, isBuiltIn ORDER BY name DESC LIMIT 3",
    "EXPLAIN SHOW PROCEDURES",
    "PROFILE SHOW PROCEDURES YIELD name",
    "SHOW INDEXES YIELD name",
]


def pick(rows, names):
    return [{name: row[name] for name in names} for row in rows]


def started(rows):
    return [row for row in rows if row["name"].startswith("face")]


class Listing(Promise):
    needs_facebolt = True

    def rows(self):
        """All rows that there should be: Neo4j's and ours, by name."""
        theirs = [record.data() for record in self.cx.server.query("SHOW PROCEDURES YIELD *")]
        ours = self.query("SHOW PROCEDURES YIELD * WHERE name STARTS WITH 'face.'")
        self.assertIn("face.embed", [row["name"] for row in ours])
        self.assertEqual([list(row) for row in ours], [list(theirs[0])] * len(ours))
        return sorted(theirs + ours, key=lambda row: row["name"])

    def test_shapes(self):
        """our rows have the shape of Neo4j's"""
        rows = {row["name"]: row for row in self.rows()}
        ours, theirs = rows["face.embed"], rows["db.index.fulltext.queryNodes"]
        self.assertTrue(ours["signature"].startswith("face.embed(imageUrl :: STRING, configuration = {} :: MAP) :: (embedding :: LIST<FLOAT>, "))
        self.assertEqual((ours["mode"], ours["worksOnSystem"], ours["admin"]), ("READ", False, False))
        for name in ("rolesExecution", "rolesBoostedExecution", "isDeprecated", "deprecatedBy", "option"):
            self.assertEqual(ours[name], theirs[name])
        ours, theirs = ours["argumentDescription"], theirs["argumentDescription"]
        self.assertEqual(list(ours[0]), list(theirs[0]))
        self.assertEqual(list(ours[1]), list(theirs[2]))
        self.assertEqual((ours[1]["default"], ours[1]["type"]), (theirs[2]["default"], theirs[2]["type"]))

    def test_forms(self):
        """every form of SHOW PROCEDURES, in auto-commit and in a transaction"""
        rows = self.rows()
        for text, expected in TAILS:
            with self.subTest(text), self.cx.driver.session() as session, self.cx.server.driver.session() as direct:
                theirs = direct.run(text, p="face")
                keys, summary = theirs.keys(), theirs.consume()
                result = session.run(text, p="face")
                self.assertEqual(result.keys(), keys)
                self.assertEqual([dict(record) for record in result], expected(rows))
                self.assert_alike(result.consume(), summary)
                with session.begin_transaction() as tx:
                    result = tx.run(text, p="face")
                    self.assertEqual((result.keys(), [dict(record) for record in result]), (keys, expected(rows)))
                    self.assertEqual(tx.run("RETURN 1 AS one").data(), [{"one": 1}])

    def assert_alike(self, ours, theirs):
        self.assertEqual((ours.query_type, ours.database), (theirs.query_type, theirs.database))
        self.assertEqual((ours.plan, ours.profile), (theirs.plan, theirs.profile))
        self.assertEqual(vars(ours.counters), vars(theirs.counters))

    def test_errors(self):
        """errors are Neo4j's, with their places"""
        for text in ERRORS:
            for explicit in (False, True):
                with self.subTest(text, explicit=explicit):
                    self.assertEqual(self.error(self.cx.driver, text, explicit), self.error(self.cx.server.driver, text, explicit))
        self.assertEqual(self.query("RETURN 1 AS one"), [{"one": 1}])

    def error(self, driver, text, explicit):
        with self.assertRaises(neo4j.exceptions.Neo4jError) as caught, driver.session() as session:
            if explicit:
                with session.begin_transaction() as tx:
                    tx.run(text, p="face").consume()
            else:
                session.run(text, p="face").consume()
        error = caught.exception
        return error.code, error.message, error.gql_status, error.diagnostic_record

    def test_unchanged(self):
        """what lists nothing of ours is what Neo4j says, and so is more than a plain list on the database system"""
        for text, database in [*((text, None) for text in UNCHANGED), ("SHOW PROCEDURES YIELD name WHERE true", "system")]:
            with self.subTest(text):
                ours, theirs = (
                    driver.execute_query(text, database_=database) for driver in (self.cx.driver, self.cx.server.driver)
                )
                self.assertEqual([r.data() for r in ours.records], [r.data() for r in theirs.records])
                self.assertEqual(ours.keys, theirs.keys)
                self.assertEqual(ours.summary.query_type, theirs.summary.query_type)
                self.assertEqual(ours.summary.plan, theirs.summary.plan)

    def test_system(self):
        """plain lists on the database system, where no query runs, have our rows too, as Neo4j Browser asks for them"""
        rows = self.rows()
        for text, columns in [
            ("SHOW PROCEDURES", COLUMNS),
            ("SHOW PROCEDURES yield name, description, signature", ("name", "description", "signature")),
            ("USE system SHOW PROCEDURES YIELD mode;", ("mode",)),
        ]:
            for fetch_size in (1000, 7):
                database = None if text.startswith("USE") else "system"
                with self.subTest(text, n=fetch_size), self.cx.driver.session(database=database, fetch_size=fetch_size) as session:
                    self.assertEqual(session.run(text).data(), pick(rows, columns))
                    with session.begin_transaction() as tx:
                        self.assertEqual(tx.run(text).data(), pick(rows, columns))
                        tx.run(text).consume()
                    session.run(text).consume()
                    self.assertEqual(session.run("SHOW DATABASES YIELD name WHERE name = 'system'").data(), [{"name": "system"}])

    def test_pulls(self):
        """rows come as they are pulled, are discarded, and results have the client's numbers"""
        names = [row["name"] for row in self.rows()]
        with bolt.Connection(self.cx.address) as connection:
            connection.log_in(self.cx.server.user, self.cx.server.password)
            show, ten = bolt.run("SHOW PROCEDURES YIELD name"), bolt.Message(bolt.PULL, ({"n": 10},))
            connection.send(show, ten)
            self.assertEqual(connection.receive().fields[0]["fields"], ["name"])
            got, summary = self.pulled(connection)
            self.assertEqual((got, summary), (names[:10], {"has_more": True}))
            connection.send(bolt.Message(bolt.DISCARD, ({"n": 5},)), bolt.pull())
            self.assertEqual(self.pulled(connection), ([], {"has_more": True}))
            got, summary = self.pulled(connection)
            self.assertEqual((got, summary["type"]), (names[15:], "r"))
            self.assertIn("bookmark", summary)

            connection.send(bolt.begin(), show, bolt.run("RETURN 'other'"), show)
            self.assertEqual(connection.receive().tag, bolt.SUCCESS)
            self.assertEqual([connection.receive().fields[0]["qid"] for _ in range(3)], [0, 1, 2])
            for qid, expected in ((0, names), (2, names), (1, ["other"])):
                connection.send(bolt.Message(bolt.PULL, ({"n": -1, "qid": qid},)))
                self.assertEqual(self.pulled(connection)[0], expected)
            connection.send(bolt.Message(bolt.COMMIT))
            self.assertIn("bookmark", connection.receive().fields[0])

            # Numbers that are not told yet, on a database where rows of ours are put among Neo4j's.
            pulls = [bolt.Message(bolt.PULL, ({"n": -1, "qid": qid},)) for qid in (1, 0)]
            connection.send(bolt.begin({"db": "system"}), bolt.run("SHOW TRANSACTIONS YIELD database"), show, *pulls)
            self.assertEqual([connection.receive().tag for _ in range(3)], [bolt.SUCCESS] * 3)
            self.assertEqual(self.pulled(connection)[0], names)
            self.assertIn("system", self.pulled(connection)[0])
            connection.send(bolt.Message(bolt.ROLLBACK))
            self.assertEqual(connection.receive().tag, bolt.SUCCESS)

    def test_functions(self):
        """the similarity functions are listed as Graph Data Science lists its own, in every form"""
        ours = self.query("SHOW FUNCTIONS YIELD * WHERE name STARTS WITH 'gds.similarity.'")
        theirs = [record.data() for record in self.cx.gds.query("SHOW FUNCTIONS YIELD * WHERE name STARTS WITH 'gds.similarity.'")]
        self.assertTrue(all(row.pop("description") for row in ours + theirs))
        self.assertEqual((ours, len(ours)), (theirs, 6))
        rows = [record.data() for record in self.cx.server.query("SHOW FUNCTIONS YIELD *")]
        rows += self.query("SHOW FUNCTIONS YIELD * WHERE name STARTS WITH 'gds.similarity.'")
        rows.sort(key=lambda row: row["name"])
        shown = ("name", "category", "description")
        for text, expected in [
            ("SHOW FUNCTIONS", pick(rows, shown)),
            ("show all functions executable by current user", pick(rows, shown)),
            ("SHOW USER DEFINED FUNCTIONS", pick([row for row in rows if not row["isBuiltIn"]], shown)),
            ("SHOW FUNCTIONS yield name, signature", pick(rows, ("name", "signature"))),
            ("SHOW FUNCTION YIELD name WHERE name CONTAINS 'jaccard' RETURN count(*) AS n", [{"n": 1}]),
        ]:
            with self.subTest(text), self.cx.driver.session() as session:
                self.assertEqual(session.run(text).data(), expected)
                with session.begin_transaction() as tx:
                    self.assertEqual(tx.run(text).data(), expected)
        with self.cx.driver.session(database="system") as session:
            text = "SHOW FUNCTIONS yield name, description, signature"
            self.assertEqual(session.run(text).data(), pick(rows, ("name", "description", "signature")))

    def pulled(self, connection):
        """The first column of the records that are there, and the summary behind them."""
        got = []
        while (message := connection.receive()).tag == bolt.RECORD:
            got.append(message.fields[0][0])
        self.assertEqual(message.tag, bolt.SUCCESS)
        return got, message.fields[0]
