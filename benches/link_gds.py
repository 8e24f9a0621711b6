"""The link query as users bring it: through facebolt, by a script, and by Neo4j with Graph Data Science itself.

    link_gds.py [--faces 1000 2000 5000] [--alone 10000 50000] [--runs 3] [--server 5]

For each number of faces fresh Neo4j servers of the same version hold the same faces. The first execution is reported
as cold: facebolt comes first, so what the others share with it is warm by then. All but GDS, whose one execution keeps
its server busy for long enough, go on until Neo4j's compiler has seen them a few times. Then the sides take turns, each
round another one first: no relationships yet (`first`), and again over those just made (`re-run`). Figures are median
wall times in seconds that a client sees, split into reading the vectors (gather), finding the pairs
(kernel) and the rest, which is Neo4j's execution of what writes. facebolt searches while it still reads: its kernel is
what is left of that when the last vector has come. GDS leaves with the numbers of `--alone`, where it
would take hours.

- facebolt: the link query, on a Neo4j without GDS.
- script: what a user would write with the Neo4j driver and numpy; each pair is written once.
- GDS: the link query on a Neo4j with GDS.
- floor: reading the same rows without decoding them, and then the statement that facebolt sends, encoded beforehand.
  `x floor` is how many times that the whole takes.

facebolt, GDS and the floor are asked by the same bare Bolt client in auto-commit, from the first byte that it sends to
the last that it receives.

The relationships of facebolt and GDS must be equal to the last bit; those of the script must be the same pairs.
"""

import argparse
import contextlib
import itertools
import math
import pathlib
import random
import statistics
import struct
import subprocess
import sys
import time

import numpy

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "clients" / "python"))

import bolt
from facebolt import TARGET, Facebolt
from harness import LINK, SERVER_TOOL, Server

DIMENSION = 128
KINDS = ("cold", "first", "re-run")
PARTS = ("whole", "gather", "kernel", "Neo4j")
GATHER = "MATCH (p1:Face) RETURN elementId(p1) AS elementId, id(p1) AS id, p1.embedding AS vector"
# What facebolt makes of the link query.
REWRITTEN = (
    "CALL () { UNWIND $__fg AS __fg MATCH (p1) WHERE elementId(p1) = __fg[0] WITH __fg, p1 MATCH (p1:Face) "
    "UNWIND range(0, size(__fg[1]) - 1) AS __fi MATCH (p2) WHERE elementId(p2) = __fg[1][__fi] WITH __fg, __fi, p1, p2 "
    "MATCH (p2:Face) WHERE (ID(p1) <> ID(p2)) RETURN p1, p2, __fg[2][__fi] AS __fd } "
    "WITH p1, p2, __fd  as distance WHERE distance < 10 MERGE (p1)-[e:SAME]-(p2) SET e.distance=distance"
)
WRITE = (
    "UNWIND $pairs AS pair MATCH (a) WHERE elementId(a) = pair[0] MATCH (b) WHERE elementId(b) = pair[1] "
    "MERGE (a)-[e:SAME]-(b) SET e.distance = pair[2]"
)
BATCH, BLOCK = 10_000, 2_048
# Executions that are not counted, between the cold ones and the others.
WARM_UPS = 3

def faces(count, seed=1):
    """People with 2 to 6 faces each: one person's are mostly 3.8 to 9.1 apart, strangers 12.4 to 17.4.

    One face in a hundred is a look-alike, moved to 9.5 from a stranger's.
    """
    rng = random.Random(seed)
    vectors = []
    while len(vectors) < count:
        person = [rng.gauss(0, 0.84) for _ in range(DIMENSION)]
        for _ in range(min(rng.randint(2, 6), count - len(vectors))):
            spread = rng.uniform(0.24, 0.57)
            vectors.append([x + rng.gauss(0, spread) for x in person])
    for _ in range(count // 100):
        moved, stranger = rng.sample(range(count), 2)
        scale = 9.5 / math.dist(vectors[moved], vectors[stranger])
        vectors[moved] = [s + (m - s) * scale for m, s in zip(vectors[moved], vectors[stranger])]
    # What models write: doubles that came from 32-bit floats.
    return [list(struct.unpack(f"{DIMENSION}f", struct.pack(f"{DIMENSION}f", *vector))) for vector in vectors]


class Side:
    """A way to link, on a server: the times it took and what it counted."""

    def __init__(self, name, server):
        self.name, self.server = name, server
        self.seconds = {kind: {part: [] for part in PARTS} for kind in KINDS}
        self.counters = {kind: set() for kind in KINDS}

    def link(self, kind):
        began = time.perf_counter()
        counters, split = self.run()
        whole = split.pop("whole", time.perf_counter() - began)
        if split:
            split.setdefault("Neo4j", whole - sum(split.values()))
        split["whole"] = whole
        for part, seconds in split.items():
            self.seconds[kind][part].append(seconds)
        self.counters[kind].add((counters.relationships_created, counters.properties_set))

    def median(self, kind, part):
        seconds = self.seconds[kind][part]
        return statistics.median(seconds) if seconds else None


class Bare(Side):
    """A way to link by a bare connection."""

    def __init__(self, name, server, address=None):
        super().__init__(name, server)
        self.connection = bolt.Connection(address or server.address, timeout=None)
        self.connection.log_in(server.user, server.password)

    def ask(self, request):
        """Sends what is encoded, a RUN and a PULL, and returns what the answer says at its end."""
        self.connection.send_encoded(request)
        self.connection.receive()
        end = self.connection.skip_records()
        if end.tag != bolt.SUCCESS:
            sys.exit(f"{self.name} failed: {end}")
        return end.fields[0]


class Query(Bare):
    """The link query."""

    def __init__(self, name, server, facebolt=None):
        super().__init__(name, server, facebolt and facebolt.address)
        self._facebolt = facebolt

    def run(self):
        before, began = self._spent(), time.perf_counter()
        end = self.ask(bolt.encoded(bolt.run(LINK), bolt.pull()))
        whole = time.perf_counter() - began
        split = {part: seconds - before[part] for part, seconds in self._spent().items()}
        return Counted(end), {**split, "whole": whole}

    def _spent(self):
        """Seconds that facebolt has spent in each stage of links."""
        if self._facebolt is None:
            return {}
        name, stages = "facebolt_native_seconds_sum", {"gather": "gather", "kernel": "compare"}
        return {part: self._facebolt.metric(name, procedure="link", stage=stage) for part, stage in stages.items()}


class Script(Side):
    """What a user would write."""

    def run(self):
        began = time.perf_counter()
        with self.server.driver.session() as session:
            rows = session.execute_read(lambda tx: list(tx.run("MATCH (f:Face) RETURN elementId(f), f.embedding")))
            ids, vectors = [row[0] for row in rows], numpy.array([row[1] for row in rows])
            read = time.perf_counter()
            pairs = [[ids[a], ids[b], d] for a, b, d in near(vectors, 10.0)]
            found = time.perf_counter()
            counters = session.execute_write(write, pairs)
        return counters, {"gather": read - began, "kernel": found - read, "Neo4j": time.perf_counter() - found}


class Counted:
    """What was written; `of` is the end of an answer."""

    def __init__(self, of=None):
        counts = (of or {}).get("stats", {})
        self.relationships_created = counts.get("relationships-created", 0)
        self.properties_set = counts.get("properties-set", 0)


def write(tx, pairs):
    counted = Counted()
    for start in range(0, len(pairs), BATCH):
        counters = tx.run(WRITE, pairs=pairs[start : start + BATCH]).consume().counters
        counted.relationships_created += counters.relationships_created
        counted.properties_set += counters.properties_set
    return counted


def near(vectors, cutoff):
    """Each pair below the cutoff once: numpy's product finds what may be, and the differences decide."""
    squares = (vectors * vectors).sum(axis=1)
    for start in range(0, len(vectors), BLOCK):
        block = vectors[start : start + BLOCK]
        apart = squares[start : start + BLOCK, None] + squares[None, start:] - 2 * block @ vectors[start:].T
        a, b = numpy.nonzero(apart < cutoff * cutoff + 1e-6)
        a, b = a[a < b] + start, b[a < b] + start
        distances = numpy.linalg.norm(vectors[a] - vectors[b], axis=1)
        yield from ((int(i), int(j), float(d)) for i, j, d in zip(a, b, distances) if d < cutoff)


class Floor(Bare):
    """No more than reading the rows and the statement that writes, given the pairs."""

    def run(self):
        began = time.perf_counter()
        self.ask(bolt.encoded(bolt.run(GATHER), bolt.pull()))
        read = time.perf_counter()
        end = self.ask(self.write)
        wrote = time.perf_counter()
        return Counted(end), {"gather": read - began, "Neo4j": wrote - read, "kernel": 0.0, "whole": wrote - began}

    def take_pairs(self):
        """Takes the pairs from the relationships that are there."""
        text = (
            "MATCH (p1:Face)-[e:SAME]-(p2:Face) RETURN elementId(p1) AS a, elementId(p2) AS b, e.distance AS d "
            "ORDER BY id(p1), id(p2)"
        )
        rows = itertools.groupby(self.server.query(text), key=lambda row: row["a"])
        groups = [(a, list(group)) for a, group in rows]
        groups = [[a, [row["b"] for row in group], [row["d"] for row in group]] for a, group in groups]
        self.write = bolt.encoded(bolt.run(REWRITTEN, {"__fg": groups}), bolt.pull())


def load(server, vectors):
    for start in range(0, len(vectors), 500):
        server.query(
            "UNWIND range(0, size($vectors) - 1) AS i CREATE (:Face {key: $start + i, embedding: $vectors[i]})",
            vectors=vectors[start : start + 500],
            start=start,
        )


def unlink(server):
    with server.driver.session() as session:
        session.run("MATCH (:Face)-[e:SAME]->() CALL (e) { DELETE e } IN TRANSACTIONS OF 50000 ROWS").consume()


def links(server):
    text = "MATCH (a:Face)-[e:SAME]->(b) RETURN a.key AS a, b.key AS b, e.distance AS d"
    return sorted((row["a"], row["b"], row["d"]) for row in server.query(text))


@contextlib.contextmanager
def fresh(version, *options):
    """A Neo4j of its own, with an empty plan cache and a cold JVM."""
    subprocess.run([SERVER_TOOL, "stop", version, *options], check=True)
    try:
        server = Server(version, *options)
        with server.driver:
            yield server
    finally:
        subprocess.run([SERVER_TOOL, "stop", version, *options], check=True)


def bench(count, with_gds, arguments):
    """Measures one number of faces; were the results equal?"""
    vectors = faces(count)
    with contextlib.ExitStack() as stack:
        plain = stack.enter_context(fresh(arguments.server, "--as", "bench"))
        facebolt = Facebolt(plain.address, TARGET / "bench")
        stack.callback(facebolt.close)
        ours, script, floor = Query("facebolt", plain, facebolt), Script("script", plain), Floor("floor", plain)
        sides = [ours, script, floor]
        load(plain, vectors)
        if with_gds:
            gds = stack.enter_context(fresh(arguments.server, "--gds", "--as", "bench"))
            load(gds, vectors)
            sides.append(Query("GDS", gds))
        expected = None
        equal = True
        for run in range(arguments.runs + 1):
            turn = max(run - 1, 0) % len(sides)
            for side in sides[turn:] + sides[:turn]:
                unlink(side.server)
                side.link("first" if run else "cold")
                found = links(side.server)
                if expected is None:
                    expected = found
                    floor.take_pairs()
                if side is script:
                    equal &= {(a, b) for a, b, _ in map(ordered, found)} == {(a, b) for a, b, _ in map(ordered, expected)}
                else:
                    equal &= found == expected
                if run:
                    side.link("re-run")
                elif side.server is plain:
                    for _ in range(WARM_UPS):
                        unlink(plain)
                        side.run()
                        side.run()
        version = plain.version
    for side in sides:
        equal &= side is script or side.counters == ours.counters
    show(version, count, sides, ours, floor, arguments.runs)
    return equal


def ordered(link):
    a, b, d = link
    return (min(a, b), max(a, b), d)


def show(version, count, sides, ours, floor, runs):
    print(f"\nNeo4j {version}, {count} faces, {runs} runs, median seconds")
    print(f"{'':17}" + "".join(f"{part:>9}" for part in PARTS) + f"{'x facebolt':>12}{'x floor':>9}   created, set")
    for kind in KINDS:
        for side in sides:
            cells = (side.median(kind, part) for part in PARTS)
            whole = side.median(kind, "whole")
            counted = " / ".join(f"{created}, {written}" for created, written in sorted(side.counters[kind]))
            print(f"{kind:7} {side.name:9}" + "".join(f"{'' if cell is None else f'{cell:.3f}':>9}" for cell in cells), end="")
            print(f"{whole / ours.median(kind, 'whole'):12.2f}{whole / floor.median(kind, 'whole'):9.2f}   {counted}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, nargs="*", default=[1000, 2000, 5000])
    parser.add_argument("--alone", type=int, nargs="*", default=[10_000, 50_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--server", default="5", choices=("5", "2026"))
    arguments = parser.parse_args()
    sizes = [(count, True) for count in arguments.faces] + [(count, False) for count in arguments.alone]
    different = [count for count, with_gds in sizes if not bench(count, with_gds, arguments)]
    if different:
        sys.exit(f"the results differ with {different} faces")
    print("relationships, counters and distances are equal")


if __name__ == "__main__":
    main()
