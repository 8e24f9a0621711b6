"""Faults of processes: killed and restarted under load, a log that cannot be written, a clock that jumps, a crowd."""

import collections
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import neo4j

import bolt
from facebolt import binary
from injector import Injector
from table import Row, settled
from writes import Ledger, TEXT, compared

CLIENTS = 6
CROWD = 1000
NO_THREADS = "Neo.TransientError.Request.NoThreadsAvailable"


@contextlib.contextmanager
def launched_by(script):
    """Starts of facebolt go through lines of shell within this context."""
    before, program = os.environ.get("FACEBOLT_BIN"), binary()
    with tempfile.TemporaryDirectory() as folder:
        wrapper = pathlib.Path(folder) / "facebolt"
        wrapper.write_text(f"#!/bin/sh\n{script.format(program=program)}\n")
        wrapper.chmod(0o755)
        os.environ["FACEBOLT_BIN"] = str(wrapper)
        try:
            yield
        finally:
            os.environ.pop("FACEBOLT_BIN")
            if before:
                os.environ["FACEBOLT_BIN"] = before


def under_load(name, server, address, kill, times, front, strict=False):
    """Retrying drivers write, while `kill` ends a process and brings it back.

    A COMMIT without an answer is not retried by a driver, since nobody can know: `strict` allows none.
    """
    ledger, going, failures, incomplete = Ledger(1 << 60), threading.Event(), [], []
    going.set()
    began = time.monotonic()

    def work():
        with server.connect(address(), max_transaction_retry_time=120, connection_timeout=10) as driver:
            while going.is_set():
                tries = []

                def write(transaction):
                    tries.extend(ledger.take(1))
                    transaction.run(TEXT, id=tries[-1]).consume()

                try:
                    with driver.session() as session:
                        session.execute_write(write)
                    ledger.acknowledged.add(tries.pop())
                except neo4j.exceptions.IncompleteCommit as error:
                    incomplete.append(error)
                except (neo4j.exceptions.DriverError, neo4j.exceptions.Neo4jError) as error:
                    failures.append(error)
                ledger.unknown.update(tries)

    threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for _ in range(times):
        more(ledger, 30)
        kill()
        more(ledger, 30)
    going.clear()
    for thread in threads:
        thread.join()
    server.query("RETURN 1")
    row = compared(name, server, ledger, front(), time.monotonic() - began, times)
    seen = f"{row.seen}; {len(incomplete)} times COMMIT had no answer, {len(failures)} transactions failed {failures[:1] or ''}"
    server.clean()
    return Row(name, "retried until served; " + row.expected, seen, row.good and not failures and not (strict and incomplete))


def more(ledger, count):
    aim, deadline = len(ledger.acknowledged) + count, time.monotonic() + 180
    while len(ledger.acknowledged) < aim and time.monotonic() < deadline:
        time.sleep(0.02)


def facebolt_killed(server, serve, times):
    """It comes back on another port: a relay in front stands for the name that clients know."""
    current = [serve(server.address)]
    relay = Injector(current[0].address)

    def kill():
        current[0].kill()
        time.sleep(0.3)
        current[0] = serve(server.address)
        host, port = current[0].address.split(":")
        relay._target = (host, int(port))

    name = f"kill -9 and restart of facebolt under load, {times} times"
    return under_load(name, server, lambda: relay.address, kill, times, lambda: current[0])


def neo4j_killed(server, serve, times, state):
    """The server comes back with its data, as a service manager would start it."""
    front = serve(server.address)
    state_file = pathlib.Path(state["home"]) / "instance.json"

    def kill():
        state = json.loads(state_file.read_text())
        command = pathlib.Path(f"/proc/{state['pid']}/cmdline").read_bytes().decode().split("\0")[:-1]
        os.kill(state["pid"], signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(state["pid"], 0)
        while pathlib.Path(f"/proc/{state['pid']}/cmdline").exists() and pathlib.Path(
            f"/proc/{state['pid']}/cmdline"
        ).read_bytes():
            time.sleep(0.05)
        with open(f"{state['home']}/logs/console.log", "ab") as log:
            again = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=state["home"], start_new_session=True
            )
        state_file.write_text(json.dumps({**state, "pid": again.pid}))

    name = f"kill -9 and restart of Neo4j under load, {times} times"
    return under_load(name, server, lambda: front.address, kill, times, lambda: front)


def full_log(server, serve):
    with launched_by("exec {program} \"$@\" >/dev/full 2>/dev/full"):
        front = serve(server.address)
    good = sum(returns_one(front.address, server) for _ in range(20))
    with contextlib.suppress(AssertionError, bolt.Closed, OSError):
        bolt.Connection(front.address).log_in(server.user, "wrong")
    live = front.health("live")[0]
    front.signal(signal.SIGTERM)
    code = front.wait()
    seen = f"{good} of 20 clients served, /health/live {live}, exit status {code} at SIGTERM"
    return Row("the log is /dev/full", "served; a line is lost, no client", seen, (good, live, code) == (20, 200, 0))


def managers(server, serve):
    """A service manager that hears, and a socket where there is none."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"{folder}/notify")
        manager.settimeout(60)
        front = serve(server.address, notify=f"{folder}/notify")
        heard = [manager.recv(1000)]
        front.signal(signal.SIGHUP)
        heard += [manager.recv(1000) for _ in range(2)]
        good = returns_one(front.address, server)
        front.signal(signal.SIGTERM)
        heard.append(manager.recv(1000))
        words = [text.decode().split("=")[0] for text in heard]
        code = front.wait()
        seen = f"{', '.join(words)}; exit status {code}"
        right = words == ["READY", "RELOADING", "READY", "STOPPING"]
        yield Row("NOTIFY_SOCKET is a test's, SIGHUP, SIGTERM", "it hears each step", seen, right and good and code == 0)
        front = serve(server.address, notify=f"{folder}/nobody")
        good = returns_one(front.address, server)
        front.signal(signal.SIGTERM)
        code = front.wait()
        warned = front.log.read_text().count("the service manager cannot be told")
        seen = f"{'served' if good else 'not served'}, {warned} warnings, exit status {code}"
        yield Row("nobody is at NOTIFY_SOCKET", "served all the same", seen, good and code == 0 and warned == 2)


def clock_jumps(server, serve):
    library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    with tempfile.TemporaryDirectory() as folder:
        clock = pathlib.Path(folder) / "clock"
        clock.write_text("+0")
        wall = f"FAKETIME_TIMESTAMP_FILE={clock} FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1"
        with launched_by(f"exec env LD_PRELOAD={library} {wall} {{program}} \"$@\""):
            front = serve(server.address)
        for jump in ("+10d", "-10d", "+10y", "-3s"):
            with bolt.Connection(front.address) as idle, bolt.Connection(front.address) as waiting:
                idle.log_in(server.user, server.password)
                waiting.send(bolt.hello())
                waiting.receive()
                clock.write_text(jump)
                time.sleep(0.3)
                idle.send(bolt.run("RETURN 1"), bolt.pull())
                tags = [idle.receive().tag for _ in range(3)]
                waiting.send(bolt.logon(server.user, server.password))
                tags.append(waiting.receive().tag)
            good = tags == [bolt.SUCCESS, bolt.RECORD, bolt.SUCCESS, bolt.SUCCESS]
            good = good and returns_one(front.address, server)
            logged = front.log.read_text()
            seen = "served" if good else f"{tags}"
            yield Row(f"the clock jumps to {jump}", "no deadline moves, nobody is closed", seen, good and bool(logged))


def crowd(server, serve):
    front = serve(server.address, "60s")
    host, port = front.address.split(":")
    opening = bolt.MAGIC + bolt.BOLT_5_8_TO_5_6_AND_5_4_TO_5_1
    login = b"".join(bolt.framed(bolt.pack(one)) for one in (bolt.hello(), bolt.logon(server.user, server.password)))
    ask = b"".join(bolt.framed(bolt.pack(one)) for one in (bolt.run("RETURN 1"), bolt.pull()))
    began, outcomes = time.monotonic(), collections.Counter()
    sockets = [socket.create_connection((host, int(port)), timeout=60) for _ in range(CROWD)]
    for one in sockets:
        one.sendall(opening + login)
    for one in sockets:
        with contextlib.closing(_Reader(one)) as reader:
            try:
                reader.exactly(4)
                for number in range(5):
                    if number == 2:
                        one.sendall(ask)
                    answer = bolt.unpack(reader.message())
                    if answer.tag == bolt.FAILURE:
                        outcomes[answer.fields[0].get("neo4j_code", answer.fields[0].get("code"))] += 1
                        break
                else:
                    outcomes["served"] += 1
            except (bolt.Closed, OSError) as error:
                outcomes[repr(error)] += 1
    took = time.monotonic() - began
    for one in sockets:
        one.close()
    left = settled(lambda: front.metric("facebolt_connections"), lambda: 0)
    # Neo4j has 400 threads for clients that ask at a time, and tells one more to come again.
    told = outcomes["served"] + outcomes[NO_THREADS]
    seen = f"{dict(outcomes)} within {took:.1f} s, {left:.0f} connections left"
    return Row(f"{CROWD:,} clients connect at once", "all are served, or told what drivers retry", seen, told == CROWD and left == 0)


class _Reader:
    def __init__(self, stream):
        self._file = stream.makefile("rb")

    def close(self):
        self._file.close()

    def exactly(self, count):
        if len(data := self._file.read(count)) < count:
            raise bolt.Closed
        return data

    def message(self):
        body = b""
        while True:
            size = int.from_bytes(self.exactly(2), "big")
            if size:
                body += self.exactly(size)
            elif body:
                return body


def returns_one(address, server):
    try:
        with bolt.Connection(address) as connection:
            connection.log_in(server.user, server.password)
            connection.send(bolt.run("RETURN 1"), bolt.pull())
            return [connection.receive().tag for _ in range(3)] == [bolt.SUCCESS, bolt.RECORD, bolt.SUCCESS]
    except (bolt.Closed, OSError, AssertionError):
        return False
