"""A TCP relay that breaks what passes through it: at a byte of either direction, in a way that is asked for."""

import dataclasses
import queue
import random
import select
import socket
import struct
import threading
import time

REQUESTS, ANSWERS = "requests", "answers"
DIRECTIONS = (REQUESTS, ANSWERS)
CUT, RESET, HALF, GARBAGE, STALL, TRICKLE = "cut", "reset", "half-close", "garbage", "stall", "trickle"
KINDS = (CUT, RESET, HALF, GARBAGE, STALL, TRICKLE)


@dataclasses.dataclass(frozen=True)
class Fault:
    """What happens to a connection once `offset` bytes have passed in one direction."""

    kind: str
    direction: str
    offset: int


class Injector:
    """Relays to `target`. A connection takes its fault from `draw`, which may say None, when its first byte comes.

    What is stalled is cut after `patience` seconds.
    """

    def __init__(self, target, draw=lambda: None, patience=60):
        self._target = _pair(target)
        self._draw, self._patience = draw, patience
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self.passed = dict.fromkeys(DIRECTIONS, 0)
        self.open = self.injected = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near):
        far = None
        with self._lock:
            self.open += 1
        try:
            select.select([near], [], [])
            # Who only looks whether somebody listens sends nothing, and takes no fault from others.
            if not near.recv(1, socket.MSG_PEEK):
                return
            far = socket.create_connection(self._target, timeout=30)
            far.settimeout(None)
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._relay(near, far, self._draw())
        except OSError:
            pass
        finally:
            near.close()
            if far:
                far.close()
            with self._lock:
                self.open -= 1

    def _relay(self, near, far, fault):
        to = {near: (far, REQUESTS), far: (near, ANSWERS)}
        passed = dict.fromkeys(DIRECTIONS, 0)
        reading, mute, slow, until = {near, far}, set(), set(), None
        while reading:
            ready = select.select(list(reading), [], [], None if until is None else max(0, until - time.monotonic()))[0]
            if not ready:
                return
            for source in ready:
                other, direction = to[source]
                data = source.recv(65536)
                if not data:
                    reading.discard(source)
                    if direction in mute:
                        return
                    other.shutdown(socket.SHUT_WR)
                    continue
                if direction in mute:
                    continue
                room = None
                if fault and fault.direction == direction:
                    room = fault.offset - passed[direction]
                if room is not None and len(data) >= room:
                    other.sendall(data[:room])
                    data, kind, fault = data[room:], fault.kind, None
                    with self._lock:
                        self.injected += 1
                    match kind:
                        case "cut":
                            return
                        case "reset":
                            for one in (near, far):
                                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                            return
                        case "half-close":
                            other.shutdown(socket.SHUT_WR)
                            mute.add(direction)
                            continue
                        case "stall":
                            mute.add(direction)
                            until = time.monotonic() + self._patience
                            continue
                        case "garbage":
                            data = random.Random(room).randbytes(16) + data
                        case "trickle":
                            slow.add(direction)
                    passed[direction] += room
                if direction in slow:
                    for at in range(len(data)):
                        other.sendall(data[at : at + 1])
                        time.sleep(0.0005)
                else:
                    other.sendall(data)
                passed[direction] += len(data)
                with self._lock:
                    self.passed[direction] += len(data)


def drawn_from(faults: queue.SimpleQueue):
    """Takes one after the other; none when there are no more."""

    def draw():
        try:
            return faults.get_nowait()
        except queue.Empty:
            return None

    return draw


def _pair(address):
    host, port = address.rsplit(":", 1)
    return host, int(port)
