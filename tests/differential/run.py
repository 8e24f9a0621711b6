"""Runs each statement with a real procedure and through facebolt, and compares all that a client sees.

    run.py [--tenth] [--server 5] [--server 2026] [--way WAY] [-v] [PATTERN ..]

The procedure returns the rows that facebolt computes, under the name fact.embed: as long as face.embed, so that
positions can be compared. Every statement runs in auto-commit, with all rows at once and one at a time, over an old Bolt
too, and in an explicit transaction; on 2026 in Cypher 5 and 25. What differences.json holds of a statement, with the
reason, must differ in exactly that way: it fails if it is equal, and if it differs otherwise. A PATTERN keeps the
statements that contain it; --tenth keeps a fixed tenth, in two ways.
"""

import argparse
import json
import pathlib
import sys
import zlib

sys.dont_write_bytecode = True

import prepare
from play import plugged

HERE = pathlib.Path(__file__).resolve().parent
STATEMENTS = HERE / "statements.json"
# Of each run that differs, by its name: "why", and "shown", the lines that this program prints of it.
DIFFERENCES = HERE / "differences.json"
GRAPH = """
CREATE (:Photo {key: 0, name: 'a', url: 'obama.jpg'})-[:NEXT {n: 1}]->(:Photo {key: 1, name: 'b', url: 'biden.jpg'})
    -[:NEXT {n: 2}]->(:Photo {key: 2, name: 'c', url: 'three.png', c: 'largest'}),
  (:Photo {key: 3, name: 'd', url: 'empty.png'}), (:Photo {key: 4, name: 'e'}), (:Broken {key: 5, url: 'missing.jpg'}),
  (:Broken {key: 6, url: 'text.txt'}), (:Number {key: 7, url: 5}),
  (:Lists {key: 8, urls: ['obama.jpg', 'three.png'], numbers: [1, 2]})
WITH 1 AS one UNWIND range(1, 200) AS i
CREATE (:Many {key: i, url: ['obama.jpg', 'biden.jpg', 'three.png', 'empty.png'][i % 4]})
"""
STATE = """
MATCH (n) WHERE NOT n:Many OR size(keys(n)) > 2 OPTIONAL MATCH (n)-[r]->(m)
RETURN labels(n) AS labels, properties(n) AS properties, type(r) AS type, properties(r) AS of, m.key AS to
"""
WAYS = ("auto-commit", "one at a time", "Bolt 5.4", "transaction")
# Each version of Neo4j with its versions of Cypher, and what selects them.
SERVERS = {"5": {5: ""}, "2026": {5: "CYPHER 5 ", 25: "CYPHER 25 "}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenth", action="store_true")
    parser.add_argument("--server", action="append", choices=SERVERS)
    parser.add_argument("--way", choices=WAYS, action="append", help="only this way; of a known difference, what the first way says")
    parser.add_argument("-v", "--verbose", action="store_true", help="print what both sides say where they differ")
    parser.add_argument("patterns", nargs="*", metavar="PATTERN")
    arguments = parser.parse_args()

    statements = [statement for statement in read() if wanted(statement, arguments)]
    if not statements:
        sys.exit("no statement is such")
    differences = json.loads(DIFFERENCES.read_text())
    if unexplained := [name for name, known in differences.items() if not known["why"]]:
        sys.exit(f"differences without a reason: {unexplained}")
    ways = arguments.way or (WAYS[::3] if arguments.tenth else WAYS)
    runs, equal, known, wrong, seen = 0, 0, 0, [], set()
    for version in arguments.server or SERVERS:
        sides = prepare.Sides(version)
        try:
            compare = Comparison(sides, ways)
            for statement in statements:
                for cypher, prefix in SERVERS[version].items():
                    if statement.get("cypher", cypher) != cypher:
                        continue
                    found = compare.statement(statement, prefix)
                    runs += compare.runs
                    name = f"{version}, Cypher {cypher}: {statement['text']} {statement['parameters'] or ''}".rstrip()
                    seen.add(name)
                    expected = of_ways(differences.get(name, {}).get("shown", []), ways)
                    equal += compare.runs - len(found)
                    if show(found, False).splitlines() == expected:
                        known += len(found)
                    else:
                        said = show(found, arguments.verbose) or "  is equal"
                        recorded = "\n".join(["", "  though it should be:", *expected]) if expected else ""
                        wrong.append(f"{name}\n{said}{recorded}")
                        print(f"--- {wrong[-1]}", flush=True)
        finally:
            sides.close()
    if not (arguments.tenth or arguments.server or arguments.patterns):
        for name in sorted(differences.keys() - seen):
            wrong.append(name)
            print(f"--- {name}\n  is recorded in {DIFFERENCES.name}, but there is no such statement")
    print(f"\n{len(statements)} statements, {runs} runs: {equal} equal, {known} differ as documented")
    print(f"{len(statements) - len(wrong)} passed, {len(wrong)} failed")
    sys.exit(1 if wrong else 0)


def read():
    """All statements; what is a bare text is a statement without parameters."""
    for group, statements in json.loads(STATEMENTS.read_text()).items():
        for statement in statements:
            statement = {"text": statement} if isinstance(statement, str) else statement
            yield {"parameters": {}, "group": group, **statement}


def wanted(statement, arguments):
    if arguments.tenth and zlib.crc32(statement["text"].encode()) % 10:
        return False
    searched = f"{statement['group']}: {statement['text']}"
    return not arguments.patterns or any(pattern in searched for pattern in arguments.patterns)


class Comparison:
    """Plays statements on both sides of one server."""

    def __init__(self, sides, ways):
        self._sides, self._ways = sides, ways
        self._fresh = False
        self._reset()

    def statement(self, statement, prefix):
        """The ways to run it that differ: each with what both sides said. `runs` counts the ways."""
        text, parameters = statement["text"], statement["parameters"]
        sides = self._sides
        ways = {
            "auto-commit": (sides.direct, sides.facebolt, lambda side, text: side.auto(text, parameters)),
            "one at a time": (sides.direct, sides.facebolt, lambda side, text: side.auto(text, parameters, 1)),
            "Bolt 5.4": (sides.old_direct, sides.old_facebolt, lambda side, text: side.auto(text, parameters)),
            "transaction": (sides.direct, sides.facebolt, lambda side, text: side.within(text, parameters, STATE)),
        }
        ways = {way: ways[way] for way in self._ways}
        self.runs = len(ways)
        ordered = "ORDER BY" in text
        found = []
        for way, (direct, ours, play) in ways.items():
            plugin = prefixed(prefix, plugged(text))
            one = self._outcome(lambda: play(direct, plugin), ordered)
            other = self._outcome(lambda: play(ours, prefixed(prefix, text)), ordered)
            if one != other:
                found.append((way, one, other))
        return found

    def _outcome(self, play, ordered):
        """What was said, and the graph behind it; which then is as it was."""
        answers = play()
        rows = [row for kind, row in answers if kind == "record"]
        said = [answer for answer in answers if answer[0] != "record"]
        state = self._state()
        if state != self._base:
            self._reset()
        return said, rows if ordered else sorted(rows, key=repr), state

    def _state(self):
        return sorted(self._sides.direct.rows(STATE), key=repr)

    def _reset(self):
        self._sides.direct.rows("MATCH (n) DETACH DELETE n")
        self._sides.direct.rows(GRAPH)
        self._base = self._state()


def prefixed(prefix, text):
    """The text in that version of Cypher."""
    if prefix and text[:7].upper() == "CYPHER ":
        return prefix + text[7:]
    return prefix + text


def show(found, verbose):
    """Where the outcomes of the first way differ, and which other ways do; all that was said if `verbose`."""
    if not found:
        return ""
    lines = [f"  {', '.join(way for way, _, _ in found)}"]
    for what, mine, theirs in zip(("answers", "rows", "graph"), *found[0][1:]):
        if mine != theirs and verbose:
            lines += [f"    {what} of the procedure: {mine}", f"    {what} of facebolt:      {theirs}"]
        elif mine != theirs:
            lines.append(f"    {what}{difference(mine, theirs)}")
    return "\n".join(lines)


def of_ways(shown, ways):
    """What is recorded of a difference, as far as it is one of these ways."""
    differing = [way for way in shown[0].split(", ") if way.strip() in ways] if shown else []
    return [f"  {', '.join(way.strip() for way in differing)}", *shown[1:]] if differing else []


def difference(one, other, at=""):
    """The first place at which two values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *(key for key in other if key not in one)]:
            if one.get(key, ...) != other.get(key, ...):
                return difference(one.get(key, ...), other.get(key, ...), f"{at}.{key}")
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)) and len(one) == len(other):
        for index, (mine, theirs) in enumerate(zip(one, other)):
            if mine != theirs:
                return difference(mine, theirs, f"{at}[{index}]")
    return f"{at}: {shortened(one)}\n      through facebolt: {shortened(other)}"


def shortened(value):
    text = "nothing" if value is ... else repr(value)
    return text if len(text) < 1500 else f"{text[:1500]}.."


if __name__ == "__main__":
    main()
