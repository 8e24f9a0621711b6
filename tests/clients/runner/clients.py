"""The clients: how each is installed below target/, and how it is run."""

import dataclasses
import functools
import os
import shutil
import subprocess
import sys

from facebolt import ROOT, TARGET

sys.path.insert(0, str(ROOT / "tests" / "neo4j"))
import install

HERE = ROOT / "tests" / "clients"
BUILT = TARGET / "clients"
JAVASCRIPT = "6.3.0"


@dataclasses.dataclass(frozen=True)
class Client:
    """One column of the table. Its program takes names of promises and prints a line for each."""

    name: str
    title: str
    version: str
    command: tuple
    prepare: object
    environment: dict = dataclasses.field(default_factory=dict)
    # Whether `make test` runs it.
    quick: bool = False


def all_clients():
    npm = {"NODE_PATH": str(BUILT / "javascript" / "node_modules")}
    javascript = ("node", HERE / "javascript" / "main.js")
    python = (ROOT / "scripts" / "python", HERE / "python_driver" / "main.py")
    rust = BUILT / "rust" / "debug"
    old_python = {"FACEBOLT_TEST_REQUIREMENTS": str(HERE / "python_driver" / "requirements-5.28.txt")}
    return (
        Client("python", "Python driver", "6.4.1", python, _nothing, quick=True),
        Client("python5", "Python driver", "5.28.8", python, _nothing, old_python, quick=True),
        Client("go", "Go driver", "6.2.0", (BUILT / "go" / "promises",), _go),
        _shell(),
        _java(),
        Client("rust", "Rust driver `neo4j`", "0.2.0", (rust / "promises-neo4j",), _rust, quick=True),
        Client("neo4rs", "Rust driver `neo4rs`", "0.9.0-rc.11", (rust / "promises-neo4rs",), _rust, quick=True),
        Client("javascript", "JavaScript driver", JAVASCRIPT, javascript, _npm, npm, quick=True),
        Client(
            "websocket",
            "JavaScript driver, browser build over WebSocket",
            JAVASCRIPT,
            javascript,
            _npm,
            {**npm, "FACEBOLT_TEST_TRANSPORT": "websocket"},
            quick=True,
        ),
    )


def run(command, **options):
    """Runs an installer; RuntimeError with its last words if it fails."""
    command = [str(part) for part in command]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        raise RuntimeError(f"failed: {' '.join(command)}\n{done.stdout[-4000:]}")


def _nothing():
    """For what installs itself when it is run, or came with the runner."""


def _go():
    """The program, as go.sum pins its driver."""
    # Else a file of a workspace above would have a say.
    environment = {**os.environ, "GOWORK": "off", "GOFLAGS": "-mod=readonly"}
    run([ROOT / "scripts" / "go", "build", "-o", BUILT / "go" / "promises", "."], cwd=HERE / "go", env=environment)


@functools.cache
def _rust():
    """The programs, as their Cargo.lock pins the drivers; they have a target directory of their own."""
    environment = {**os.environ, "CARGO_TARGET_DIR": str(BUILT / "rust")}
    run(["cargo", "build", "--locked", "--quiet"], cwd=HERE / "rust", env=environment)


def _shell():
    """cypher-shell, which Maven has no newer one of."""
    version = "5.26.30"
    program = (ROOT / "scripts" / "python", HERE / "shell" / "main.py")
    jars = install.ROOT / f"cypher-shell-{version}"
    prepare = lambda: install.jars(jars.name, [("org.neo4j", "cypher-shell", version)])
    return Client("shell", "cypher-shell", version, (*program, "java", jars / "*"), prepare)


def _java():
    """The driver from Maven, and the program, compiled."""
    version = "6.2.1"
    artifacts = [("org.neo4j.driver", "neo4j-java-driver", version)]
    jars = install.ROOT / f"java-driver-{version}"
    classes = BUILT / "java"

    def prepare():
        install.jars(jars.name, artifacts)
        javac = install.need("javac", "default-jdk-headless")
        classes.mkdir(parents=True, exist_ok=True)
        sources = sorted((HERE / "java").glob("*.java"))
        run([javac, "--release", "17", "-cp", f"{jars}/*", "-d", classes, *sources])

    program = ("java", "-Djava.util.logging.config.file=" + str(HERE / "java" / "logging.properties"))
    return Client("java", "Java driver", version, (*program, "-cp", f"{classes}:{jars}/*", "Main"), prepare)


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
