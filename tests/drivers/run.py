"""Driver suites, each against a Neo4j itself and then through facebolt: the same tests must pass.

    scripts/test-drivers [SUITE ..] [--server 5] [--server 2026] [--record]

Each run has a Neo4j on empty data and the same settings. Prints for each suite and server how many tests there
are and how many passed, names those that ended otherwise through facebolt, and last `N passed, N failed`, which
counts tests through facebolt: one that fails there only fails; one that fails both ways is the suite's or
Neo4j's matter. Logs and results land in target/drivers; --record writes docs/driver-suites.md from the last result of
each suite.
"""

import argparse
import datetime
import pathlib
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "clients" / "python"), str(HERE.parent / "neo4j")]

import install
import instance
import record
import suites
from facebolt import Facebolt

VERSIONS = ("5", "2026")


def main():
    known = suites.all_suites()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(suite.name for suite in known))
    parser.add_argument("--server", action="append", choices=VERSIONS)
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    if unknown := set(arguments.suites) - {suite.name for suite in known}:
        parser.error(f"no suite {', '.join(sorted(unknown))}: there are {', '.join(suite.name for suite in known)}")

    comparisons = []
    for suite in known:
        if suite.name in arguments.suites or not arguments.suites:
            suite.prepare()
            for version in arguments.server or VERSIONS:
                # Two at the same Neo4j would stop it for each other.
                with install.locked(f"drivers-{version}"):
                    comparisons.append(compare(suite, install.release(version)))
                record.keep(comparisons[-1])
                print(comparisons[-1].text(), flush=True)
    if arguments.record:
        record.write(known, [install.release(version).version for version in VERSIONS])
    failed = sum(len(comparison.lost()) for comparison in comparisons)
    print(f"\n{sum(comparison.through_passed() for comparison in comparisons)} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def compare(suite, release):
    """One suite on one Neo4j, both ways."""
    outcomes, seconds = [], []
    for way in ("direct", "through"):
        server = instance.Instance(release, name="drivers")
        server.stop()
        state = server.start()
        facebolt = Facebolt(state["bolt"], suites.BUILT / "facebolt") if way == "through" else None
        log = suites.BUILT / f"{suite.name}-{release.version}-{way}.log"
        began = time.monotonic()
        try:
            ended = suite.run(state, facebolt.address if facebolt else state["bolt"], log)
        finally:
            if facebolt:
                facebolt.close()
            server.stop()
        if not ended:
            raise suites.Broken(f"{suite.name} ran no test: see {log}")
        outcomes.append(ended)
        seconds.append(time.monotonic() - began)
    return record.Comparison(suite.name, release.version, datetime.date.today().isoformat(), *outcomes, *seconds)


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, install.Failure, suites.Broken) as error:
        sys.exit(f"{error}\n\n0 passed, 1 failed")
