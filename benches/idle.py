"""What idle clients cost: memory of facebolt for each, time to let them in, and what a busy client notices.

    idle.py [--connections 8000]

The server behind is a model that answers each request at once: a Neo4j of one machine does not hold as many. Each
process may need a file for each connection, facebolt two: the hard limit must allow it.
"""

import argparse
import asyncio
import multiprocessing
import pathlib
import resource
import statistics
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "clients" / "python"))

import bolt
from facebolt import TARGET, Facebolt

ROUNDS = 3000
# Clients that connect at the same time.
AT_ONCE = 64
GOAL_KIB = 24


def answer(tag, *fields):
    return bolt.framed(bolt.pack(bolt.Message(tag, fields)))


SUCCESS = answer(bolt.SUCCESS, {})
ANSWERS = {
    bolt.HELLO: answer(bolt.SUCCESS, {"server": "Neo4j/5.26.30", "connection_id": "bolt-1", "hints": {}}),
    bolt.RUN: answer(bolt.SUCCESS, {"t_first": 0, "fields": ["1"]}),
    bolt.PULL: answer(bolt.RECORD, [1]) + answer(bolt.SUCCESS, {"type": "r"}),
}


class Model(asyncio.Protocol):
    """A server that knows one version of Bolt and messages of one chunk."""

    def connection_made(self, transport):
        self._transport, self._data, self._greeted = transport, b"", False

    def data_received(self, data):
        self._data += data
        if not self._greeted:
            if len(self._data) < 20:
                return
            self._data, self._greeted = self._data[20:], True
            self._transport.write(bytes.fromhex("00000805"))
        answers = []
        while len(self._data) > 4 and len(self._data) >= (end := 4 + int.from_bytes(self._data[:2], "big")):
            answers.append(ANSWERS.get(self._data[3], SUCCESS))
            self._data = self._data[end:]
        if answers:
            self._transport.write(b"".join(answers))


def serve(told):
    open_files()

    async def run():
        server = await asyncio.get_running_loop().create_server(Model, "127.0.0.1", 0, backlog=1024)
        told.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def busy(address, told, stop):
    """Latencies of a client, in a process of its own: as many as ROUNDS, or until it is stopped."""
    with bolt.Connection(address) as connection:
        connection.log_in("neo4j", "model")
        request, seen = (bolt.run("RETURN 1"), bolt.pull()), []
        while len(seen) < ROUNDS if stop is None else not stop.is_set():
            began = time.perf_counter()
            connection.send(*request)
            for _ in range(3):
                connection.receive()
            seen.append(time.perf_counter() - began)
    told.put((statistics.median(seen) * 1e6, statistics.quantiles(seen, n=100)[98] * 1e6))


def measured(address):
    told = multiprocessing.Queue()
    process = multiprocessing.Process(target=busy, args=(address, told, None))
    process.start()
    seen = told.get()
    process.join()
    return seen


async def logged_in(address, count):
    host, port = address.split(":")
    greeting = bolt.MAGIC + bolt.BOLT_5_8_TO_5_6_AND_5_4_TO_5_1
    login = bolt.framed(bolt.pack(bolt.hello())) + bolt.framed(bolt.pack(bolt.logon("neo4j", "model")))
    expected = 4 + len(ANSWERS[bolt.HELLO]) + len(SUCCESS)
    room = asyncio.Semaphore(AT_ONCE)

    async def one():
        async with room:
            reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
            writer.write(greeting + login)
            await reader.readexactly(expected)
            return reader, writer

    return await asyncio.gather(*(one() for _ in range(count)))


def open_files():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def run(front, count):
    empty = measured(front.address)
    # What is loaded and kept at first is not the clients'.
    warm = await logged_in(front.address, AT_ONCE)
    before = front.resident_bytes()
    told, stop = multiprocessing.Queue(), multiprocessing.Event()
    process = multiprocessing.Process(target=busy, args=(front.address, told, stop))
    process.start()
    began = time.perf_counter()
    held = await logged_in(front.address, count)
    took = time.perf_counter() - began
    stop.set()
    during = told.get()
    process.join()
    await asyncio.sleep(2)
    each = (front.resident_bytes() - before) / count / 1024
    there = front.metric("facebolt_connections", state="authenticated")
    full = measured(front.address)
    print(f"{there:,.0f} connections, let in within {took:.1f} s ({count / took:,.0f}/s)")
    print(f"{each:.1f} KiB of facebolt's memory for each (goal: at most {GOAL_KIB})")
    print("a busy client           median       p99")
    for name, (median, worst) in (("alone", empty), ("while they come", during), ("while they idle", full)):
        print(f"  {name:18} {median:8.0f} us {worst:8.0f} us   x{median / empty[0]:.2f}  x{worst / empty[1]:.2f}")
    return there == count + len(warm) and each <= GOAL_KIB and len(held) == count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=8000)
    arguments = parser.parse_args()
    open_files()
    told = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(told,), daemon=True)
    server.start()
    folder = TARGET / "clients" / "idle"
    front = Facebolt(f"127.0.0.1:{told.get()}", folder, {"limits": f"connections = {arguments.connections + 200}"})
    try:
        good = asyncio.run(run(front, arguments.connections))
    finally:
        front.close()
        server.terminate()
    sys.exit(not good)


if __name__ == "__main__":
    main()
