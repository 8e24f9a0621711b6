"""A `facebolt serve` of our own, with its configuration, log and metrics."""

import contextlib
import os
import pathlib
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
READY_SECONDS = 120


def binary():
    """The program under test: `FACEBOLT_BIN`, else the debug build."""
    path = pathlib.Path(os.environ.get("FACEBOLT_BIN") or TARGET / "debug" / "facebolt")
    if not os.access(path, os.X_OK):
        raise SystemExit(f"{path} does not exist: cargo build, or set FACEBOLT_BIN")
    return str(path)


class Facebolt:
    """One process in front of `backend` (host:port), stopped by `close`.

    `settings` are lines of TOML that replace the section they name. `ready` is False where the backend
    cannot be reached: then only the listening socket is waited for. `notify` is the path of a service manager's socket.
    """

    def __init__(self, backend, folder, settings=None, ready=True, notify=None):
        listen, admin, callback = _free_ports(3)
        self.address = f"127.0.0.1:{listen}"
        self._admin = f"http://127.0.0.1:{admin}"
        self.callback = f"127.0.0.1:{callback}"
        sections = {"callback": f'listen = "127.0.0.1:{callback}"\nurl = "http://127.0.0.1:{callback}"'}
        self._sections = sections | (settings or {})
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / f"facebolt-{listen}.toml"
        self.configure()
        self.log = folder / f"facebolt-{listen}.log"
        command = [binary(), "serve", "--listen", self.address, "--backend", f"bolt://{backend}"]
        command += ["--admin", f"127.0.0.1:{admin}", "--config", str(self.config)]
        # Only where the models lie is the caller's to say: the environment outranks the file.
        environment = {
            name: text
            for name, text in os.environ.items()
            if not name.startswith("FACEBOLT_") or name.startswith("FACEBOLT_MODELS__")
        }
        if notify:
            environment["NOTIFY_SOCKET"] = notify
        with open(self.log, "wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
            )
        try:
            self._wait(self._is_ready if ready else self._is_listening)
        except BaseException:
            self.close()
            raise

    def configure(self, **sections):
        """Writes the configuration with these sections in place of those it had; SIGHUP makes facebolt read it."""
        self._sections |= sections
        self.config.write_text("".join(f"[{name}]\n{lines}\n\n" for name, lines in self._sections.items()))

    def signal(self, number):
        self._process.send_signal(number)

    def wait(self, seconds=60):
        """Waits for its end; the exit code."""
        return self._process.wait(seconds)

    def health(self, what):
        """Status and text of `/health/...`."""
        try:
            with _direct().open(f"{self._admin}/health/{what}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def says(self, text):
        """Waits until the log has this text."""
        self._wait(lambda: text in self.log.read_text(errors="replace"))

    def close(self):
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def kill(self):
        """Ends it as a crash would: it cannot say goodbye."""
        self._process.kill()
        self._process.wait()

    def statements(self, **labels):
        """The sum of `facebolt_statements_total` over the series with these labels."""
        return self.metric("facebolt_statements_total", **labels)

    def metric(self, name, **labels):
        """The sum of a metric over the series that carry all of `labels`; 0 if there is none."""
        with _direct().open(f"{self._admin}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        total = 0.0
        for line in text.splitlines():
            match = re.fullmatch(re.escape(name) + r"(?:\{(.*)\})? ([^ ]+)(?: \d+)?", line)
            if match and labels.items() <= dict(re.findall(r'(\w+)="([^"]*)"', match[1] or "")).items():
                total += float(match[2])
        return total

    def open_files(self):
        """How many file descriptors it holds: of connections, mostly."""
        return len(os.listdir(f"/proc/{self._process.pid}/fd"))

    def resident_bytes(self):
        """Its resident memory, as Linux counts it."""
        status = pathlib.Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def _wait(self, condition):
        deadline = time.monotonic() + READY_SECONDS
        while not condition():
            said = self.log.read_text(errors="replace")[-3000:]
            if self._process.poll() is not None:
                raise RuntimeError(f"facebolt ended at once (code {self._process.returncode}):\n{said}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"facebolt was not ready after {READY_SECONDS} s:\n{said}")
            time.sleep(0.05)

    def _is_listening(self):
        host, port = self.address.split(":")
        try:
            # Where nobody listens, a connection may by chance be made from that very port: to itself.
            with socket.create_connection((host, int(port)), timeout=1) as probe:
                return probe.getsockname() != probe.getpeername()
        except OSError:
            return False

    def _is_ready(self):
        try:
            return _direct().open(f"{self._admin}/health/ready", timeout=5).status == 200
        except (urllib.error.URLError, OSError):
            return False


def _direct():
    """Loopback is never reached through a proxy of the environment."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _free_ports(count):
    """Different ones: each is held until all are found."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
