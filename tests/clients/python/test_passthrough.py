"""Everything that does not name us behaves as if facebolt were not there."""

import math

import neo4j
import pytz
from neo4j.spatial import CartesianPoint, WGS84Point
from neo4j.time import Date, DateTime, Duration, Time

from harness import Promise


class PassThrough(Promise):
    def test_return_1(self):
        """RETURN 1"""
        self.assertEqual(self.query("RETURN 1 AS one"), [{"one": 1}])

    def test_many_records(self):
        """100,000 records arrive whole and in order"""
        with self.cx.driver.session() as session:
            result = session.run("UNWIND range(1, 100000) AS n RETURN n, toString(n) AS text")
            records = [(record["n"], record["text"]) for record in result]
        self.assertEqual(records, [(n, str(n)) for n in range(1, 100_001)])

    def test_types(self):
        """values of every type survive the way there and back"""
        zone = pytz.FixedOffset(330)
        values = [
            *(None, True, False, 0, -17, 2**63 - 1, -(2**63)),
            *(0.1, -0.0, 5e-324, math.inf, -math.inf, 1.7976931348623157e308),
            *("", "grüße 𝄞", "x" * 70_000, b"", bytes(range(256)) * 300),
            *([], [1, [2.5, ["deep"]], None], {}, {"a": {"b": [1, {"c": None}]}}),
            *(Date(2024, 2, 29), Time(23, 59, 59, 999_999_999), Time(1, 2, 3, 4, zone), Duration(1, 2, 3, 4)),
            *(DateTime(2024, 2, 29, 1, 2, 3, 4), DateTime(2024, 2, 29, 1, 2, 3, 4, zone)),
            *(CartesianPoint((1.5, -2.5)), CartesianPoint((1, 2, 3)), WGS84Point((12.5, 55.7))),
        ]
        returned = self.query("RETURN $values AS values", values=values)[0]["values"]
        self.assertEqual(returned, values)
        self.assertEqual([type(value) for value in returned], [type(value) for value in values])
        self.assertEqual(math.copysign(1, returned[8]), -1)
        self.assertTrue(math.isnan(self.query("RETURN $x AS x", x=math.nan)[0]["x"]))

    def test_graph_types(self):
        """nodes, relationships and paths are what the server sends"""
        text = "MATCH path = (a:Probe)-[r:TO]->(b) RETURN a, r, b, path"
        self.query("CREATE (:Probe {name: 'a'})-[:TO {since: 1}]->(:Probe {name: 'b'})")
        ours, theirs = (driver.execute_query(text).records[0] for driver in (self.cx.driver, self.cx.server.driver))
        for name in ("a", "r", "b"):
            self.assertEqual(ours[name].element_id, theirs[name].element_id)
            self.assertEqual(dict(ours[name]), dict(theirs[name]))
        self.assertEqual(len(ours["path"]), 1)

    def test_long_text(self):
        """a statement of 1 MB, in many chunks"""
        text = "RETURN '" + "é" * 500_000 + "' AS text"
        self.assertEqual(self.query(text)[0]["text"], "é" * 500_000)

    def test_error(self):
        """an error has the server's code, status and text"""
        found = []
        for driver in (self.cx.driver, self.cx.server.driver):
            with self.assertRaises(neo4j.exceptions.CypherSyntaxError) as caught:
                driver.execute_query("RETURN 1 +")
            error = caught.exception
            found.append((error.code, error.message, error.gql_status, error.diagnostic_record))
        self.assertEqual(found[0], found[1])

    def test_unknown_procedure(self):
        """an unknown procedure, face.nope too, is the server's own error"""
        for name in ("no.such", "face.nope"):
            error = self.failure(f"CALL {name}()")
            self.assertEqual(error.code, "Neo.ClientError.Procedure.ProcedureNotFound")
            self.assertIn(name, error.message)

    def test_counters(self):
        """the summary's counters, database and server"""
        records, summary, keys = self.cx.driver.execute_query("CREATE (:Probe {a: 1, b: 2}) RETURN 1 AS one")
        counted = (summary.counters.nodes_created, summary.counters.properties_set, summary.counters.labels_added)
        self.assertEqual(counted, (1, 2, 1))
        self.assertEqual((len(records), keys, summary.database), (1, ["one"], "neo4j"))
        self.assertTrue(summary.server.agent.startswith("Neo4j/" + self.cx.version[:4]))

    def test_transaction(self):
        """commit keeps, rollback does not, a failed statement ends the transaction"""
        with self.cx.driver.session() as session:
            session.execute_write(lambda tx: tx.run("CREATE (:Probe {name: 'kept'})").consume())
            with session.begin_transaction() as tx:
                tx.run("CREATE (:Probe {name: 'dropped'})")
                tx.rollback()
            with self.assertRaises(neo4j.exceptions.ClientError):
                session.execute_write(lambda tx: (tx.run("CREATE (:Probe)"), tx.run("RETURN 1/0").consume()))
            self.assertTrue(session.last_bookmarks().raw_values)
        self.assertEqual(self.query("MATCH (n:Probe) RETURN n.name AS name"), [{"name": "kept"}])

    def test_two_results(self):
        """two results of one transaction can be read in turn"""
        with self.cx.driver.session(fetch_size=2) as session, session.begin_transaction() as tx:
            a, b = (tx.run("UNWIND range(1, 5) AS n RETURN n * $by AS n", by=by) for by in (1, 10))
            pairs = [(x["n"], y["n"]) for x, y in zip(a, b)]
        self.assertEqual(pairs, [(n, 10 * n) for n in range(1, 6)])

    def test_wrong_password(self):
        """a wrong password is refused"""
        with self.cx.server.connect(self.cx.address, password="wrong") as driver:
            with self.assertRaises(neo4j.exceptions.AuthError):
                driver.verify_connectivity()

    def test_routing(self):
        """neo4j:// finds facebolt in the routing table and stays on it"""
        with self.cx.server.connect(self.cx.address, scheme="neo4j") as driver:
            _, summary, _ = driver.execute_query("RETURN 1")
        host, port = summary.server.address
        self.assertEqual(f"{host}:{port}", self.cx.address)
