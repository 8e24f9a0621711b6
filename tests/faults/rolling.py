"""Two facebolts behind HAProxy, restarted one after the other under load: no statement may fail."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

from process import under_load

HAPROXY = """\
global
    maxconn 4000
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
    retries 5
    option redispatch 1
frontend bolt
    bind 127.0.0.1:{port}
    default_backend facebolts
backend facebolts
    balance leastconn
    option httpchk GET /health/ready
    default-server check inter 200ms fall 1 rise 1
{servers}
"""


def rolled(server, serve, times):
    fronts = [serve(server.address, "30s", 'drain_timeout = "1m"') for _ in range(2)]
    rounds = iter(range(times))

    def restart():
        front = fronts[next(rounds) % 2]
        front.signal(signal.SIGTERM)
        if code := front.wait(90):
            raise RuntimeError(f"facebolt ended with {code}")
        again(front)
        # As an operator would: the next one only when the balancer has seen this one.
        time.sleep(0.5)

    with balanced(fronts) as address:
        name = f"{times} rolling restarts of two facebolts behind HAProxy"
        return under_load(name, server, lambda: address, restart, times, lambda: fronts[0], strict=True)


def again(front):
    """Starts a facebolt that has ended, on the ports that it had."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("FACEBOLT_")}
    environment |= {name: text for name, text in os.environ.items() if name.startswith("FACEBOLT_MODELS__")}
    with open(front.log, "ab") as log:
        front._process = subprocess.Popen(
            front._process.args, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
        )
    front._wait(front._is_ready)


@contextlib.contextmanager
def balanced(fronts):
    """The address of an HAProxy in front of them."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lines = [
        f"    server facebolt{number} {front.address} port {front._admin.rsplit(':', 1)[1]}"
        for number, front in enumerate(fronts)
    ]
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "haproxy.cfg"
        config.write_text(HAPROXY.format(port=port, servers="\n".join(lines)))
        process = subprocess.Popen(["haproxy", "-db", "-f", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(1)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()
