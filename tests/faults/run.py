"""Breaks connections, processes, logs and clocks around facebolt, and says what was expected and what was seen.

    run.py [--quick] [--record] [--server 5] [--writes N] [PART ..]

Parts: sweep, writes, process, loris, attacks, rolling; all of them if none is named. --quick takes few places of each kind, and
without a PART only what fits into a minute. --record writes docs/faults.md from the last run of each part. The last line
is `N passed, N failed`.
"""

import argparse
import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "clients" / "python"))

import loris
import process
import rolling
import sweep
import table
import writes
from facebolt import ROOT, TARGET, Facebolt
from harness import SERVER_TOOL, Server

PARTS = ("sweep", "writes", "process", "loris", "attacks", "rolling")
HEAD = """# Faults

What was broken around facebolt, what had to happen, and what was seen. `make test-faults` writes this table; `make test`
runs a part of it. A client waits for each answer before it sends the next request, and each write has a number of its
own, so that what clients were told can be compared with what Neo4j holds. "Hit" counts the connections that came as
far as the byte at which their fault waited. After each row of the sweep and of the attacks facebolt serves a new client,
and no connection is left.

"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--server", default="5", choices=("5", "2026"))
    parser.add_argument("--writes", type=int)
    parser.add_argument("parts", nargs="*", metavar="PART", choices=[*PARTS, []])
    arguments = parser.parse_args()
    parts = arguments.parts or PARTS[:3] if arguments.quick else arguments.parts or PARTS
    folder = TARGET / "clients" / "faults"
    rows = []
    with contextlib.ExitStack() as closing:
        server = Server(arguments.server)
        closing.callback(server.driver.close)
        closing.enter_context(server.alone())

        def serve(backend, login="5s", more="", listen="", notify=None):
            sections = {"limits": f'unauthenticated_timeout = "{login}"\n{more}', "listen": listen}
            front = Facebolt(backend, folder, sections, notify=notify)
            closing.callback(front.close)
            return front

        for part in parts:
            these = []
            for row in played(part, arguments, server, serve):
                these.append(row)
                print(f"{'ok' if row.good else 'FAILED':7}{row.fault}\n       {row.expected}: {row.seen}", flush=True)
            table.kept(folder, part, server.version, these)
            rows += these
    if arguments.record:
        (ROOT / "docs" / "faults.md").write_text(HEAD + "".join(table.told(folder, part) for part in PARTS))
    failed = sum(not row.good for row in rows)
    print(f"\n{len(rows) - failed} passed, {failed} failed")
    sys.exit(1 if failed or not rows else 0)


def certificate(folder):
    """One that signs itself, so that the port speaks TLS too."""
    key, public = folder / "key.pem", folder / "public.pem"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    subprocess.run([*make.split(), "-keyout", key, "-out", public], check=True, stderr=subprocess.DEVNULL)
    return f'tls_certificate = "{public}"\ntls_key = "{key}"'


def played(part, arguments, server, serve):
    quick = arguments.quick
    if part == "sweep":
        yield from sweep.sweep(server, serve, quick, sweep.QUICK if quick and not arguments.parts else None)
        server.clean()
    if part == "writes":
        yield writes.checked(server, serve, arguments.writes or (2_000 if quick else 100_000))
        server.clean()
    if part == "loris":
        yield from loris.stalled(server, serve, 4)
    if part == "attacks":
        with tempfile.TemporaryDirectory() as folder:
            front = serve(server.address, "5s", "", certificate(pathlib.Path(folder)))
            yield from loris.attacked(front, server, 5)
    if part == "rolling":
        yield rolling.rolled(server, serve, 4 if quick else 20)
    if part == "process":
        yield process.full_log(server, serve)
        yield from process.managers(server, serve)
        yield process.crowd(server, serve)
        yield process.facebolt_killed(server, serve, 1 if quick else 5)
        if quick and not arguments.parts:
            return
        yield from process.clock_jumps(server, serve)
        subprocess.run([SERVER_TOOL, "start", arguments.server, "--as", "killed"], check=True, stdout=subprocess.PIPE)
        own = Server(arguments.server, "--as", "killed")
        state = json.loads(subprocess.check_output([SERVER_TOOL, "start", arguments.server, "--as", "killed"]))
        try:
            with own.alone():
                yield process.neo4j_killed(own, serve, 3, state)
        finally:
            own.driver.close()
            subprocess.run([SERVER_TOOL, "stop", arguments.server, "--as", "killed"], check=True)


if __name__ == "__main__":
    main()
