"""A running Neo4j of our own: its configuration, its start and its end."""

import base64
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import install
from install import Failure

READY_SECONDS = 180
OPENED = ("java.nio", "java.io", "sun.nio.ch", "java.lang", "java.util.concurrent", "java.util")


class Instance:
    """One Neo4j with its own home, ports and data below `target/neo4j`."""

    def __init__(self, of, gds=False, name=None):
        self.of = of
        self.gds = gds
        self.name = "-".join(filter(None, (of.version, "gds" if gds else None, name)))
        self.home = install.ROOT / self.name
        self.state = self.home / "instance.json"

    def running(self):
        """How to reach it, or None if it does not run."""
        try:
            state = json.loads(self.state.read_text())
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        alive = f"--home-dir={self.home}" in _command_line(state["pid"])
        return state if alive else None

    def start(self, port=None, settings=(), plugins=(), keep=False):
        """Starts it on empty data unless it runs already; returns how to reach it.

        A running one is returned as it is, whatever its settings. Tests that start the same instance at
        the same time all wait for the one that came first. With `keep` one that was killed starts again, on
        the data that it left and at the same ports.
        """
        jars, java = install.neo4j(self.of), install.java(self.of)
        plugins = [*plugins, *(install.gds(self.of) if self.gds else [])]
        with install.locked(self.name):
            running = self.running()
            if running:
                if port and not running["bolt"].endswith(f":{port}"):
                    raise Failure(f"{self.name} already runs at {running['bolt']}: stop it to move it to port {port}")
                return running
            if keep:
                return self._start(jars, plugins, java, None, settings, left=self._left())
            # Another program may take a free port before Neo4j does: then try others.
            for attempt in range(3):
                try:
                    return self._start(jars, plugins, java, port or _free_port(), settings)
                except _PortTaken as taken:
                    if port or attempt == 2:
                        raise Failure(str(taken)) from None
            raise AssertionError("the loop returns or raises")

    def stop(self):
        """Stops it if it runs; tells whether it did. Its logs stay."""
        with install.locked(self.name):
            running = self.running()
            if not running:
                return False
            self._end(running["pid"])
            return True

    def _left(self):
        try:
            return json.loads(self.state.read_text())
        except (FileNotFoundError, NotADirectoryError, ValueError):
            raise Failure(f"{self.name} has left no data to keep") from None

    def _start(self, jars, plugins, java, port, settings, left=None):
        kept = () if left is None else ("data", "logs")
        for folder in ("data", "conf", "plugins", "run", "logs", "import", "licenses", "lib"):
            if folder not in kept:
                shutil.rmtree(self.home / folder, ignore_errors=True)
                (self.home / folder).mkdir(parents=True)
        for jar in plugins:
            (self.home / "plugins" / jar.name).symlink_to(jar)
        port, http = _ports(left) if left else (port, _free_port())
        (self.home / "conf" / "neo4j.conf").write_text(self._configuration(port, http, settings))
        console = self.home / "logs" / "console.log"
        command = [java, "-Xms512m", "-Xmx2g", "-XX:+UseG1GC", "-Dfile.encoding=UTF-8"]
        command += [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED]
        command += ["-cp", f"{self.home}/plugins/*:{self.home}/conf:{jars}/*", self.of.main]
        command += [f"--home-dir={self.home}", f"--config-dir={self.home}/conf"]
        with open(console, "wb") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.home, start_new_session=True
            )
        try:
            self._wait_until_ready(process, port, http, console)
            password = ""
            if left:
                password = left["password"]
            elif "dbms.security.auth_enabled=false" not in settings:
                # The one every Neo4j is born with serves nothing until it is changed.
                password = secrets.token_hex(12)
                set_password(http, "neo4j", password)
        except BaseException:
            self._end(process.pid)
            raise
        state = {
            "version": self.of.version,
            "gds": self.gds,
            "bolt": f"127.0.0.1:{port}",
            "http": f"http://127.0.0.1:{http}",
            "user": "neo4j",
            "password": password,
            "lock": str(install.ROOT / f".{self.name}-data.lock"),
            "pid": process.pid,
            "home": str(self.home),
        }
        self.state.write_text(json.dumps(state))
        return state

    def _configuration(self, port, http, settings):
        lines = [
            "server.default_listen_address=127.0.0.1",
            "server.bolt.enabled=true",
            f"server.bolt.listen_address=127.0.0.1:{port}",
            f"server.bolt.advertised_address=127.0.0.1:{port}",
            "server.http.enabled=true",
            f"server.http.listen_address=127.0.0.1:{http}",
            "server.memory.pagecache.size=256m",
            "dbms.usage_report.enabled=false",
            # A test with a wrong password must not lock the others out.
            "dbms.security.auth_max_failed_attempts=0",
        ]
        if self.gds:
            lines.append("dbms.security.procedures.unrestricted=gds.*")
        ours = {setting.split("=", 1)[0] for setting in settings}
        return "\n".join([line for line in lines if line.split("=", 1)[0] not in ours] + list(settings)) + "\n"

    def _wait_until_ready(self, process, port, http, console):
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                said = console.read_text(errors="replace")[-3000:]
                kind = _PortTaken if "BindException" in said or "Address already in use" in said else Failure
                raise kind(f"{self.name} ended at once (code {process.returncode}). {console} says:\n{said}")
            if _accepts(port) and _answers(http):
                return
            time.sleep(0.1)
        raise Failure(f"{self.name} was not ready after {READY_SECONDS} s; see {console}")

    def _end(self, pid):
        # Its data is thrown away at the next start, so there is nothing worth 10 s of orderly shutdown.
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        while _command_line(pid):
            time.sleep(0.05)
        self.state.unlink(missing_ok=True)


class _PortTaken(Failure):
    pass


def all_instances():
    """Every instance that was started here and not stopped since."""
    found = []
    for state in sorted(install.ROOT.glob("*/instance.json")):
        for of in install.RELEASES:
            name = state.parent.name
            if name == of.version or name.startswith(of.version + "-"):
                rest = name[len(of.version) + 1 :]
                gds = rest == "gds" or rest.startswith("gds-")
                found.append(Instance(of, gds, (rest[4:] if gds else rest) or None))
    return found


def given(of):
    """The server of the environment's `FACEBOLT_TEST_NEO4J` to use as release `of`, or None if it is not set.

    It holds one `bolt://user:password@host:port`, used whatever its version, or several with commas
    between: then the one that says it is of the release's major version.
    """
    text = os.environ.get("FACEBOLT_TEST_NEO4J", "").strip()
    if not text:
        return None
    servers = [_parse_given(url.strip()) for url in text.split(",")]
    if len(servers) == 1:
        return servers[0]
    major = of.version.split(".")[0]
    for server in servers:
        if server["version"].split(".")[0] == major:
            return server
    there = ", ".join(f"{s['bolt']} is {s['version']}" for s in servers)
    raise Failure(f"FACEBOLT_TEST_NEO4J names no Neo4j {major}: {there}")


def _parse_given(url):
    match = re.fullmatch(r"bolt://([^:@/]+):([^@]*)@((\[[^]]+\]|[^:@/]+):(\d+))/?", url)
    if not match:
        raise Failure("FACEBOLT_TEST_NEO4J must read bolt://user:password@host:port, maybe more with commas between")
    user, password, bolt, host, port = match.groups()
    version = _bolt_version(host.strip("[]"), int(port))
    install.ROOT.mkdir(parents=True, exist_ok=True)
    lock = install.ROOT / f".given-{host.strip('[]')}-{port}-data.lock"
    reached = {"version": version, "gds": None, "bolt": bolt, "http": None, "user": user, "password": password}
    return reached | {"lock": str(lock)}


def _bolt_version(host, port):
    """The version a server states in its answer to HELLO, before any login."""
    hello = bytes.fromhex("b101a2") + _string("user_agent") + _string("facebolt-tests/1")
    hello += _string("bolt_agent") + b"\xa1" + _string("product") + _string("facebolt-tests/1")
    try:
        with socket.create_connection((host, port), timeout=10) as stream:
            stream.sendall(bytes.fromhex("6060b017 00080805 00000000 00000000 00000000"))
            stream.sendall(len(hello).to_bytes(2, "big") + hello + b"\0\0")
            answer = b""
            while not answer.endswith(b"\0\0") or len(answer) < 8:
                piece = stream.recv(4096)
                if not piece:
                    break
                answer += piece
    except OSError as error:
        raise Failure(f"FACEBOLT_TEST_NEO4J names {host}:{port}, which cannot be reached: {error}") from None
    match = re.search(rb"Neo4j/([0-9][0-9.]*)", answer)
    if not match:
        raise Failure(f"FACEBOLT_TEST_NEO4J names {host}:{port}, which does not answer as a Neo4j of Bolt 5")
    return match.group(1).decode()


def _string(text):
    data = text.encode()
    return (bytes([0x80 | len(data)]) if len(data) < 16 else b"\xd0" + bytes([len(data)])) + data


def _ports(state):
    return [int(state[name].rsplit(":", 1)[1]) for name in ("bolt", "http")]


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _accepts(port):
    try:
        # Where nobody listens, a connection may by chance be made from that very port: to itself.
        with socket.create_connection(("127.0.0.1", port), timeout=1) as probe:
            return probe.getsockname() != probe.getpeername()
    except OSError:
        return False


def _answers(http):
    try:
        request = urllib.request.Request(f"http://127.0.0.1:{http}/", headers={"Accept": "application/json"})
        with _direct().open(request, timeout=5) as answer:
            return "neo4j_version" in json.load(answer)
    except (OSError, ValueError):
        return False


def set_password(http, old, new):
    """Replaces the password of the user `neo4j`, at the HTTP port `http`."""
    statement = "ALTER CURRENT USER SET PASSWORD FROM $old TO $new"
    request = urllib.request.Request(
        f"http://127.0.0.1:{http}/db/system/query/v2",
        data=json.dumps({"statement": statement, "parameters": {"old": old, "new": new}}).encode(),
        headers={
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Authorization": "Basic " + base64.b64encode(f"neo4j:{old}".encode()).decode(),
        },
    )
    try:
        # The first statement of a JVM on a busy machine takes long.
        _direct().open(request, timeout=READY_SECONDS).close()
    except urllib.error.HTTPError as error:
        raise Failure(f"setting the password failed: {error} {error.read()[:500]!r}") from None


def _direct():
    """Loopback is never reached through a proxy of the environment."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _command_line(pid):
    """The command line of a process; empty if there is none, or only a zombie."""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        if pathlib.Path("/proc/self").exists():
            return ""
    done = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True)
    return done.stdout.strip()
