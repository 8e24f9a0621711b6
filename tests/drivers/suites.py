"""The suites that drivers publish: where each comes from, how it is run against an address, and what it says."""

import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree

import instance
from facebolt import ROOT, TARGET

HERE = pathlib.Path(__file__).resolve().parent
BUILT = TARGET / "drivers"
GO = ROOT / "scripts" / "go"
SUITE_SECONDS = 1500


@dataclasses.dataclass(frozen=True)
class Suite:
    """`run(server, address)` gives how each test ended, by name: passed, failed or skipped."""

    name: str
    title: str
    prepare: object
    run: object


def all_suites():
    return (
        Suite("go6", "Go driver 6.2.0, integration tests", lambda: _go_prepare("v6", "v6.2.0"), _go("v6", "v6.2.0")),
        Suite("go5", "Go driver 5.28.4, integration tests", lambda: _go_prepare("v5", "v5.28.4"), _go("v5", "v5.28.4")),
        Suite("stress", "Go driver 6.2.0, stress and big data", lambda: _go_prepare("v6", "v6.2.0"), _stress),
        Suite("neo4rs", "neo4rs 0.9.0-rc.11, integration tests", lambda: _neo4rs_prepare(False), _neo4rs(False)),
        Suite("neo4rs2", "neo4rs 0.9.0-rc.11, its second Bolt", lambda: _neo4rs_prepare(True), _neo4rs(True)),
        Suite("neomodel", "neomodel 7.0.0 on the Python driver 6.1", _neomodel_prepare, _neomodel),
    )


class Broken(Exception):
    """A suite could not be had or did not run to its end; the message says why."""


def run(command, log, folder, environment):
    """Runs a suite with all that it prints in `log`; Broken if it does not end. Its exit code says only whether a test
    has failed.
    """
    command = [str(part) for part in command]
    with open(log, "w") as said:
        try:
            return subprocess.run(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                timeout=SUITE_SECONDS,
            ).returncode
        except subprocess.TimeoutExpired:
            raise Broken(f"not done after {SUITE_SECONDS} s: {' '.join(command)}; see {log}") from None


def must(command, **options):
    """What a program prints that has to succeed."""
    command = [str(part) for part in command]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    if done.returncode != 0:
        raise Broken(f"failed: {' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


# Go: the module holds its tests, but in a cache that is read-only.


def _go_module(major):
    return BUILT / f"go-driver-{major}"


def _go_prepare(major, version):
    folder = _go_module(major)
    if folder.exists():
        return
    found = json.loads(must([GO, "mod", "download", "-json", f"github.com/neo4j/neo4j-go-driver/{major}@{version}"]))
    scratch = BUILT / f".new-{major}"
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(found["Dir"], scratch, copy_function=shutil.copyfile)
    for path in [scratch, *scratch.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    scratch.rename(folder)


def _go(major, version):
    def tests(server, address, log):
        host, port = address.split(":")
        environment = os.environ | {
            "TEST_NEO4J_HOST": host,
            "TEST_NEO4J_PORT": port,
            "TEST_NEO4J_SCHEME": "neo4j",
            "TEST_NEO4J_USER": server["user"],
            "TEST_NEO4J_PASS": server["password"],
            # It takes no year for a version, and asks only whether a feature is there.
            "TEST_NEO4J_VERSION": "5.26.0",
        }
        command = [GO, "test", "-p", "1", "-count=1", "-timeout=20m", "-json", "./neo4j/test-integration/"]
        run(command, log, _go_module(major), environment)
        return _go_outcomes(log.read_text(errors="replace"))

    return tests


def _go_outcomes(said):
    words = {"pass": "passed", "fail": "failed", "skip": "skipped"}
    outcomes = {}
    for line in said.splitlines():
        if line.startswith("{"):
            event = json.loads(line)
            if event.get("Test") and event["Action"] in words:
                outcomes[event["Test"]] = words[event["Action"]]
    return outcomes


def _stress(server, address, log):
    """Twenty goroutines with random work, good and bad, then a million nodes' worth of rows."""
    login = ["-user", server["user"], "-password", server["password"]]
    command = [GO, "run", "./test-stress", "-uri", f"neo4j://{address}", *login, "-seconds", "15", "-big"]
    code = run(command, log, _go_module("v6"), None)
    return {"stress": "failed" if code else "passed"}


# neo4rs: the crate holds its tests, but neither their manifest nor what starts a Neo4j without Docker.


def _neo4rs_features(second):
    return ["--features", "unstable-bolt-protocol-impl-v2"] if second else []


def _neo4rs_prepare(second):
    folder = BUILT / "neo4rs"
    (folder / "src").mkdir(parents=True, exist_ok=True)
    for name in ("Cargo.toml", "Cargo.lock"):
        shutil.copy(HERE / "neo4rs" / name, folder)
    (folder / "src" / "lib.rs").touch()
    packages = json.loads(must(["cargo", "metadata", "--locked", "--format-version=1"], cwd=folder))["packages"]
    (manifest,) = (package["manifest_path"] for package in packages if package["name"] == "neo4rs")
    # Those that start no Neo4j talk to sockets of their own.
    tests = [
        path
        for path in sorted((pathlib.Path(manifest).parent / "integrationtests").glob("*.rs"))
        if path.name != "container.rs" and "mod container;" in path.read_text()
    ]
    for path in [*tests, HERE / "neo4rs" / "container.rs"]:
        shutil.copyfile(path, folder / "src" / path.name)
    modules = [f'#[path = "{path.name}"]\nmod {path.stem};\n' for path in tests]
    (folder / "src" / "lib.rs").write_text("#![cfg(test)]\n" + "".join(modules))
    must(["cargo", "test", "--locked", "--no-run", *_neo4rs_features(second)], cwd=folder, env=_neo4rs_environment())


def _neo4rs_environment():
    return os.environ | {"CARGO_TARGET_DIR": str(BUILT / "neo4rs" / "target")}


def _neo4rs(second):
    def tests(server, address, log):
        environment = _neo4rs_environment() | {
            "NEO4J_TEST_URI": f"neo4j://{address}",
            "NEO4J_TEST_USER": server["user"],
            "NEO4J_TEST_PASS": server["password"],
            "NEO4J_VERSION_TAG": server["version"],
        }
        command = ["cargo", "test", "--locked", *_neo4rs_features(second), "--", "--test-threads=1"]
        run(command, log, BUILT / "neo4rs", environment)
        words = {"ok": "passed", "FAILED": "failed", "ignored": "skipped"}
        # What a test prints may stand between its name and its outcome.
        found = re.findall(r"^test (\S+)(?: - should panic)? \.\.\. (?:.*?)\b(ok|FAILED|ignored)$", log.read_text(errors="replace"), re.M | re.S)
        return {name: words[word] for name, word in found}

    return tests


# neomodel: an object mapper with a large suite of its own; only the source distribution has it.


def _neomodel_prepare():
    folder = BUILT / "neomodel"
    if folder.exists():
        return
    scratch = BUILT / ".new-neomodel"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    download = ["download", "-q", "--no-deps", "--no-binary", ":all:", "--require-hashes", "-d", scratch]
    must([sys.executable, "-m", "pip", *download, "-r", HERE / "neomodel.txt"])
    (archive,) = scratch.glob("*.tar.gz")
    must(["tar", "-xzf", archive, "-C", scratch])
    next(scratch.glob("neomodel-*/")).rename(folder)
    shutil.rmtree(scratch)


def _neomodel(server, address, log):
    # Some of its tests know the address and the password.
    password = "foobarbaz"
    instance.set_password(server["http"].rsplit(":", 1)[1], server["password"], password)
    folder = BUILT / "neomodel-here"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(BUILT / "neomodel", folder)
    # A test writes there; archives hold no empty folders.
    (folder / "test" / "data").mkdir(exist_ok=True)
    for path in folder.glob("test/**/*.py"):
        # One of its own messages names that address as an example.
        elsewhere = r"(?<!Expecting url format: bolt://user:password@)localhost:7687"
        path.write_text(re.sub(elsewhere, address, path.read_text()))
    environment = os.environ | {
        "FACEBOLT_TEST_REQUIREMENTS": str(HERE / "requirements-neomodel.txt"),
        # Its tests of its commands call them.
        "PATH": f"{TARGET / 'clients' / 'venv-neomodel' / 'bin'}:{os.environ['PATH']}",
        "NEO4J_URL": f"bolt://{address}",
        "NEO4J_USERNAME": server["user"],
        "NEO4J_PASSWORD": password,
        "NEO4J_BOLT_URL": f"bolt://{server['user']}:{password}@{address}",
    }
    report = log.with_suffix(".xml")
    report.unlink(missing_ok=True)
    command = [ROOT / "scripts" / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
    run(command, log, folder, environment)
    if not report.exists():
        raise Broken(f"pytest has written no report: see {log}")
    outcomes = {}
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        ended = {child.tag for child in case}
        word = "failed" if ended & {"failure", "error"} else "skipped" if "skipped" in ended else "passed"
        outcomes[f"{case.get('classname')}::{case.get('name')}".replace(address, "localhost:7687")] = word
    return outcomes
