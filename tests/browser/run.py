"""Neo4j Browser, in headless Chromium, through facebolt.

    tests/browser/run [--server 5] [--server 2026] [--scheme bolt] [--scheme neo4j]

Starts the Neo4j servers it needs, with Browser on their HTTP ports, and a facebolt in front of each. Opens Browser
with facebolt as its `connectURL`, does what a user does, and prints for each server a table of checks, and last
`N passed, N failed`. A picture of the linked faces, and of what was there when a check failed, lands in
target/browser.
"""

import argparse
import contextlib
import dataclasses
import os
import pathlib
import socket
import sys
import types

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "clients" / "python"), str(HERE.parent / "clients" / "runner")]

import clients
import install
import record
import report
from facebolt import TARGET, Facebolt
from harness import Server
from promises import Promise

CHECKS = (
    Promise("password", "a wrong password is refused, and the form stays"),
    Promise("connect", "the form offers facebolt's address, and connects"),
    Promise("rows", "a result table"),
    Promise("large", "5,000 rows, which Browser pulls by thousands"),
    Promise("embed", "face.embed of a photo: its row", native="face.embed"),
    Promise("parameter", "face.embed of a parameter that :param has set"),
    Promise("create", "face.embed on rows, faces created"),
    Promise("link", "the query of the README links them, and creates nothing the second time", native="link"),
    Promise("warnings", "Neo4j's warnings of it point into the text as typed"),
    Promise("graph", "the linked faces are drawn and counted"),
    Promise("table", "and listed, with their distances"),
    Promise("between", "Browser finds the links between nodes by itself"),
    Promise("error", "a syntax error and a failed call show code and text"),
    Promise("typing", "EXPLAIN, of half a statement too, fetches no photo"),
    Promise("stop", "the stop button ends a call that waits for its photo"),
    Promise("auto", ":auto and CALL .. IN TRANSACTIONS"),
    Promise("complete", "the editor completes procedures"),
    Promise("sockets", "nothing leads past facebolt"),
)
SCHEMES = ("bolt", "neo4j")
VERSIONS = ("5", "2026")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", action="append", choices=VERSIONS)
    parser.add_argument("--scheme", action="append", choices=SCHEMES)
    arguments = parser.parse_args()
    # Nobody has told where such a server has its HTTP port.
    os.environ.pop("FACEBOLT_TEST_NEO4J", None)

    chromium = install.need("chromium", "chromium")
    columns = [browser(scheme, chromium) for scheme in arguments.scheme or SCHEMES]
    for column in columns:
        column.prepare()
    results = [run(version, columns) for version in arguments.server or VERSIONS]
    for result in results:
        report.show(result, columns, CHECKS)
    passed, failed = report.totals(results)
    print(f"\n{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def browser(scheme, chromium):
    """Browser with one scheme in its address, as a client; playwright is among the packages of the JavaScript one."""
    (javascript,) = (client for client in clients.all_clients() if client.name == "javascript")
    environment = javascript.environment | {"FACEBOLT_TEST_CHROMIUM": chromium, "FACEBOLT_TEST_SCHEME": scheme}
    command = ("node", HERE / "main.js")
    return dataclasses.replace(javascript, name=f"browser-{scheme}", command=command, environment=environment)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def run(version, columns):
    """All checks on one server, once for each scheme."""
    folder = TARGET / "browser"
    with contextlib.ExitStack() as closing:
        server = Server(version)
        closing.callback(server.driver.close)
        closing.enter_context(server.alone())
        photos = free_port()
        # Native from the first pair on, else data this small would be left to Neo4j.
        sections = {"images": f'allow_hosts = ["127.0.0.1:{photos}"]', "link": "native_from = 1"}
        facebolt = Facebolt(server.address, folder, sections)
        closing.callback(facebolt.close)
        context = types.SimpleNamespace(server=server, facebolt=facebolt, address=facebolt.address)
        result = record.Result(server.version)
        for column in columns:
            picture = folder / f"{column.name}-{server.version}.png"
            here = {"HTTP": server.http, "PHOTOS": str(photos), "PICTURE": str(picture)}
            environment = column.environment | {f"FACEBOLT_TEST_{name}": text for name, text in here.items()}
            column = dataclasses.replace(column, environment=environment)
            result.outcomes[column.name] = record.run(column, context, CHECKS)
            server.clean()
    return result


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, install.Failure) as error:
        sys.exit(f"{error}\n\n0 passed, 1 failed")
