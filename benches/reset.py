"""How long a RESET takes while a statement of ours is worked on, in each phase of the work; and what else ends a
statement of which Neo4j waits for the side door.

    reset.py [--tries 100] [--faces 20000] [--server 5]

One client sends the statement, waits until the phase has begun (where that cannot be seen: for a random part of the
time that it takes), sends RESET and reads until that is answered with SUCCESS. `met` tells how often the statement was
really interrupted. Times are milliseconds from the sending of RESET; the goal is a maximum below 50.

The second table is of other ends while Neo4j waits for a photo that never comes: from the closing of the client's
connection to the end of its transaction, as another client sees it; from the end of the time that the client allowed
(tx_timeout) to its FAILURE; from the photo to the FAILURE of a transaction that was terminated, which Neo4j heeds only
once it has the answer that it waits for.
"""

import argparse
import contextlib
import pathlib
import random
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "clients" / "python"))

import bolt
import images
from facebolt import TARGET, Facebolt
from harness import Server

GOAL = 50.0
LINK = (
    "MATCH (a:Face), (b:Face) WHERE id(a) < id(b) "
    "WITH a, b, gds.similarity.euclideanDistance(a.embedding, b.embedding) AS d WHERE d < 0.001 RETURN count(*)"
)


class Bench:
    def __init__(self, stack, server, photos, tries):
        self.server, self.photos, self.tries = server, photos, tries
        # One worker, so that there is a queue to wait in.
        sections = {"images": f'allow_hosts = ["{photos.address}"]', "models": "threads = 1"}
        self.facebolt = Facebolt(server.address, TARGET / "bench", sections)
        stack.callback(self.facebolt.close)
        self.random = random.Random(1)
        self.slow = False

    def connect(self):
        connection = bolt.Connection(self.facebolt.address, timeout=120)
        connection.log_in(self.server.user, self.server.password)
        return connection

    def phase(self, name, statement, begun):
        """Interrupts `statement` once `begun` has returned, and prints what came of it."""
        times, met = [], 0
        with self.connect() as connection:
            for _ in range(self.tries):
                self.photos.hold()
                self.gathers = self.link("count", "gather")
                connection.send(statement(), bolt.pull())
                begun()
                sent = time.perf_counter()
                connection.send(bolt.Message(bolt.RESET))
                tags = [connection.summary().tag for _ in range(3)]
                times.append((time.perf_counter() - sent) * 1000)
                met += bolt.FAILURE in tags or bolt.IGNORED in tags
                if tags[2] != bolt.SUCCESS:
                    sys.exit(f"{name}: RESET was answered with {tags[2]:#x}")
                self.photos.release()
        times.sort()
        at = lambda part: times[min(int(part * len(times)), len(times) - 1)]
        print(f"{name:16}{self.tries:7}{met:6}{at(0.5):9.2f}{at(0.99):9.2f}{times[-1]:9.2f}", flush=True)
        self.slow |= times[-1] >= GOAL

    def end(self, name, statement, ended):
        """Lets `ended` end the statement when the photo is asked for; it tells how long that took, in seconds."""
        times = []
        for _ in range(self.tries):
            self.photos.hold()
            with self.connect() as connection:
                times.append(ended(connection, statement) * 1000)
            self.photos.release()
        times.sort()
        at = lambda part: times[min(int(part * len(times)), len(times) - 1)]
        print(f"{name:16}{self.tries:7}{'':6}{at(0.5):9.2f}{at(0.99):9.2f}{times[-1]:9.2f}", flush=True)

    def running(self):
        return self.server.query(
            "SHOW TRANSACTIONS YIELD transactionId AS id, currentQuery AS text "
            "WHERE text CONTAINS 'LOAD CSV' AND NOT text CONTAINS 'SHOW' RETURN id"
        )

    def closed(self, connection, statement):
        connection.send(bolt.run(statement), bolt.pull())
        self.asked()
        began = time.perf_counter()
        connection.close()
        while self.running():
            pass
        return time.perf_counter() - began

    def timed_out(self, connection, statement, allowed=0.2):
        began = time.perf_counter()
        connection.send(bolt.run(statement, extra={"tx_timeout": int(allowed * 1000)}), bolt.pull())
        return self.failed(connection, "TransactionTimedOut") - began - allowed

    def terminated(self, connection, statement):
        connection.send(bolt.run(statement), bolt.pull())
        self.asked()
        (transaction,) = self.running()
        self.server.query("TERMINATE TRANSACTION $id", id=transaction["id"])
        began = time.perf_counter()
        self.photos.release()
        return self.failed(connection, "Transaction.Terminated") - began

    def failed(self, connection, code):
        """When the FAILURE comes, which must be of this code."""
        while (answer := connection.summary()).tag == bolt.SUCCESS:
            pass
        at = time.perf_counter()
        if code not in str(answer.fields):
            sys.exit(f"{code} was expected, not {answer}")
        return at

    def within(self, seconds):
        return lambda: time.sleep(self.random.uniform(0, seconds))

    def asked(self):
        if not self.photos.asked.wait(30):
            sys.exit("the photo was never asked for")

    def link(self, what, stage):
        return self.facebolt.metric(f"facebolt_native_seconds_{what}", procedure="link", stage=stage)

    def gathered(self):
        """Waits until the vectors have been read."""
        while self.link("count", "gather") == self.gathers:
            pass

    def took(self, statement):
        """Seconds that a whole statement takes, and those of the stages of a link in it."""
        spent = lambda: [self.link("sum", stage) for stage in ("gather", "compare")]
        before = spent()
        with self.connect() as connection:
            began = time.perf_counter()
            connection.send(statement, bolt.pull())
            for _ in range(2):
                if (answer := connection.summary()).tag != bolt.SUCCESS:
                    sys.exit(f"{answer}")
            return time.perf_counter() - began, *(after - b for after, b in zip(spent(), before))

    @contextlib.contextmanager
    def busy(self, work):
        """Others keep the worker busy."""
        over = threading.Event()

        def keep():
            with self.connect() as connection:
                while not over.is_set():
                    connection.send(work(), bolt.pull())
                    for _ in range(2):
                        connection.summary()

        others = [threading.Thread(target=keep, daemon=True) for _ in range(4)]
        for other in others:
            other.start()
        time.sleep(0.5)
        try:
            yield
        finally:
            over.set()
            for other in others:
                other.join()


def load(server, count):
    rng = random.Random(1)
    for start in range(0, count, 1000):
        vectors = [[rng.gauss(0, 1) for _ in range(128)] for _ in range(min(1000, count - start))]
        server.query("UNWIND $vectors AS v CREATE (:Face {embedding: v})", vectors=vectors)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=100)
    parser.add_argument("--faces", type=int, default=20_000)
    parser.add_argument("--server", default="5", choices=("5", "2026"))
    arguments = parser.parse_args()

    with contextlib.ExitStack() as stack:
        server = Server(arguments.server)
        stack.callback(server.driver.close)
        stack.enter_context(server.alone())
        photos = images.ImageServer()
        stack.callback(photos.close)
        bench = Bench(stack, server, photos, arguments.tries)
        held = lambda: bolt.run("CALL face.embed($url)", {"url": photos.url("held")})
        # Several calls, each of which is another.
        calls = "".join(f" CALL face.embed($url, {{maxFaces: {n}}}) YIELD index AS i{n}" for n in range(1, 9))
        photo = images.data_url("obama.jpg")
        embed = lambda: bolt.run(f"{calls.strip()} RETURN i1", {"url": photo})
        server.query("CREATE (:Photo {url: $url})", url=photos.url("held"))
        ask = "MATCH (p:Photo) CALL face.embed(p.url) YIELD index RETURN index"
        rows = lambda: bolt.run(ask)

        print(f"Neo4j {server.version}, {arguments.faces} faces; milliseconds from RESET to its SUCCESS")
        print(f"{'phase':16}{'tries':>7}{'met':>6}{'p50':>9}{'p99':>9}{'max':>9}")
        bench.phase("fetch", held, bench.asked)
        whole, *_ = bench.took(embed())
        bench.phase("inference", embed, bench.within(whole * 0.8))
        with bench.busy(embed):
            bench.phase("queue", embed, bench.within(0.05))
        bench.phase("side door", rows, bench.asked)
        load(server, arguments.faces)
        bench.took(bolt.run(LINK))
        _, gather, _ = bench.took(bolt.run(LINK))
        bench.phase("link gather", lambda: bolt.run(LINK), bench.within(gather * 0.9))
        bench.phase("link kernel", lambda: bolt.run(LINK), bench.gathered)

        print("\nmilliseconds to the end of a statement of which Neo4j waits for the side door")
        print(f"{'end':16}{'tries':>7}{'':6}{'p50':>9}{'p99':>9}{'max':>9}")
        bench.end("client closes", ask, bench.closed)
        bench.end("tx_timeout", ask, bench.timed_out)
        bench.end("TERMINATE", ask, bench.terminated)
    if bench.slow:
        sys.exit(f"a RESET took longer than {GOAL} ms")


if __name__ == "__main__":
    main()
