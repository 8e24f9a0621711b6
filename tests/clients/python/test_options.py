"""What a client asks of Neo4j beside its statements holds for statements of ours too."""

import bolt
from harness import Promise

# Each says something of its own: a label that nothing has, a function that is deprecated, a product of two patterns.
STATEMENTS = [
    ("MATCH (p:Nobody) RETURN p.url AS index", "MATCH (p:Nobody) CALL face.embed(p.url) YIELD index RETURN index"),
    ("UNWIND [] AS url MATCH (a) RETURN id(a) AS index", "UNWIND [] AS url MATCH (a) CALL face.embed(url) YIELD index RETURN id(a) AS index"),
    (
        "MATCH (a:Nobody) MATCH (b:Nobody) WHERE id(a) <> id(b) RETURN 1.0 AS d",
        "MATCH (a:Nobody) MATCH (b:Nobody) WHERE id(a) <> id(b) "
        "WITH a, b, gds.similarity.euclideanDistance(a.url, b.url) AS d WHERE d < 1 RETURN d",
    ),
]
FILTERS = [
    {},
    {"notifications_min_severity": "OFF"},
    {"notifications_min_severity": "WARNING"},
    {"notifications_disabled_categories": ["DEPRECATION"]},
    {"notifications_disabled_classifications": ["UNRECOGNIZED", "PERFORMANCE"]},
]


class Options(Promise):
    needs_facebolt = True

    def notices(self, driver, text, options, explicit):
        with driver.session(**options) as session:
            if explicit:
                with session.begin_transaction() as tx:
                    summary = tx.run(text).consume()
            else:
                summary = session.run(text).consume()
        return {status.gql_status for status in summary.gql_status_objects if status.is_notification}

    def test_notification_filters(self):
        """notifications are filtered as the driver and the session ask, of statements of ours too"""
        seen = set()
        for plain, ours in STATEMENTS:
            for options in FILTERS:
                for explicit in (False, True):
                    with self.subTest(ours, options=options, explicit=explicit):
                        expected = self.notices(self.cx.server.driver, plain, options, explicit)
                        self.assertEqual(self.notices(self.cx.driver, ours, options, explicit), expected)
                        seen |= expected
        self.assertGreaterEqual(len(seen), 2)
        # HELLO or LOGON brings those of the driver.
        with self.cx.server.connect(self.cx.address, notifications_min_severity="OFF") as driver:
            for _, ours in STATEMENTS:
                self.assertEqual(self.notices(driver, ours, {}, False), set())

    def test_routing_tables(self):
        """a routing table that is asked for by a statement names us, whatever it is passed and in a transaction too"""
        for text, parameters in [
            ("CALL dbms.routing.getRoutingTable({})", {}),
            ("CALL dbms.routing.getRoutingTable($context, $db)", {"context": {}, "db": "neo4j"}),
            ("CALL dbms.routing.getRoutingTable($context)", {"context": {"address": self.cx.address}}),
        ]:
            with self.subTest(text), self.cx.driver.session() as session:
                self.names_us(session.run(text, parameters).single())
                with session.begin_transaction() as tx:
                    self.names_us(tx.run(text, parameters).single())
        with bolt.Connection(self.cx.address) as connection:
            connection.log_in(self.cx.server.user, self.cx.server.password)
            call = bolt.run("CALL dbms.routing.getRoutingTable({})")
            pull = bolt.Message(bolt.PULL, ({"n": -1, "qid": 1},))
            connection.send(bolt.begin(), bolt.run("RETURN 1"), call, pull)
            self.assertEqual([connection.receive().tag for _ in range(3)], [bolt.SUCCESS] * 3)
            ttl, servers = connection.receive().fields[0]
            self.names_us({"ttl": ttl, "servers": servers})
            self.assertEqual(connection.receive().tag, bolt.SUCCESS)

    def names_us(self, record):
        self.assertEqual({server["role"] for server in record["servers"]}, {"READ", "WRITE", "ROUTE"})
        for server in record["servers"]:
            self.assertEqual(server["addresses"], [self.cx.address])

    def test_telemetry(self):
        """TELEMETRY and ROUTE in one pipeline with a statement of ours are answered in their turn"""
        with bolt.Connection(self.cx.address) as connection:
            connection.log_in(self.cx.server.user, self.cx.server.password)
            route = bolt.Message(0x66, ({"address": self.cx.address}, [], {}))
            telemetry = bolt.Message(0x54, (1,))
            show = bolt.run("SHOW PROCEDURES YIELD name WHERE name = 'face.embed'")
            connection.send(telemetry, show, bolt.pull(), route, telemetry, show, bolt.pull())
            self.assertEqual(connection.receive().fields, ({},))
            for last in (False, True):
                self.assertEqual(connection.receive().fields[0]["fields"], ["name"])
                self.assertEqual(connection.receive().fields[0], ["face.embed"])
                self.assertEqual(connection.receive().fields[0]["type"], "r")
                if not last:
                    servers = connection.receive().fields[0]["rt"]["servers"]
                    self.assertEqual({address for server in servers for address in server["addresses"]}, {self.cx.address})
                    self.assertEqual(connection.receive().tag, bolt.SUCCESS)
