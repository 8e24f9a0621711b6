"""Mixed load for a long time: memory stays flat after warm-up, and nothing fails but what is broken on purpose.

    soak.py [--minutes 60] [--server 5] [--rest 0] [--faces 300]

Each client works as fast as it can; with --rest it is idle for as many seconds between two rounds. --faces says how many
are linked with each other.
"""

import argparse
import collections
import itertools
import pathlib
import random
import statistics
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "clients" / "python"))

import neo4j

import bolt
import images
from facebolt import TARGET, Facebolt
from harness import LINK, Server
from table import settled

SAMPLE_SECONDS = 2
# What memory may grow by between the second quarter and the last: noise of the allocator, not a leak.
GROWTH = 1.05
NOISE_BYTES = 4 << 20
PHOTOS = ("obama.jpg", "biden.jpg", "ardern.jpg")


class Soak:
    def __init__(self, server, front, photos, rest):
        self.server, self.front, self.photos, self.rest = server, front, photos, rest
        self.going, self.done, self.errors = threading.Event(), collections.Counter(), []
        self.driver = server.connect(front.address)
        self._numbers = itertools.count(1)
        self.going.set()

    def kinds(self):
        return (self.writes, self.reads, self.reads, self.embeds, self.links, self.cancels, self.reconnects, self.fails)

    def work(self, kind):
        while self.going.is_set():
            try:
                kind()
                self.done[kind.__name__] += 1
            except (neo4j.exceptions.DriverError, neo4j.exceptions.Neo4jError, bolt.Closed, OSError, AssertionError) as error:
                self.errors.append(f"{kind.__name__}: {error!r}")
            time.sleep(self.rest)

    def writes(self):
        number = next(self._numbers)
        with self.driver.session() as session:
            session.execute_write(lambda tx: tx.run("CREATE (:Probe {id: $id})", id=number).consume())
            session.execute_write(lambda tx: tx.run("MATCH (p:Probe {id: $id}) DELETE p", id=number).consume())

    def reads(self):
        rows = self.driver.execute_query("UNWIND range(1, 2000) AS i RETURN i, toString(i) AS text").records
        assert len(rows) == 2000 and rows[-1]["text"] == "2000"

    def embeds(self):
        url = self.photos.url(random.choice(PHOTOS))
        rows = self.driver.execute_query("UNWIND [$url] AS u CALL face.embed(u) YIELD embedding RETURN embedding", url=url)
        assert len(rows.records[0]["embedding"]) == 128
        time.sleep(0.2)

    def links(self):
        self.driver.execute_query(LINK)
        self.driver.execute_query("MATCH (:Face)-[e:SAME]-() DELETE e")
        time.sleep(0.2)

    def cancels(self):
        text = random.choice(("UNWIND range(1, 100000000) AS i RETURN sum(i)", "CALL face.embed($url) YIELD index"))
        with bolt.Connection(self.front.address) as connection:
            connection.log_in(self.server.user, self.server.password)
            for _ in range(5):
                connection.send(bolt.run(text, {"url": self.photos.url("biden.jpg")}), bolt.pull())
                time.sleep(random.random() / 10)
                connection.send(bolt.Message(bolt.RESET))
                for _ in range(3):
                    last = connection.summary()
                assert last.tag == bolt.SUCCESS, last

    def reconnects(self):
        with bolt.Connection(self.front.address) as connection:
            connection.log_in(self.server.user, self.server.password)
            connection.send(bolt.run("UNWIND range(1, 100000) AS i RETURN i"), bolt.pull())
            for _ in range(random.randrange(50)):
                connection.receive()
            # Gone in the middle of a result.

    def fails(self):
        """A statement that is wrong, and a login."""
        with bolt.Connection(self.front.address) as connection:
            connection.log_in(self.server.user, self.server.password)
            connection.send(bolt.run("CALL face.embed(1) YIELD index"), bolt.pull())
            tags = [connection.summary().tag for _ in range(2)]
            # Not before: it acts on arrival.
            connection.send(bolt.Message(bolt.RESET))
            tags.append(connection.summary().tag)
            assert tags == [bolt.FAILURE, bolt.IGNORED, bolt.SUCCESS], tags
        with bolt.Connection(self.front.address) as connection:
            connection.send(bolt.hello(), bolt.logon(self.server.user, "wrong"))
            tags = [connection.summary().tag for _ in range(2)]
            assert tags == [bolt.SUCCESS, bolt.FAILURE], tags
        time.sleep(0.1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--server", default="5", choices=("5", "2026"))
    parser.add_argument("--rest", type=float, default=0)
    parser.add_argument("--faces", type=int, default=300)
    arguments = parser.parse_args()
    server, photos = Server(arguments.server), images.ImageServer()
    sections = {"images": f'allow_hosts = ["{photos.address}"]', "link": "native_from = 1"}
    front = Facebolt(server.address, TARGET / "clients" / "soak", sections)
    try:
        with server.alone():
            good = soaked(server, front, photos, arguments)
    finally:
        front.close()
        photos.close()
        server.driver.close()
    sys.exit(not good)


def soaked(server, front, photos, arguments):
    server.query("UNWIND range(1, $n) AS i CREATE (:Face {embedding: [j IN range(1, 128) | rand()]})", n=arguments.faces)
    soak = Soak(server, front, photos, arguments.rest)
    threads = [threading.Thread(target=soak.work, args=(kind,)) for kind in soak.kinds()]
    for thread in threads:
        thread.start()
    began, samples = time.monotonic(), []
    while (now := time.monotonic() - began) < arguments.minutes * 60:
        samples.append(front.resident_bytes())
        if len(samples) % 30 == 0:
            print(f"{now:6.0f} s  {samples[-1] / 2**20:7.1f} MiB  {dict(soak.done)}  {len(soak.errors)} errors", flush=True)
        time.sleep(SAMPLE_SECONDS)
    soak.going.clear()
    for thread in threads:
        thread.join()
    soak.driver.close()
    left = settled(lambda: front.metric("facebolt_connections"), lambda: 0)
    quarter = max(1, len(samples) // 4)
    early, late = statistics.median(samples[quarter : 2 * quarter]), statistics.median(samples[-quarter:])
    flat = late <= early * GROWTH + NOISE_BYTES
    print(f"done: {dict(soak.done)}")
    print(f"memory: {early / 2**20:.1f} MiB in the second quarter, {late / 2**20:.1f} MiB in the last; {left:.0f} connections left")
    for error in soak.errors[:10]:
        print(error)
    print(f"{len(soak.errors)} errors")
    return flat and not soak.errors and left == 0 and all(soak.done[kind.__name__] for kind in soak.kinds())


if __name__ == "__main__":
    main()
