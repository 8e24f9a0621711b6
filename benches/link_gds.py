"""The link query as users bring it: through facebolt, and by Neo4j with Graph Data Science itself.

    link_gds.py [--faces 2000] [--runs 3] [--server 5]

Both sides start a fresh Neo4j of the same version with the same faces. The first execution is reported as
cold. Then they take turns: no relationships yet (`first`), and again over those just made (`re-run`). Each
figure is the median wall time in seconds that a client sees, and for facebolt how much of it went into reading
the vectors (gather) and into the kernel, as its metrics say; the rest is Neo4j's own execution of the rewritten
statement. The relationships must be equal to the last bit.
"""

import argparse
import contextlib
import math
import pathlib
import random
import statistics
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "clients" / "python"))

from facebolt import TARGET, Facebolt
from harness import LINK, SERVER_TOOL, Server

DIMENSION = 128
KINDS = ("cold", "first", "re-run")
STAGES = ("gather", "compare")


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
    """One of the two ways: a driver, and the times it took."""

    def __init__(self, server, address, facebolt=None):
        self._server, self._facebolt = server, facebolt
        self.driver = server.connect(address)
        self.seconds = {kind: [] for kind in KINDS}
        self.stages = {kind: {stage: [] for stage in STAGES} for kind in KINDS}
        self.counters = {kind: set() for kind in KINDS}

    def load(self, vectors):
        for start in range(0, len(vectors), 500):
            self._server.query(
                "UNWIND range(0, size($vectors) - 1) AS i CREATE (:Face {key: $start + i, embedding: $vectors[i]})",
                vectors=vectors[start : start + 500],
                start=start,
            )

    def link(self, kind):
        before = self._spent()
        began = time.perf_counter()
        counters = self.driver.execute_query(LINK).summary.counters
        self.seconds[kind].append(time.perf_counter() - began)
        self.counters[kind].add((counters.relationships_created, counters.properties_set))
        for stage, seconds in self._spent().items():
            self.stages[kind][stage].append(seconds - before[stage])

    def _spent(self):
        """Seconds that facebolt has spent in each stage of links."""
        if self._facebolt is None:
            return {}
        name = "facebolt_native_seconds_sum"
        return {stage: self._facebolt.metric(name, procedure="link", stage=stage) for stage in STAGES}

    def unlink(self):
        self._server.query("MATCH (:Face)-[e:SAME]->() DELETE e")

    def links(self):
        text = "MATCH (a:Face)-[e:SAME]->(b) RETURN a.key AS a, b.key AS b, e.distance AS d"
        return sorted((row["a"], row["b"], row["d"]) for row in self._server.query(text))


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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--server", default="5", choices=("5", "2026"))
    arguments = parser.parse_args()

    vectors = faces(arguments.faces)
    with contextlib.ExitStack() as stack:
        plain = stack.enter_context(fresh(arguments.server, "--as", "bench"))
        gds = stack.enter_context(fresh(arguments.server, "--gds", "--as", "bench"))
        facebolt = Facebolt(plain.address, TARGET / "bench")
        stack.callback(facebolt.close)
        sides = Side(plain, facebolt.address, facebolt), Side(gds, gds.address)
        for side in sides:
            stack.enter_context(side.driver)
            side.load(vectors)
        for side in sides:
            side.link("cold")
        for _ in range(arguments.runs):
            for side in sides:
                side.unlink()
                side.link("first")
            for side in sides:
                side.link("re-run")
        equal = sides[0].links() == sides[1].links() and sides[0].counters == sides[1].counters

    print(f"Neo4j {plain.version}, {arguments.faces} faces, {arguments.runs} runs, median seconds")
    print(f"{'':8}{'facebolt':>10}{'gather':>9}{'kernel':>9}{'Neo4j':>9}{'GDS':>11}{'ratio':>8}", end="")
    print("   relationships created, properties set")
    for kind in KINDS:
        ours, theirs = (statistics.median(side.seconds[kind]) for side in sides)
        gather, kernel = (statistics.median(sides[0].stages[kind][stage]) for stage in STAGES)
        counted = " / ".join(f"{created}, {written}" for created, written in sorted(sides[0].counters[kind]))
        print(f"{kind:8}{ours:10.3f}{gather:9.3f}{kernel:9.3f}{ours - gather - kernel:9.3f}", end="")
        print(f"{theirs:11.3f}{theirs / ours:7.0f}x   {counted}")
    if not equal:
        sys.exit(f"the results differ: GDS counted {sides[1].counters}")
    print("relationships, counters and distances are equal")


if __name__ == "__main__":
    main()
