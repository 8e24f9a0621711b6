"""A backend that is away, and what an idle connection costs."""

import socket
import time

import neo4j

import bolt
import images
from harness import Promise

CONNECTIONS = 200
BYTES_PER_CONNECTION = 64 * 1024
# What a driver retries.
RETRIED = (neo4j.exceptions.ServiceUnavailable, neo4j.exceptions.TransientError)


class Faults(Promise):
    needs_facebolt = True

    def test_backend_away(self):
        """no backend: a managed transaction retries, then fails with an error made for retrying"""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            nobody = "127.0.0.1:%d" % probe.getsockname()[1]
        facebolt = self.cx.serve(backend=nobody, ready=False)
        forwarder = images.Forwarder(facebolt.address)
        self.addCleanup(forwarder.close)
        with self.cx.server.connect(forwarder.address, max_transaction_retry_time=3) as driver:
            with driver.session() as session, self.assertRaises(RETRIED):
                session.execute_read(lambda tx: tx.run("RETURN 1").consume())
        self.assertGreaterEqual(forwarder.connections, 2)

    def test_backend_comes_back(self):
        """a backend that comes back is used again, without a restart of facebolt"""
        forwarder = images.Forwarder(self.cx.server.address)
        host, port = forwarder.address.split(":")
        facebolt = self.cx.serve(backend=forwarder.address)
        forwarder.close()
        with self.cx.server.connect(facebolt.address, max_transaction_retry_time=30) as driver:
            with self.assertRaises(RETRIED):
                driver.verify_connectivity()
            again = images.Forwarder(self.cx.server.address, socket.create_server((host, int(port))))
            self.addCleanup(again.close)
            self.assertEqual(driver.execute_query("RETURN 1 AS one").records[0]["one"], 1)

    def test_idle_memory(self):
        """200 idle connections that are logged in cost less than 64 KiB each"""
        facebolt = self.cx.serve()
        self.logged_in(facebolt)
        before = facebolt.resident_bytes()
        for _ in range(CONNECTIONS):
            self.logged_in(facebolt)
        time.sleep(0.5)
        cost = (facebolt.resident_bytes() - before) / CONNECTIONS
        self.assertLess(cost, BYTES_PER_CONNECTION)

    def test_slow_reader(self):
        """a client that does not read costs its own connection only: others are served, and little is kept for it"""
        facebolt = self.cx.serve()
        with self.logged_in(facebolt) as other:
            slow = self.logged_in(facebolt)
            before = facebolt.resident_bytes()
            rows = bolt.run("UNWIND range(1, 1000000) AS i RETURN i, $text", {"text": "x" * 100})
            slow.send(rows, bolt.pull())
            last, now = -1, 0
            while now != last:
                time.sleep(0.5)
                last, now = now, facebolt.metric("facebolt_bytes_total", direction="to_client")
            # A quarter of it, most of that in buffers of the system.
            self.assertLess(now, 28 << 20)
            self.assertLess(facebolt.resident_bytes() - before, 8 << 20)
            other.send(bolt.run("RETURN 1"), bolt.pull())
            self.assertEqual([other.receive().tag for _ in range(3)], [bolt.SUCCESS, bolt.RECORD, bolt.SUCCESS])
            # It goes on where it stopped.
            self.assertEqual(slow.receive().tag, bolt.SUCCESS)
            self.assertEqual(slow.skip_records().tag, bolt.SUCCESS)
            self.assertGreater(facebolt.metric("facebolt_bytes_total", direction="to_client"), 100 << 20)

    def logged_in(self, facebolt):
        connection = bolt.Connection(facebolt.address)
        self.addCleanup(connection.close)
        connection.log_in(self.cx.server.user, self.cx.server.password)
        return connection
