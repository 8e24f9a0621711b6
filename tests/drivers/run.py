"""Driver suites, each against a Neo4j itself and then through facebolt: the same tests must pass.

    scripts/test-drivers [SUITE ..] [--server 5] [--server 2026] [--record]

Each run has a Neo4j on empty data and the same settings. Prints for each suite and server how many tests there
are and how many passed, names those that ended otherwise through facebolt, and last `N passed, N failed`, which
counts tests through facebolt: one that fails there only fails; one that fails both ways is the suite's or
Neo4j's matter. --record writes docs/driver-suites.md. Logs land in target/drivers.
"""

import argparse
import dataclasses
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
                comparisons.append(compare(suite, install.release(version)))
                print(comparisons[-1].text(), flush=True)
    if arguments.record:
        record.write(comparisons)
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
    return Comparison(suite, release.version, *outcomes, *seconds)


@dataclasses.dataclass
class Comparison:
    """How the tests of a suite ended on one Neo4j, directly and through facebolt."""

    suite: suites.Suite
    version: str
    direct: dict
    through: dict
    direct_seconds: float
    through_seconds: float

    def tests(self):
        return sorted(self.direct | self.through)

    def direct_passed(self):
        return list(self.direct.values()).count("passed")

    def through_passed(self):
        return list(self.through.values()).count("passed")

    def differences(self):
        """Tests that ended otherwise, each with both outcomes."""
        pairs = ((test, self.direct.get(test, "missing"), self.through.get(test, "missing")) for test in self.tests())
        return [pair for pair in pairs if pair[1] != pair[2]]

    def lost(self):
        """Tests that pass directly alone, and those that are not even run through facebolt."""
        return [test for test, direct, through in self.differences() if direct == "passed" or through == "missing"]

    def text(self):
        lines = [
            f"{self.suite.name:9} {self.version:10} {len(self.tests()):5} tests"
            f"  {self.direct_passed():5} passed directly ({self.direct_seconds:4.0f} s)"
            f"  {self.through_passed():5} through facebolt ({self.through_seconds:4.0f} s)"
        ]
        lines += [f"    {test}: {direct} directly, {through} through facebolt" for test, direct, through in self.differences()]
        return "\n".join(lines)


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, install.Failure, suites.Broken) as error:
        sys.exit(f"{error}\n\n0 passed, 1 failed")
