"""Every client against every promise, on each Neo4j version, through facebolt.

    tests/clients/run [CLIENT ..] [--server 5] [--server 2026] [--promise NAME ..] [--direct] [--table FILE]

Starts the servers it needs and a facebolt in front of each, installs the clients below target/ and prints for
each server a table of clients and promises, and last `N passed, N failed`. `-` is what a client cannot do; its
program says why. --direct puts the clients on a Neo4j with Graph Data Science itself: what fails there is wrong
in the test. It leaves out what only facebolt does. --quick leaves out the clients that are slow to run or to
install. --table writes what was seen as a page of the documentation.
"""

import argparse
import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))

import clients
import record
import report
from harness import Context
from promises import PROMISES

VERSIONS = ("5", "2026")


def main():
    known = clients.all_clients()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clients", nargs="*", metavar="CLIENT", help=", ".join(client.name for client in known))
    parser.add_argument("--server", action="append", choices=VERSIONS)
    parser.add_argument("--promise", action="append", choices=[p.name for p in PROMISES], metavar="NAME")
    parser.add_argument("--direct", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--table", type=pathlib.Path, metavar="FILE")
    arguments = parser.parse_args()
    if unknown := set(arguments.clients) - {client.name for client in known}:
        parser.error(f"no client {', '.join(sorted(unknown))}: there are {', '.join(c.name for c in known)}")

    named = arguments.clients or [client.name for client in known if client.quick or not arguments.quick]
    chosen = [client for client in known if client.name in named]
    promises = [promise for promise in PROMISES if wanted(promise, arguments)]
    for client in chosen:
        began = time.monotonic()
        client.prepare()
        if time.monotonic() - began > 1:
            print(f"{client.name}: installed after {time.monotonic() - began:.1f} s", flush=True)
    results = [run(version, arguments.direct, chosen, promises) for version in arguments.server or VERSIONS]
    for result in results:
        report.show(result, chosen, promises)
    if arguments.table:
        arguments.table.write_text(report.page(results, chosen, promises))
    passed, failed = report.totals(results)
    print(f"\n{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def wanted(promise, arguments):
    if arguments.direct and promise.needs_facebolt:
        return False
    return not arguments.promise or promise.name in arguments.promise


def run(version, direct, chosen, promises):
    """All clients on one server."""
    context = Context(version, direct)
    result = record.Result(context.version)
    try:
        with record.other_user(context):
            for client in chosen:
                began = time.monotonic()
                result.outcomes[client.name] = record.run(client, context, promises)
                context.server.clean()
                print(f"{context.version} {client.name}: {time.monotonic() - began:.1f} s", flush=True)
    finally:
        context.close()
    return result


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, clients.install.Failure) as error:
        sys.exit(f"{error}\n\n0 passed, 1 failed")
