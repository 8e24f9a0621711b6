"""A photo server on loopback that counts what is asked of it, and a forwarder that counts connections."""

import base64
import contextlib
import http.server
import pathlib
import select
import socket
import threading
import time
import urllib.parse

PHOTOS = pathlib.Path(__file__).resolve().parents[2] / "photos"


def data_url(name):
    """The photo `name` as a data: URL."""
    return "data:image/jpeg;base64," + base64.b64encode((PHOTOS / name).read_bytes()).decode()


class ImageServer:
    """Serves `tests/photos`. `/missing` is 404, `/text` is no image, `/held` is obama.jpg after `release`."""

    def __init__(self):
        self._count = 0
        self._lock = threading.Lock()
        self._held = threading.Event()
        self.asked = threading.Event()
        self.left = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer._answer(self)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"127.0.0.1:{self._server.server_port}"

    def url(self, name):
        return f"http://{self.address}/{name}"

    def requests(self):
        """How many requests have come in so far."""
        with self._lock:
            return self._count

    def release(self):
        """Lets every held request be answered."""
        self._held.set()

    def hold(self):
        """Requests for `/held` wait from now on; `asked` is set when one comes in, `left` when one is given up."""
        self._held.clear()
        self.asked.clear()
        self.left.clear()

    def close(self):
        self.release()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request):
        with self._lock:
            self._count += 1
        self.asked.set()
        name = urllib.parse.unquote(urllib.parse.urlsplit(request.path).path).lstrip("/")
        if name == "held":
            deadline = time.monotonic() + 120
            while not self._held.wait(0.02) and time.monotonic() < deadline:
                if _has_left(request.connection):
                    self.left.set()
                    return
            name = "obama.jpg"
        if name == "text":
            body = b"this is not an image"
        elif name in {path.name for path in PHOTOS.glob("*.jpg")}:
            body = (PHOTOS / name).read_bytes()
        else:
            request.send_error(404)
            return
        request.send_response(200)
        request.send_header("Content-Type", "image/jpeg")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        # Who has been kept waiting may be gone.
        with contextlib.suppress(ConnectionError):
            request.wfile.write(body)


def _has_left(connection):
    """Has the client closed its side?"""
    if not select.select([connection], [], [], 0)[0]:
        return False
    with contextlib.suppress(ConnectionError):
        return connection.recv(1, socket.MSG_PEEK) == b""
    return True


class Forwarder:
    """A plain TCP forwarder in front of `address` that counts the connections made to it."""

    def __init__(self, address, listener=None):
        """`listener` is a socket that is bound, and may listen already."""
        host, target = address.rsplit(":", 1)
        self._target = (host, int(target))
        self._listener = listener or socket.create_server(("127.0.0.1", 0))
        self._listener.listen()
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        self.connections = 0
        self._sockets = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        # A thread that waits in accept() would keep the port open.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def cut(self):
        """Ends every connection, in both directions."""
        for side in self._sockets:
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            try:
                server = socket.create_connection(self._target, timeout=10)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            self._sockets += (client, server)
            for source, sink in ((client, server), (server, client)):
                sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=_copy, args=(source, sink), daemon=True).start()


def _copy(source, sink):
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
        return
    # Closing would not wake the thread that reads the other direction; this does.
    for side in (source, sink):
        with contextlib.suppress(OSError):
            side.shutdown(socket.SHUT_RDWR)
