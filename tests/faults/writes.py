"""Write transactions under random faults, and a checker: what clients were told against what Neo4j holds."""

import itertools
import random
import threading
import time

import neo4j

import bolt
from injector import CUT, HALF, RESET, STALL, DIRECTIONS, Fault, Injector
from table import Row

WORKERS = 8
# Of these one works with the official driver, which retries by itself.
BY_DRIVER = 2
# How many transactions go into one segment, and how far a connection comes, at most, before a fault.
BATCH = 8
FARTHEST = 20_000
TEXT = "CREATE (:Probe {id: $id})"


class Ledger:
    """What the clients know of each write."""

    def __init__(self, wanted):
        self._wanted = wanted
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self.acknowledged, self.refused, self.unknown, self.surprises = set(), set(), set(), []

    def take(self, count):
        """New numbers; none when enough were acknowledged."""
        with self._lock:
            if len(self.acknowledged) >= self._wanted:
                return []
            return [next(self._ids) for _ in range(count)]


def drawing(seed):
    generator, lock = random.Random(seed), threading.Lock()

    def draw():
        with lock:
            kind = generator.choices((CUT, RESET, HALF, STALL), (20, 20, 8, 1))[0]
            return Fault(kind, generator.choice(DIRECTIONS), int(FARTHEST * generator.random() ** 2))

    return draw


def bare(address, server, ledger):
    """Transactions in segments of several, so that a fault hits some between their requests."""
    while ids := ledger.take(BATCH):
        try:
            with bolt.Connection(address, timeout=5) as connection:
                connection.log_in(server.user, server.password)
                while ids:
                    answered = exchange(connection, ids, ledger)
                    if not answered:
                        break
                    ids = ledger.take(BATCH)
        except (bolt.Closed, OSError, AssertionError):
            pass
        ledger.unknown.update(one for one in ids if one not in ledger.acknowledged and one not in ledger.refused)


def exchange(connection, ids, ledger):
    """Half of them auto-commit, half explicit. False if one failed: what is behind it was ignored."""
    requests = []
    for one in ids:
        statement = [bolt.run(TEXT, {"id": one}), bolt.pull()]
        requests += statement if one % 2 else [bolt.begin(), *statement, bolt.Message(bolt.COMMIT)]
    connection.send(*requests)
    good = True
    for one in ids:
        tags = {connection.summary().tag for _ in range(2 if one % 2 else 4)}
        if tags == {bolt.SUCCESS}:
            ledger.acknowledged.add(one)
        else:
            ledger.refused.add(one)
            good = False
    return good


def driven(address, server, ledger):
    """Managed transactions: each try of the driver's writes a number of its own."""
    with server.connect(address, max_transaction_retry_time=5, connection_timeout=5) as driver:
        while True:
            tries = []

            def work(transaction):
                ids = ledger.take(1)
                # A try that finds enough written writes nothing, and acknowledges nothing that an earlier one tried.
                tries.append(ids[0] if ids else None)
                if ids:
                    transaction.run(TEXT, id=ids[0]).consume()

            try:
                with driver.session() as session:
                    session.execute_write(work)
            except (neo4j.exceptions.DriverError, neo4j.exceptions.Neo4jError, OSError):
                ledger.unknown.update(tries)
                continue
            ledger.unknown.update(tries[:-1])
            if tries[-1] is None:
                return
            ledger.acknowledged.add(tries[-1])


def checked(server, serve, wanted, seed=7):
    """The row of `wanted` acknowledged transactions."""
    behind = Injector(server.address, drawing(seed), patience=2)
    # A stalled backend is given up by the client alone.
    front = serve(behind.address)
    before = Injector(front.address, drawing(seed + 1), patience=2)
    ledger = Ledger(wanted)
    began = time.monotonic()
    threads = [threading.Thread(target=bare, args=(before.address, server, ledger)) for _ in range(WORKERS - BY_DRIVER)]
    threads += [threading.Thread(target=driven, args=(before.address, server, ledger)) for _ in range(BY_DRIVER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    return compared(f"{wanted:,} write transactions under random faults on both sides", server, ledger, front, took,
                    before.injected + behind.injected)


def compared(name, server, ledger, front, took, injected):
    there = {record["id"]: record["n"] for record in server.query("MATCH (p:Probe) WHERE p.row IS NULL RETURN p.id AS id, count(*) AS n")}
    lost = ledger.acknowledged - there.keys()
    twice = [one for one, times in there.items() if times > 1]
    undone = (ledger.refused - ledger.acknowledged) & there.keys()
    strangers = there.keys() - ledger.acknowledged - ledger.unknown - ledger.refused
    healthy = bool(front.health("live")[0] == 200)
    seen = (
        f"{len(ledger.acknowledged):,} acknowledged, {len(lost)} of them lost, {len(twice)} twice; {len(ledger.refused):,} "
        f"refused, {len(undone)} of them there; {len(ledger.unknown):,} without an answer, "
        f"{len(ledger.unknown & there.keys()):,} of them there; {injected:,} faults, {took:.0f} s"
    )
    return Row(name, "no acknowledged write lost, none twice", seen,
               not lost and not twice and not undone and not strangers and healthy)
