"""The clients: how each is installed below target/, and how it is run."""

import dataclasses
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


def all_clients():
    npm = {"NODE_PATH": str(BUILT / "javascript" / "node_modules")}
    javascript = ("node", HERE / "javascript" / "main.js")
    python = (ROOT / "scripts" / "python", HERE / "python_driver" / "main.py")
    old_python = {"FACEBOLT_TEST_REQUIREMENTS": str(HERE / "python_driver" / "requirements-5.28.txt")}
    return (
        Client("python", "Python driver", "6.4.1", python, _nothing),
        Client("python5", "Python driver", "5.28.8", python, _nothing, old_python),
        Client("javascript", "JavaScript driver", JAVASCRIPT, javascript, _npm, npm),
        Client(
            "websocket",
            "JavaScript driver, browser build over WebSocket",
            JAVASCRIPT,
            javascript,
            _npm,
            {**npm, "FACEBOLT_TEST_TRANSPORT": "websocket"},
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
