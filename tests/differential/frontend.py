"""Holds how facebolt reads and rewrites Cypher against Neo4j's own front end.

    frontend.py [--tenth] [--every N] [-v]

Of each query of the corpus that the front end takes, in Cypher 5 and 25, all tokens must end where it says. A CALL of
face.embed is put before each of its clauses: where the front end takes that text, it must take all that facebolt sends
in its place; where it does not, facebolt must not make it run. --every N keeps every Nth query.
"""

import argparse
import json
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True

import corpus
import prepare
from prepare import facebolt, install

SOURCE = prepare.HERE / "frontend"
CALLS = ("CALL face.embed('x') YIELD index AS faceIndex ", "CALL face.embed(toString(1) + 'x') YIELD index AS faceIndex ")
MOST = 4


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenth", action="store_true")
    parser.add_argument("--every", type=int, default=1, metavar="N")
    parser.add_argument("-v", "--verbose", action="store_true")
    arguments = parser.parse_args()
    every = 10 if arguments.tenth else arguments.every

    texts = corpus.texts()
    kept = texts[::every]
    oracle, ours = Oracle(), {text: read for text, read in zip(kept, reading(kept))}
    wrong, tokens, injected, equal = [], 0, 0, 0
    for cypher in (5, 25):
        valid = [text for text, said in zip(kept, oracle.ask(kept, cypher, lex=True)) if not said["errors"]]
        for text in valid:
            theirs = oracle.tokens[text]
            mine = ours[text]["tokens"]
            # The front end's lexer does not see \uXXXX as Neo4j does.
            if "\\u" in text:
                continue
            tokens += 1
            if mine is None or differ(text, theirs, mine):
                wrong.append(f"tokens, Cypher {cypher}: {text!r}")
        cases = list(dict.fromkeys(case for text in valid for case in injections(text, ours[text])))
        sent = reading(cases)
        verdicts = [not said["errors"] for said in oracle.ask(cases, cypher)]
        flat = [text for case in sent for text in case["sent"]]
        passes = iter([said["errors"] for said in oracle.ask(flat, cypher)])
        for case, read, good in zip(cases, sent, verdicts):
            injected += 1
            errors = [next(passes) for _ in read["sent"]]
            if good and (read["refused"] or any(errors)):
                wrong.append(f"Cypher {cypher}: {case!r}\n    {read['refused'] or [*zip(read['sent'], errors)]}")
            elif not good and errors and not errors[0]:
                wrong.append(f"Cypher {cypher}, taken though Neo4j refuses it: {case!r}\n    {read['sent'][0]}")
            else:
                equal += 1
    oracle.close()
    for text in wrong if arguments.verbose else wrong[:40]:
        print(f"--- {text}")
    print(f"\n{len(kept)} of {len(texts)} queries: tokens of {tokens}, {injected} with a call put in, {equal} of these alike")
    print(f"{tokens + injected - len(wrong)} passed, {len(wrong)} failed")
    sys.exit(1 if wrong else 0)


def differ(text, theirs, mine):
    """Do tokens end at different places? Ours may hold what the front end cuts into more, and the other way round."""
    # Theirs count characters, ours bytes.
    at = [0]
    for character in text:
        at.append(at[-1] + len(character.encode()))
    theirs = {at[start] for start, _ in theirs}
    words = {start for kind, start, _ in mine if kind in ("Word", "Quoted", "String", "Number")}
    return not words <= theirs


def injections(text, read):
    """The text with a call before each clause."""
    for call in CALLS:
        for _, start, _ in (read["clauses"] or [])[:MOST]:
            data = text.encode()
            yield (data[:start] + call.encode() + data[start:]).decode()


def reading(texts):
    """How facebolt reads each text."""
    program = facebolt.TARGET / "debug" / "examples" / "cypher_reading"
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    done = subprocess.run([program], input=lines, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


class Oracle:
    """Neo4j's front end in a process of its own."""

    def __init__(self):
        folder = prepare.WORK / "frontend"
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCE / name, folder)
        if not (folder / "node_modules").exists():
            subprocess.run([install.need("npm", "npm"), "ci", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True)
        command = [install.need("node", "nodejs"), SOURCE / "oracle.mjs", folder]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.tokens = {}

    def ask(self, texts, cypher, lex=False):
        """What it says of each text."""
        said = []
        for text in texts:
            self._process.stdin.write(json.dumps({"text": text, "cypher": cypher, "lex": lex}) + "\n")
            self._process.stdin.flush()
            said.append(json.loads(self._process.stdout.readline()))
            if lex:
                self.tokens[text] = said[-1]["tokens"]
        return said

    def close(self):
        self._process.stdin.close()
        self._process.wait()


if __name__ == "__main__":
    main()
