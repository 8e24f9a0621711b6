"""A facebolt that cannot reach its Neo4j until a client has been told so."""

import contextlib
import socket
import threading

from images import Forwarder

# How often its metrics are read.
SECONDS = 0.1


@contextlib.contextmanager
def away(context):
    """The address of the facebolt. Whoever gets an answer there has tried at least twice."""
    # Nobody else can have the port meanwhile.
    port = socket.socket()
    port.bind(("127.0.0.1", 0))
    facebolt = context.serve(backend="127.0.0.1:%d" % port.getsockname()[1], ready=False)
    done = threading.Event()
    comes = threading.Thread(target=_come, args=(context, facebolt, port, done))
    comes.start()
    try:
        yield facebolt.address
    finally:
        done.set()
        comes.join()
        facebolt.close()


def _come(context, facebolt, port, done):
    while facebolt.metric("facebolt_backend_errors_total", reason="unreachable") == 0:
        if done.wait(SECONDS):
            port.close()
            return
    forwarder = Forwarder(context.server.address, port)
    done.wait()
    forwarder.close()
