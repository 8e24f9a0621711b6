"""Tests every promise with the official driver and with bare sockets, on each Neo4j version.

    run.py [--direct] [--server 5] [--server 2026] [PATTERN ..]

Starts the servers it needs, and for each a facebolt in front; prints a table of promises and versions, and
last `N passed, N failed`. A PATTERN keeps the tests whose name contains it. --direct puts the drivers on a
Neo4j with Graph Data Science itself: what fails there is wrong in the test, not in facebolt. It leaves out
what only facebolt does.
"""

import argparse
import importlib
import pathlib
import sys
import time
import unittest

sys.dont_write_bytecode = True

from harness import Context

HERE = pathlib.Path(__file__).resolve().parent
VERSIONS = ("5", "2026")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--direct", action="store_true")
    parser.add_argument("--server", action="append", choices=VERSIONS)
    parser.add_argument("patterns", nargs="*", metavar="PATTERN")
    arguments = parser.parse_args()

    tests = [test for test in found_tests() if wanted(test, arguments)]
    if not tests:
        sys.exit("no test has such a name")
    results, broken = [], []
    for version in arguments.server or VERSIONS:
        try:
            results.append(run(version, arguments.direct, tests))
        except RuntimeError as error:
            broken.append(f"\n--- no test ran on {version}\n{error}")
    if results:
        show(results)

    outcomes = [outcome for result in results for outcome in result.outcomes.values()]
    failed = [outcome for outcome in outcomes if outcome.failures]
    for outcome in failed:
        print(f"\n--- {outcome.name} on {outcome.version}\n" + "\n".join(outcome.failures))
    for text in broken:
        print(text)
    print(f"\n{len(outcomes) - len(failed)} passed, {len(failed) + len(broken)} failed")
    sys.exit(1 if failed or broken else 0)


def found_tests():
    """Every test of the modules beside this one, in the order they are written."""
    for module in sorted(path.stem for path in HERE.glob("test_*.py")):
        for case in vars(importlib.import_module(module)).values():
            if isinstance(case, type) and issubclass(case, unittest.TestCase) and case.__module__ == module:
                yield from (case(name) for name in vars(case) if name.startswith("test_"))


def wanted(test, arguments):
    if arguments.direct and getattr(test, "needs_facebolt", False):
        return False
    return not arguments.patterns or any(pattern in test.id() for pattern in arguments.patterns)


def run(version, direct, tests):
    """All tests on one server; RuntimeError if it or its facebolt does not start."""
    began = time.monotonic()
    context = Context.current = Context(version, direct)
    result = Result(context.version)
    print(f"{context.version}: ready after {time.monotonic() - began:.1f} s", flush=True)
    try:
        for test in tests:
            type(test)(test._testMethodName).run(result)
    finally:
        context.close()
    print(f"{context.version}: done after {time.monotonic() - began:.1f} s", flush=True)
    return result


class Outcome:
    """How one test ended on one server."""

    def __init__(self, test, version):
        self.name, self.version = test.id(), version
        self.failures = []
        self.began = time.monotonic()
        self.seconds = 0.0


class Result(unittest.TestResult):
    """Keeps an outcome for each test; a skipped one or one that failed only as expected has failed."""

    def __init__(self, version):
        super().__init__()
        self.version = version
        self.outcomes = {}

    def startTest(self, test):
        super().startTest(test)
        self._current = self.outcomes[describe(test)] = Outcome(test, self.version)

    def stopTest(self, test):
        super().stopTest(test)
        self._current.seconds = time.monotonic() - self._current.began

    def addError(self, test, error):
        self._current.failures.append(self._exc_info_to_string(error, test))

    addFailure = addError

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self._current.failures.append(f"{subtest._subDescription()}\n{self._exc_info_to_string(error, test)}")

    def addSkip(self, test, reason):
        self._current.failures.append(f"skipped: {reason}")

    def addExpectedFailure(self, test, error):
        self.addError(test, error)

    def addUnexpectedSuccess(self, test):
        pass


def describe(test):
    return type(test).__name__, test.shortDescription() or test._testMethodName


def show(results):
    promises = list(results[0].outcomes)
    width = max(len(promise) for _, promise in promises)
    print("\n" + " " * (width + 2) + "".join(f"{result.version:>16}" for result in results))
    group = None
    for case, promise in promises:
        if case != group:
            group = case
            print(case)
        row = (result.outcomes[case, promise] for result in results)
        cells = (f"{'FAILED' if outcome.failures else 'ok'} {outcome.seconds:6.2f} s" for outcome in row)
        print(f"  {promise:{width}}" + "".join(f"{cell:>16}" for cell in cells))


if __name__ == "__main__":
    main()
