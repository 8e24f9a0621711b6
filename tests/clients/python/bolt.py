"""A bare Bolt client over a socket, for what a driver never sends: wrong orders, bad logins, pipelines.

Knows Bolt 5.1 and newer by the four-slot handshake, and PackStream's plain values.
"""

import dataclasses
import socket
import struct

MAGIC = bytes.fromhex("6060b017")
BOLT_5_8_TO_5_6_AND_5_4_TO_5_1 = bytes.fromhex("00020805 00030405 00000000 00000000")

HELLO, LOGON, LOGOFF, GOODBYE, RESET = 0x01, 0x6A, 0x6B, 0x02, 0x0F
RUN, PULL, DISCARD, BEGIN, COMMIT, ROLLBACK = 0x10, 0x3F, 0x2F, 0x11, 0x12, 0x13
SUCCESS, RECORD, IGNORED, FAILURE = 0x70, 0x71, 0x7E, 0x7F


@dataclasses.dataclass(frozen=True)
class Message:
    """A message, or any other structure: its tag byte and its fields."""

    tag: int
    fields: tuple = ()


class Closed(Exception):
    """The other side closed the connection."""


class Connection:
    """One connection; `send` writes all its messages in one segment, `receive` reads one answer."""

    def __init__(self, address, timeout=30, offers=BOLT_5_8_TO_5_6_AND_5_4_TO_5_1):
        host, port = address.rsplit(":", 1)
        self._socket = socket.create_connection((host, int(port)), timeout=timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(MAGIC + offers)
        chosen = self._exactly(4)
        self.version = (chosen[3], chosen[2])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def send(self, *messages):
        self.send_encoded(encoded(*messages))

    def send_encoded(self, data):
        """Sends messages that are encoded already."""
        self._socket.sendall(data)

    def receive(self):
        """The next message; NOOPs are passed over. `Closed` if there is none."""
        body = b""
        while True:
            size = int.from_bytes(self._exactly(2), "big")
            if size:
                body += self._exactly(size)
            elif body:
                return unpack(body)

    def summary(self):
        """The next message that is not a RECORD."""
        while (message := self.receive()).tag == RECORD:
            pass
        return message

    def skip_records(self):
        """Reads to the end of a stream as fast as Python can: nothing is decoded but the last message, which it returns."""
        with self._socket.makefile("rb", buffering=1 << 20) as stream:
            body = []
            while True:
                if size := int.from_bytes(stream.read(2), "big"):
                    body.append(stream.read(size))
                elif body:
                    if body[0][1] != RECORD:
                        return unpack(b"".join(body))
                    body.clear()

    def log_in(self, user, password):
        """HELLO and LOGON, each answered with SUCCESS."""
        self.send(hello(), logon(user, password))
        for what in ("HELLO", "LOGON"):
            answer = self.receive()
            if answer.tag != SUCCESS:
                raise AssertionError(f"{what} was answered with {answer}")

    def half_close(self):
        """Ends the client's side alone."""
        self._socket.shutdown(socket.SHUT_WR)

    def noop(self):
        """Waits for a NOOP; whatever else comes is wrong."""
        if (came := self._exactly(2)) != b"\0\0":
            raise AssertionError(f"{came.hex()} is no NOOP")

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            try:
                piece = self._socket.recv(count - len(data))
            except ConnectionResetError:
                piece = b""
            if not piece:
                raise Closed
            data += piece
        return data


def hello():
    agent = "facebolt-tests/1"
    return Message(HELLO, ({"user_agent": agent, "bolt_agent": {"product": agent}},))


def logon(user, password):
    return Message(LOGON, ({"scheme": "basic", "principal": user, "credentials": password},))


def run(text, parameters=None, extra=None):
    return Message(RUN, (text, parameters or {}, extra or {}))


def pull(n=-1):
    return Message(PULL, ({"n": n},))


def begin(extra=None):
    return Message(BEGIN, (extra or {},))


def encoded(*messages):
    """Messages as they are sent."""
    return b"".join(framed(pack(message)) for message in messages)


def framed(body):
    chunks = [body[start : start + 0xFFFF] for start in range(0, len(body), 0xFFFF)]
    return b"".join(len(chunk).to_bytes(2, "big") + chunk for chunk in chunks) + b"\0\0"


def pack(value):
    """One value in PackStream."""
    match value:
        case None:
            return b"\xc0"
        case bool():
            return b"\xc3" if value else b"\xc2"
        case int():
            return _pack_integer(value)
        case float():
            return b"\xc1" + struct.pack(">d", value)
        case str():
            data = value.encode()
            return _head(len(data), 0x80, b"\xd0\xd1\xd2") + data
        case list():
            return _head(len(value), 0x90, b"\xd4\xd5\xd6") + b"".join(map(pack, value))
        case dict():
            items = b"".join(pack(key) + pack(item) for key, item in value.items())
            return _head(len(value), 0xA0, b"\xd8\xd9\xda") + items
        case Message():
            return bytes([0xB0 | len(value.fields), value.tag]) + b"".join(map(pack, value.fields))
    raise TypeError(f"{type(value)} has no packing here")


def unpack(data):
    """The one value that `data` holds."""
    value, end = _unpack(data, 0)
    if end != len(data):
        raise ValueError(f"{len(data) - end} bytes behind the value")
    return value


def _pack_integer(value):
    if -16 <= value < 128:
        return struct.pack(">b", value)
    for marker, kind, bits in ((0xC8, "b", 8), (0xC9, "h", 16), (0xCA, "i", 32), (0xCB, "q", 64)):
        if -(1 << bits - 1) <= value < 1 << bits - 1:
            return bytes([marker]) + struct.pack(">" + kind, value)
    raise ValueError(f"{value} has more than 64 bits")


def _head(size, tiny, markers):
    if size < 16:
        return bytes([tiny | size])
    for marker, kind, bits in zip(markers, "BHI", (8, 16, 32)):
        if size < 1 << bits:
            return bytes([marker]) + struct.pack(">" + kind, size)
    raise ValueError(f"size {size} has more than 32 bits")


def _unpack(data, at):
    marker, at = data[at], at + 1
    if marker < 0x80 or marker >= 0xF0:
        return struct.unpack("b", bytes([marker]))[0], at
    if marker in _CONSTANTS:
        return _CONSTANTS[marker], at
    if marker in _NUMBERS:
        kind = _NUMBERS[marker]
        end = at + struct.calcsize(kind)
        return struct.unpack(kind, data[at:end])[0], end
    if marker < 0xC0:
        family, size = marker & 0xF0, marker & 0x0F
    else:
        family, width = _SIZED[marker]
        size, at = int.from_bytes(data[at : at + width], "big"), at + width
    if family == 0x80:
        return data[at : at + size].decode(), at + size
    if family == 0xC0:
        return bytes(data[at : at + size]), at + size
    if family == 0xB0:
        tag, at = data[at], at + 1
        fields, at = _unpack_many(data, at, size)
        return Message(tag, tuple(fields)), at
    if family == 0x90:
        return _unpack_many(data, at, size)
    items, at = _unpack_many(data, at, 2 * size)
    return dict(zip(items[::2], items[1::2])), at


def _unpack_many(data, at, count):
    values = []
    for _ in range(count):
        value, at = _unpack(data, at)
        values.append(value)
    return values, at


_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
_NUMBERS = {0xC1: ">d", 0xC8: ">b", 0xC9: ">h", 0xCA: ">i", 0xCB: ">q"}
_SIZED = {
    **{0xCC: (0xC0, 1), 0xCD: (0xC0, 2), 0xCE: (0xC0, 4)},
    **{0xD0: (0x80, 1), 0xD1: (0x80, 2), 0xD2: (0x80, 4)},
    **{0xD4: (0x90, 1), 0xD5: (0x90, 2), 0xD6: (0x90, 4)},
    **{0xD8: (0xA0, 1), 0xD9: (0xA0, 2), 0xDA: (0xA0, 4)},
}
