"""Results: kept below target/, and the last of each in docs/driver-suites.md."""

import dataclasses
import json

from facebolt import ROOT, TARGET

HEAD = """# Driver suites

Test suites that drivers publish, run by `make test-drivers` against a Neo4j itself and then through facebolt, on
empty data and with the same settings. What counts is that each test ends the same. Those that fail both ways want
Enterprise or APOC, which these servers do not have; others are skipped by the suites themselves.

| suite | Neo4j | run on | tests | passed directly | passed through facebolt | ended otherwise |
|---|---|---|---|---|---|---|
"""


@dataclasses.dataclass
class Comparison:
    """How the tests of a suite ended on one Neo4j, directly and through facebolt."""

    suite: str
    version: str
    date: str
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
            f"{self.suite:9} {self.version:10} {len(self.tests()):5} tests"
            f"  {self.direct_passed():5} passed directly ({self.direct_seconds:4.0f} s)"
            f"  {self.through_passed():5} through facebolt ({self.through_seconds:4.0f} s)"
        ]
        ends = self.differences()
        return "\n".join(lines + [f"    {test}: {direct} directly, {through} through" for test, direct, through in ends])


def keep(comparison):
    """Puts a result where `write` finds it."""
    _file(comparison.suite, comparison.version).write_text(json.dumps(dataclasses.asdict(comparison)))


def write(suites, versions):
    """Writes the page from the results that there are."""
    rows, ends = [], []
    for suite in suites:
        for version in versions:
            if not _file(suite.name, version).exists():
                continue
            one = Comparison(**json.loads(_file(suite.name, version).read_text()))
            counts = (len(one.tests()), one.direct_passed(), one.through_passed(), len(one.differences()))
            rows.append(f"| {suite.title} | {version} | {one.date} | " + " | ".join(map(str, counts)) + " |\n")
            for test, direct, through in one.differences():
                ends.append(f"\n- {suite.title}, Neo4j {version}, `{test}`: {direct} directly, {through} through facebolt\n")
    (ROOT / "docs" / "driver-suites.md").write_text(HEAD + "".join(rows + ends))


def _file(suite, version):
    return TARGET / "drivers" / f"{suite}-{version}.json"
