"""Nothing is fetched for a request whose predecessors on the connection have not all succeeded."""

import time

import bolt
from harness import Promise

# How long a wrong fetch would take to show on loopback, many times over.
SETTLE_SECONDS = 0.5


class Order(Promise):
    needs_facebolt = True

    def setUp(self):
        super().setUp()
        url = self.cx.images.url("obama.jpg")
        self.embed = (bolt.run("CALL face.embed($url) YIELD embedding", {"url": url}), bolt.pull())
        self.before = self.cx.images.requests()

    def connect(self):
        connection = bolt.Connection(self.cx.address, timeout=20)
        self.addCleanup(connection.close)
        return connection

    def logged_in(self):
        connection = self.connect()
        connection.log_in(self.cx.server.user, self.cx.server.password)
        return connection

    def fetched(self):
        time.sleep(SETTLE_SECONDS)
        return self.cx.images.requests() - self.before

    def tags(self, connection, count):
        return [connection.summary().tag for _ in range(count)]

    def test_good_chain(self):
        """login, BEGIN, face.embed and COMMIT in one segment are served, with one fetch"""
        connection = self.connect()
        login = (bolt.hello(), bolt.logon(self.cx.server.user, self.cx.server.password))
        connection.send(*login, bolt.begin(), *self.embed, bolt.Message(bolt.COMMIT))
        self.assertEqual(self.tags(connection, 6), [bolt.SUCCESS] * 6)
        self.assertEqual(self.fetched(), 1)

    def test_bad_logon(self):
        """a wrong password in front of face.embed: no fetch"""
        connection = self.connect()
        connection.send(bolt.hello(), bolt.logon(self.cx.server.user, "wrong"), *self.embed)
        self.assertEqual(self.tags(connection, 2), [bolt.SUCCESS, bolt.FAILURE])
        with self.assertRaises(bolt.Closed):
            while True:
                self.assertEqual(connection.receive().tag, bolt.IGNORED)
        self.assertEqual(self.fetched(), 0)

    def test_bad_begin(self):
        """a failing BEGIN in front of face.embed: ignored, no fetch"""
        connection = self.logged_in()
        connection.send(bolt.begin({"db": "nosuchdatabase"}), *self.embed)
        self.assertEqual(self.tags(connection, 3), [bolt.FAILURE, bolt.IGNORED, bolt.IGNORED])
        self.assertEqual(self.fetched(), 0)
        self.recovers(connection)

    def test_failing_run(self):
        """a failing RUN in front of face.embed: ignored, no fetch"""
        connection = self.logged_in()
        connection.send(bolt.run("RETURN"), bolt.pull(), *self.embed)
        self.assertEqual(self.tags(connection, 4), [bolt.FAILURE] + [bolt.IGNORED] * 3)
        self.assertEqual(self.fetched(), 0)
        self.recovers(connection)

    def test_failing_pull(self):
        """a failing PULL in front of face.embed in a transaction: ignored, no fetch"""
        connection = self.logged_in()
        connection.send(bolt.begin(), bolt.run("UNWIND [0] AS x RETURN 1 / x AS y"), bolt.pull(), *self.embed)
        tags = self.tags(connection, 5)
        self.assertEqual((tags[0], tags[2:]), (bolt.SUCCESS, [bolt.FAILURE, bolt.IGNORED, bolt.IGNORED]))
        self.assertEqual(self.fetched(), 0)
        self.recovers(connection)

    def recovers(self, connection):
        connection.send(bolt.Message(bolt.RESET), *self.embed)
        self.assertEqual(self.tags(connection, 3), [bolt.SUCCESS] * 3)
        self.assertEqual(self.fetched(), 1)
