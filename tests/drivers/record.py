"""Keeps the last result in docs/driver-suites.md."""

import datetime

from facebolt import ROOT

HEAD = """# Driver suites

Test suites that drivers publish, run by `make test-drivers` against a Neo4j itself and then through facebolt, on
empty data and with the same settings. What counts is that the same tests pass. Tests that fail both ways are those
that the suite's authors run on another Neo4j: Enterprise, another version, or with a plugin.

"""


def write(comparisons):
    lines = [
        f"Last run: {datetime.date.today()}.",
        "",
        "| suite | Neo4j | tests | passed directly | passed through facebolt | other outcome through facebolt |",
        "|---|---|---|---|---|---|",
    ]
    for one in comparisons:
        cells = (one.suite.title, one.version, len(one.tests()), one.direct_passed(), one.through_passed())
        lines.append("| " + " | ".join(map(str, cells)) + f" | {len(one.differences())} |")
    for one in comparisons:
        for test, direct, through in one.differences():
            lines.append(f"\n- {one.suite.title}, Neo4j {one.version}, `{test}`: {direct} directly, {through} through.")
    (ROOT / "docs" / "driver-suites.md").write_text(HEAD + "\n".join(lines) + "\n")
