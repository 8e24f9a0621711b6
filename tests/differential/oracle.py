"""The two readers of Cypher: Neo4j's own front end, and facebolt's."""

import json
import pathlib
import shutil
import subprocess

import prepare
from prepare import facebolt, install

SOURCE = prepare.HERE / "frontend"


class Oracle:
    """Neo4j's front end in a process of its own."""

    def __init__(self):
        folder = prepare.WORK / "frontend"
        folder.mkdir(parents=True, exist_ok=True)
        lock = SOURCE / "package-lock.json"
        installed = folder / "node_modules" / "installed.json"
        if not installed.exists() or installed.read_text() != lock.read_text():
            for name in ("package.json", lock.name):
                shutil.copy(SOURCE / name, folder)
            command = [install.need("npm", "npm"), "ci", "--no-audit", "--no-fund", "--loglevel=error"]
            subprocess.run(command, cwd=folder, check=True)
            shutil.copy(lock, installed)
        command = [install.need("node", "nodejs"), SOURCE / "oracle.mjs", folder]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def parse(self, text):
        """How the grammar reads a text; None: it does not take it."""
        return self._ask({"parse": text})

    def errors(self, text, cypher):
        """What is wrong with a text."""
        return self._ask({"check": text, "cypher": cypher})

    def exist(self, procedures):
        self._ask({"procedures": procedures})

    def _ask(self, request):
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self):
        self._process.stdin.close()
        self._process.wait()


def reading(texts, names=None):
    """How facebolt reads each text, with these names for its own."""
    program = [facebolt.TARGET / "debug" / "examples" / "cypher_reading"]
    if names:
        file = pathlib.Path(prepare.WORK / "names.json")
        file.write_text(json.dumps(names))
        program.append(file)
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    done = subprocess.run(program, input=lines, stdout=subprocess.PIPE, text=True, check=True)
    read = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(read) == len(texts)
    return read
