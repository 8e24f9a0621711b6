"""Holds how facebolt reads and rewrites Cypher against Neo4j's own front end.

    frontend.py [--tenth] [--every N] [-v]

Reading: of each query of the corpus that the front end's grammar takes, words, strings and numbers must be where it
says, and so must clauses, calls of procedures with their arguments and columns, and calls of functions: all names that
the corpus calls are given to facebolt as its own. Labelled queries must have the calls that their labels say.

Rewriting: one call of ours is put before one clause of every Nth query (10 if not said) that the front end takes, in
Cypher 5 and in 25. Where it takes that text, it must take all that facebolt sends in its place; where it does not, it
must refuse that too, or facebolt must. --tenth keeps a fixed tenth of the corpus, and all labelled queries.
"""

import argparse
import collections
import concurrent.futures
import json
import re
import sys
import zlib

sys.dont_write_bytecode = True

import corpus
import prepare
from oracle import Oracle, reading

CALLS = (
    "CALL face.embed('x') YIELD index AS faceIndex ",
    "CALL face.embed(toString(1) + 'x') YIELD index AS faceIndex ",
    "UNWIND [gds.similarity.euclideanDistance([1.0, 2], [0.5, 1])] AS faceDistance ",
    "OPTIONAL CALL face.embed($url, {maxFaces: 1 + 1}) YIELD embedding AS faceEmbedding, index AS faceIndex ",
    "CALL face.embed(toString(1)) YIELD embedding, quality AS faceQuality WHERE faceQuality > 0.5 ",
)
# A function that is called by these words alone may have a syntax of its own, which none of ours has.
OWN_SYNTAX = {"count", "exists", "all", "any", "none", "single", "reduce", "normalize", "trim", "vector", "collect"}
FUNCTIONS = [f"gds.similarity.{name}" for name in ("euclideanDistance", "euclidean", "cosine", "pearson", "jaccard", "overlap")]
COLUMNS = ["embedding", "index", "confidence", "area", "quality", "model"]
# Facebolt says so of what Neo4j would run.
NOT_TAKEN = "a call that is all of a query within the statement"
KINDS = {
    "useClause": "Use",
    "matchClause": "Match",
    "callClause": "Call",
    "subqueryClause": "Subquery",
    "withClause": "With",
    "returnClause": "Return",
    "finishClause": "Finish",
    "loadCSVClause": "Load",
    "foreachClause": "Foreach",
    "orderBySkipLimitClause": "Order",
    **dict.fromkeys(("createClause", "insertClause", "mergeClause"), "Create"),
    **dict.fromkeys(("setClause", "removeClause", "deleteClause"), "Update"),
    **dict.fromkeys(("unwindClause", "forListClause", "letClause", "filterClause"), "Read"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenth", action="store_true")
    parser.add_argument("--every", type=int, default=10, metavar="N")
    parser.add_argument("-v", "--verbose", action="store_true", help="show all differences, not only 40")
    arguments = parser.parse_args()
    differences = Differences()
    texts = corpus.texts()
    assert len(texts) > 4500, "the corpus is not all there"
    if arguments.tenth:
        texts = [text for text in texts if zlib.crc32(text.encode()) % 10 == 0]
    read = compare_readings(texts, differences)
    labels(differences)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        counts = list(pool.map(lambda cypher: rewrites(read, cypher, arguments.every, differences), (5, 25)))
    for cypher, (asked, taken, put, passed, sent) in zip((5, 25), counts):
        print(
            f"rewriting, Cypher {cypher}: of {asked} queries it takes {taken}; of {put} with a call put in {passed}, "
            f"for which facebolt sends {sent} texts"
        )
    compared = differences.compared
    set_aside = compared.pop("not taken on", 0)
    print(f"compared: {', '.join(f'{count} {what}' for what, count in compared.items())}; {set_aside} not taken on")
    differences.show(None if arguments.verbose else 40)
    print(f"{sum(compared.values()) - len(differences.found)} passed, {len(differences.found)} failed")
    sys.exit(1 if differences.found else 0)


class Differences:
    """What differs, each once."""

    def __init__(self):
        self.compared = collections.Counter()
        self.found = {}

    def same(self, what, text, theirs, mine):
        self.compared[what] += 1
        if theirs != mine:
            self.found[what, text] = f"Neo4j    {theirs}\n    facebolt {mine}"

    def show(self, most):
        for (what, text), how in list(self.found.items())[:most]:
            print(f"--- {what}: {text!r}\n    {how}")


def compare_readings(texts, differences):
    """Compares how the texts are read; the clauses of those that the grammar takes."""
    oracle = Oracle()
    # The front end's lexer does not see \uXXXX as Neo4j does.
    parsed = {text: oracle.parse(text) for text in texts if "\\u" not in text}
    taken = {text: theirs for text, theirs in parsed.items() if theirs}
    # DEFINE is in the grammar, but "not available in this implementation of Cypher".
    defined = [text for text, theirs in taken.items() if theirs["defines"]]
    for text in defined:
        taken.pop(text)
    assert len(taken) > 0.85 * len(texts), "the grammar takes fewer than it should"
    print(f"reading: of {len(texts)} queries the grammar takes {len(taken)}, not counting {len(defined)} with DEFINE")
    names = called(taken.values())
    oracle.exist(names["procedures"])
    read = dict(zip(taken, reading(taken, names)))
    for text, mine in read.items():
        compare_reading(text, taken[text], mine, names, oracle, differences)
    oracle.close()
    return {text: [start for _, start, _ in mine["clauses"]] for text, mine in read.items() if mine.get("clauses")}


def compare_reading(text, theirs, mine, names, oracle, differences):
    of = Offsets(text)
    differences.same("tokens", text, of.tokens(theirs["tokens"]), own_tokens(text, mine))
    clauses = sorted([KINDS.get(kind, kind), *of.span(*at)] for kind, *at in theirs["clauses"])
    # SHOW, commands and several statements at once are not read by clauses.
    if clauses and "composableCommandClauses" not in (kind for kind, *_ in clauses) and theirs["statements"] == 1:
        ours = [[kind.removeprefix("Optional"), *at] for kind, *at in mine.get("clauses", [])]
        differences.same("clauses", text, clauses, mine.get("unclear") or sorted(ours))
    found = mine["found"]
    if "link" in found:
        return
    if "refused" in found:
        if found["refused"].endswith(NOT_TAKEN):
            differences.compared["not taken on"] += 1
            return
        taken = [cypher for cypher in (5, 25) if not oracle.errors(text, cypher)]
        differences.same("refused", text, f"takes it in Cypher {taken}" if taken else found["refused"], found["refused"])
        return
    differences.same("calls", text, [of.call(call) for call in theirs["calls"] if known(call)], found["calls"])
    functions = [of.span(*call["at"]) for call in theirs["functions"] if ".".join(call["parts"]) in names["functions"]]
    differences.same("functions", text, sorted(functions), sorted(found["functions"]))


def known(call):
    """Can a name be one of facebolt's? Its parts cannot hold points."""
    return not any("." in part for part in call["parts"])


def called(readings):
    """All names that are called."""
    procedures, functions = {}, set()
    for read in readings:
        for call in filter(known, read["calls"]):
            most, columns = procedures.setdefault(".".join(call["parts"]), (0, []))
            columns.extend(dict.fromkeys(names[0] for names in call["yields"] if names[0] not in columns))
            procedures[".".join(call["parts"])] = (max(most, len(call["arguments"])), columns)
        functions.update(".".join(call["parts"]) for call in filter(known, read["functions"]))
    functions = sorted(name for name in functions if name.lower() not in OWN_SYNTAX)
    # A procedure of ours has columns.
    return {"procedures": [[name, most, columns or ["x"]] for name, (most, columns) in procedures.items()], "functions": functions}


class Offsets:
    """Neo4j's front end counts characters, facebolt bytes."""

    def __init__(self, text):
        self._text = text
        self._at = [0]
        for character in text:
            self._at.append(self._at[-1] + len(character.encode()))

    def span(self, start, end):
        return [self._at[start], self._at[end]]

    def call(self, call):
        yields = [[names[0], names[-1]] for names in call["yields"]]
        return {"at": self.span(*call["at"]), "arguments": [self.span(*at) for at in call["arguments"]], "yields": yields}

    def tokens(self, tokens):
        return [self.span(*at) for at in tokens if is_word(self._text[at[0]])]


def is_word(character):
    return character.isalnum() or character in "_`'\""


def own_tokens(text, mine):
    data = text.encode()
    spans = [at for _, *at in mine.get("tokens", [])]
    return [at for at in spans if is_word(data[at[0] :].decode()[0])]


def labels(differences):
    """The labelled queries: what is found is what their labels say, as it is written there."""
    entries = json.loads((prepare.ROOT / "tests" / "data" / "cypher_recognition.json").read_text())
    names = {"procedures": [["face.embed", 2, COLUMNS]], "functions": FUNCTIONS}
    for entry, mine in zip(entries, reading([entry["text"] for entry in entries], names)):
        data, found = entry["text"].encode(), mine["found"]
        hits = [["P", call["at"]] for call in found.get("calls", [])] + [["F", at] for at in found.get("functions", [])]
        written = [[kind, data[start:end].decode()] for kind, (start, end) in hits]
        differences.same("labels", entry["text"], entry["hits"], found.get("refused") or written)


def rewrites(read, cypher, every, differences):
    """Puts calls into the texts and compares what is taken."""
    oracle = Oracle()
    shapes = {re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "0", text): text for text in read}
    asked = list(shapes.values())[::every]
    taken = [text for text in asked if not oracle.errors(text, cypher)]
    cases = [injected(text, read[text], number) for number, text in enumerate(taken)]
    passed = sent = 0
    for case, mine in zip(cases, reading(cases)):
        errors = oracle.errors(case, cypher)
        what = f"rewritten, Cypher {cypher}"
        if errors:
            wrongly = mine["sent"] and not oracle.errors(mine["sent"][0], cypher)
            differences.same(what, case, errors, ["taken", mine["sent"][0]] if wrongly else errors)
            continue
        passed += 1
        sent += len(mine["sent"])
        said = mine["refused"] or [[text, wrong] for text in mine["sent"] if (wrong := oracle.errors(text, cypher))]
        differences.same(what, case, [], said if mine["sent"] or mine["refused"] else "not seen")
    oracle.close()
    return len(asked), len(taken), len(cases), passed, sent


def injected(text, clauses, number):
    """The text with a call before one of its clauses; which and where goes round with the number."""
    data = text.encode()
    at = clauses[number // len(CALLS) % len(clauses)]
    return (data[:at] + CALLS[number % len(CALLS)].encode() + data[at:]).decode()


if __name__ == "__main__":
    main()
