"""From start to end: what signals do, and what a service manager hears."""

import signal
import socket
import tempfile
import threading
import time

import neo4j

import bolt
from harness import Promise

# Neo4j counts for some seconds, and the sum is known.
SLOW = "UNWIND range(1, 30000000) AS i RETURN sum(i) AS sum"
SUM = 30000000 * 30000001 // 2


class Life(Promise):
    needs_facebolt = True

    def logged_in(self, front):
        connection = bolt.Connection(front.address)
        self.addCleanup(connection.close)
        connection.log_in(self.cx.server.user, self.cx.server.password)
        return connection

    def run_slowly(self, connection):
        connection.send(bolt.run(SLOW), bolt.pull())

    def assert_refused(self, front):
        with self.assertRaises((OSError, bolt.Closed)):
            bolt.Connection(front.address)

    def ended(self, connection):
        with self.assertRaises(bolt.Closed):
            connection.receive()

    def test_drain(self):
        """SIGTERM: idle clients are closed, statements and transactions run to their end, nobody new comes in"""
        front = self.cx.serve(limits='drain_timeout = "2m"')
        silent = socket.create_connection(tuple(front.address.split(":")))
        self.addCleanup(silent.close)
        idle, slow, transaction, failed = (self.logged_in(front) for _ in range(4))
        failed.send(bolt.run("RETURN"))
        self.assertEqual(failed.receive().tag, bolt.FAILURE)
        transaction.send(bolt.begin(), bolt.run("CREATE (:Probe)"), bolt.pull())
        self.assertEqual([transaction.receive().tag for _ in range(3)], [bolt.SUCCESS] * 3)
        self.run_slowly(slow)
        front.signal(signal.SIGTERM)
        for connection in (idle, failed):
            self.ended(connection)
        self.assertEqual(silent.recv(1), b"")
        self.assert_refused(front)
        self.assertEqual(front.health("live")[0], 200)
        status, text = front.health("ready")
        self.assertEqual(status, 503)
        self.assertIn("shutdown", text)
        # An open transaction goes on as long as its client likes.
        transaction.send(bolt.run("CREATE (:Probe)"), bolt.pull(), bolt.Message(bolt.COMMIT))
        self.assertEqual([transaction.receive().tag for _ in range(3)], [bolt.SUCCESS] * 3)
        self.ended(transaction)
        self.assertEqual(slow.receive().tag, bolt.SUCCESS)
        self.assertEqual(slow.receive(), bolt.Message(bolt.RECORD, ([SUM],)))
        self.assertEqual(slow.receive().tag, bolt.SUCCESS)
        self.ended(slow)
        self.assertEqual(front.wait(), 0)
        self.assertEqual(self.cx.server.query("MATCH (n:Probe) RETURN count(n) AS n")[0]["n"], 2)

    def test_drain_native(self):
        """SIGTERM: a statement of ours is answered before its client is closed"""
        front = self.cx.serve(limits='drain_timeout = "2m"')
        connection = self.logged_in(front)
        self.cx.images.hold()
        self.addCleanup(self.cx.images.release)
        url = self.cx.images.url("held")
        connection.send(bolt.run("CALL face.embed($u) YIELD index RETURN index", {"u": url}), bolt.pull())
        self.assertTrue(self.cx.images.asked.wait(60))
        front.signal(signal.SIGTERM)
        front.says("draining")
        self.cx.images.release()
        self.assertEqual(connection.receive().tag, bolt.SUCCESS)
        self.assertEqual(connection.receive(), bolt.Message(bolt.RECORD, ([0],)))
        self.assertEqual(connection.receive().tag, bolt.SUCCESS)
        self.ended(connection)
        self.assertEqual(front.wait(), 0)

    def test_drain_timeout(self):
        """After drain_timeout what is still open is closed; a second signal ends it at once"""
        front = self.cx.serve(limits='drain_timeout = "1s"')
        transaction = self.logged_in(front)
        transaction.send(bolt.begin(), bolt.run("CREATE (:Probe)"), bolt.pull())
        self.assertEqual([transaction.receive().tag for _ in range(3)], [bolt.SUCCESS] * 3)
        front.signal(signal.SIGTERM)
        self.ended(transaction)
        self.assertEqual(front.wait(), 0)
        front.says("closed before they had ended")
        front = self.cx.serve(limits='drain_timeout = "10m"')
        transaction = self.logged_in(front)
        transaction.send(bolt.begin())
        self.assertEqual(transaction.receive().tag, bolt.SUCCESS)
        front.signal(signal.SIGTERM)
        front.says("draining")
        front.signal(signal.SIGTERM)
        self.ended(transaction)
        self.assertEqual(front.wait(), 1)
        self.assertEqual(self.cx.server.query("MATCH (n:Probe) RETURN count(n) AS n")[0]["n"], 0)

    def test_retry_meanwhile(self):
        """A driver that meets a draining facebolt finds its connections closed between transactions, and goes on elsewhere"""
        first, second = self.cx.serve(), self.cx.serve()
        addresses = [first.address, second.address]

        def resolver(_):
            return [neo4j.Address.parse(address) for address in addresses]

        with self.cx.server.connect("facebolt:7688", scheme="neo4j", resolver=resolver) as driver:
            done, failures, going = [], [], threading.Event()
            going.set()

            def work():
                with driver.session() as session:
                    while going.is_set():
                        try:
                            made = session.execute_write(
                                lambda tx: tx.run("CREATE (:Probe)").consume().counters.nodes_created
                            )
                            done.append(made)
                        except neo4j.exceptions.DriverError as error:
                            failures.append(error)

            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads:
                thread.start()
            while len(done) < 50:
                time.sleep(0.01)
            first.signal(signal.SIGTERM)
            self.assertEqual(first.wait(), 0)
            so_far = len(done)
            while len(done) < so_far + 50 and not failures:
                time.sleep(0.01)
            going.clear()
            for thread in threads:
                thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(self.cx.server.query("MATCH (n:Probe) RETURN count(n) AS n")[0]["n"], sum(done))

    def routed(self, front):
        """The address that a new connection is given for its database."""
        connection = self.logged_in(front)
        connection.send(bolt.Message(0x66, ({"address": "asked:1"}, [], {})))
        answer = connection.receive()
        self.assertEqual(answer.tag, bolt.SUCCESS)
        return answer.fields[0]["rt"]["servers"][0]["addresses"], connection

    def test_reload(self):
        """SIGHUP: new connections are served by the configuration as it is now; mistakes change nothing"""
        front = self.cx.serve()
        addresses, before = self.routed(front)
        self.assertEqual(addresses, ["asked:1"])
        front.configure(listen='advertised_address = "elsewhere:7688"', log='level = "debug"')
        front.signal(signal.SIGHUP)
        front.says('changed="listen.advertised_address, log.level"')
        self.assertEqual(self.routed(front)[0], ["elsewhere:7688"])
        # Who was there is served as before.
        before.send(bolt.Message(0x66, ({"address": "asked:1"}, [], {})))
        self.assertEqual(before.receive().fields[0]["rt"]["servers"][0]["addresses"], ["asked:1"])
        front.configure(listen='advertised_address = "third:7688"', limits='connections = "many"')
        front.signal(signal.SIGHUP)
        front.says("limits.connections")
        front.says("the configuration stays as it was")
        self.assertEqual(self.routed(front)[0], ["elsewhere:7688"])
        front.configure(limits="connections = 17")
        front.signal(signal.SIGHUP)
        front.says("takes effect after a restart")
        front.says('changed="listen.advertised_address"')
        self.assertEqual(self.routed(front)[0], ["third:7688"])
        front.signal(signal.SIGTERM)
        self.assertEqual(front.wait(), 0)

    def test_service_manager(self):
        """systemd hears when facebolt is ready, reads its configuration again, and stops"""
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(f"{folder}/notify")
            manager.settimeout(60)
            front = self.cx.serve(notify=f"{folder}/notify")
            self.assertEqual(manager.recv(1000), b"READY=1\n")
            front.signal(signal.SIGHUP)
            self.assertRegex(manager.recv(1000), rb"\ARELOADING=1\nMONOTONIC_USEC=\d+\n\Z")
            self.assertEqual(manager.recv(1000), b"READY=1\n")
            front.signal(signal.SIGTERM)
            self.assertEqual(manager.recv(1000), b"STOPPING=1\n")
            self.assertEqual(front.wait(), 0)
