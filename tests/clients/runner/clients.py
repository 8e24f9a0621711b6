"""The clients: how each is installed below target/, and how it is run."""

import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys

import facebolt
from facebolt import ROOT, TARGET

sys.path.insert(0, str(ROOT / "tests" / "neo4j"))
import install

HERE = ROOT / "tests" / "clients"
BUILT = TARGET / "clients"
PYTHON = "6.4.1"
PYTHON_LTS = "5.28.8"
JAVASCRIPT = "6.3.0"
JAVA = "6.2.1"
GO = "6.2.0"
SHELL = "5.26.30"


@dataclasses.dataclass(frozen=True)
class Client:
    """One column of the table. Its program takes names of promises and prints a line for each."""

    name: str
    title: str
    version: str
    command: tuple
    prepare: object
    environment: dict = dataclasses.field(default_factory=dict)


def all_clients():
    npm = {"NODE_PATH": str(BUILT / "javascript" / "node_modules")}
    javascript = ("node", HERE / "javascript" / "main.js")
    python = (ROOT / "scripts" / "python", HERE / "python" / "promises.py")
    lts = {"FACEBOLT_TEST_REQUIREMENTS": str(HERE / "python" / "requirements-5.txt")}
    return (
        Client("python", "Python driver", PYTHON, python, lambda: None),
        Client("python-5", "Python driver", PYTHON_LTS, python, lambda: None, lts),
        Client("javascript", "JavaScript driver", JAVASCRIPT, javascript, _npm, npm),
        Client(
            "websocket",
            "JavaScript driver, browser build over WebSocket",
            JAVASCRIPT,
            javascript,
            _npm,
            {**npm, "FACEBOLT_TEST_TRANSPORT": "websocket"},
        ),
        Client("java", "Java driver", JAVA, ("java", "-cp", _java_classpath(), "Main"), _java),
        Client("go", "Go driver", GO, (BUILT / "go" / "promises",), _go),
    )


def run(command, **options):
    """Runs an installer; RuntimeError with its last words if it fails."""
    command = [str(part) for part in command]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        raise RuntimeError(f"failed: {' '.join(command)}\n{done.stdout[-4000:]}")


def _npm():
    """The packages of package-lock.json."""
    folder = BUILT / "javascript"
    lock = HERE / "javascript" / "package-lock.json"
    installed = folder / "installed.json"
    if installed.exists() and installed.read_bytes() == lock.read_bytes():
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / "javascript" / name, folder)
    install.need("npm", "npm")
    run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder)
    shutil.copy(lock, installed)


def _java_classpath():
    jars = install.ROOT / f"lib-java-driver-{JAVA}"
    return f"{BUILT / 'java'}:{jars}/*"


def _java():
    install.jars(f"lib-java-driver-{JAVA}", [("org.neo4j.driver", "neo4j-java-driver", JAVA)])
    (BUILT / "java").mkdir(parents=True, exist_ok=True)
    sources = sorted((HERE / "java").glob("*.java"))
    run([install.need("javac", "openjdk-17-jdk-headless"), "--release", "17", "-d", BUILT / "java"]
        + ["-cp", _java_classpath(), *sources])


def _go():
    go = install.need("go", "golang (1.24 or newer: https://go.dev/dl)")
    run([go, "build", "-o", BUILT / "go" / "promises", "."], cwd=HERE / "go", env={**os.environ, "GOTOOLCHAIN": "local"})
