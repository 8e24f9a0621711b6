"""Clients that never finish, in each phase: they are closed in time, and one who is honest is not."""

import os
import socket
import threading
import time

import bolt
from table import Row, settled

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
OPENING = bolt.MAGIC + bolt.BOLT_5_8_TO_5_6_AND_5_4_TO_5_1
TLS_HELLO = bytes.fromhex("1603010200010001fc0303") + bytes(500)
KIB = 1024
CLIENTS = 32


def message(*fields, tag=bolt.HELLO):
    return bolt.framed(bolt.pack(bolt.Message(tag, fields)))


def frame(payload):
    """A WebSocket frame of a client's, with a mask of zeros."""
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
    return b"\x82" + size + bytes(4) + payload


def attacks():
    """What is sent, at once, and then a byte now and then if `drip` is not empty: (name, bytes, drip)."""
    hello = bolt.framed(bolt.pack(bolt.hello()))
    many = {f"k{number}": 1 for number in range(200)}
    nested = b"\xb1\x01\xa1\x81l"
    yield "nothing", b"", b""
    yield "three bytes of the magic", OPENING[:3], b""
    yield "half a handshake", OPENING[:10], b""
    yield "a handshake, a byte at a time", b"", OPENING
    yield "a handshake, then silence", OPENING, b""
    yield "HELLO, a byte in each chunk", OPENING, b"\0\x01x" * 2000
    yield "HELLO without its end", OPENING + hello[:-2], b""
    yield "HELLO without LOGON", OPENING + hello, b""
    yield "NOOPs for ever", OPENING, b"\0\0" * 2000
    yield "HELLO of 8 KiB without its end", OPENING + b"\x1f\xf0\xb1\x01\xa1\x81t\xd1\x1f\x00" + b"x" * 8000, b""
    yield "HELLO of 64 KiB", OPENING + message({"t": "x" * 60000}), b""
    yield "HELLO of 8,000 chunks of a byte", OPENING + b"\0\x01x" * 8000, b""
    yield "10 MiB behind the handshake", OPENING + b"\xff\xff" + b"x" * (10 << 20), b""
    yield "HELLO with 200 keys", OPENING + message(many), b""
    yield "a map of 2^31-1 entries", OPENING + bolt.framed(b"\xb1\x01\xda\x7f\xff\xff\xff\x81a\x01"), b""
    yield "a list of 2^31-1 entries", OPENING + bolt.framed(nested + b"\xd6\x7f\xff\xff\xff\x01"), b""
    yield "a text of 4 GiB", OPENING + bolt.framed(b"\xb1\x01\xa1\x81t\xd2\xff\xff\xff\xfftext"), b""
    yield "8,000 lists in each other", OPENING + bolt.framed(nested + b"\x91" * 8000 + b"\x01"), b""
    yield "a structure that does not exist", OPENING + bolt.framed(b"\xb1\x01\xc4"), b""
    yield "RUN before LOGON", OPENING + bolt.framed(bolt.pack(bolt.run("RETURN 1"))), b""
    yield "a wrong magic", b"\x60\x60\xb0\x18" + OPENING[4:], b""
    yield "a manifest with an endless number", bolt.MAGIC + bytes.fromhex("000001ff") + bytes(12), b"\xff" * 2000
    yield "TLS that never comes", b"\x16\x03\x01\x02\x00\x01\x00", b""
    yield "TLS, a byte at a time", b"", TLS_HELLO
    yield "TLS garbage", b"\x16\x03\x01\x40\x00" + os.urandom(16384), b""
    yield "a request without its end", UPGRADE[:60], b""
    yield "a request, a byte at a time", b"", UPGRADE
    yield "a request with 1 MiB of headers", b"GET / HTTP/1.1\r\n" + b"X-Y: z\r\n" * 131072, b""
    yield "a WebSocket, then silence", UPGRADE, b""
    yield "a WebSocket with half a frame", UPGRADE + frame(OPENING)[:12], b""
    yield "pings for ever", UPGRADE, b"\x89\x80\0\0\0\0" * 2000
    yield "empty frames for ever", UPGRADE, b"\x82\x80\0\0\0\0" * 2000
    yield "a frame of 2^63-1 bytes", UPGRADE + b"\x82\xff\x7f" + b"\xff" * 7 + bytes(4) + b"x" * 1000, b""
    yield "a frame without a mask", UPGRADE + b"\x82\x14" + OPENING, b""
    yield "a text frame", UPGRADE + b"\x81\x85\0\0\0\0hello", b""
    yield "a HELLO of 2,000 frames of a byte", UPGRADE + frame(OPENING) + b"".join(frame(b"\x01") for _ in range(2000)), b""


def attacked(front, server, deadline):
    """A row for each: by many clients at once, so that what one costs can be seen."""
    # The first ones fill what is kept for all.
    for _ in range(2):
        crowd(front, OPENING, b"", 0.5)
    for name, sent, drip in attacks():
        before = settled(front.resident_bytes, lambda: None)
        times, peak, total = crowd(front, sent, drip, deadline + 10)
        each = max(0, peak - before) / CLIENTS / KIB
        left = settled(lambda: front.metric("facebolt_connections"), lambda: 0)
        with bolt.Connection(front.address) as honest:
            honest.log_in(server.user, server.password)
        closed = len(times) == CLIENTS
        # Two seconds for a machine that has other things to do.
        good = closed and max(times) < deadline + 2 and each < 32 and left == 0
        longest = f"{max(times):.2f} s" if times else "never"
        seen = f"{total // CLIENTS:,} bytes taken, {each:.1f} KiB of memory a connection, closed after {longest}"
        yield Row(f"{CLIENTS} clients: {name}", f"below 32 KiB each, closed within {deadline} s", seen, good)


def crowd(front, sent, drip, patience):
    """Times until each was closed, the most memory meanwhile, and the bytes that were taken."""
    host, port = front.address.split(":")
    times, taken, lock, going = [], [0], threading.Lock(), threading.Event()

    def attack():
        began = time.monotonic()
        with socket.create_connection((host, int(port)), timeout=30) as stream:
            count = 0
            try:
                stream.settimeout(patience)
                for at in range(0, len(sent), 65536):
                    count += stream.send(sent[at : at + 65536])
                stream.settimeout(0.02)
                for byte in drip:
                    count += stream.send(bytes([byte]))
                    if is_over(stream) or time.monotonic() - began > patience:
                        break
                stream.settimeout(patience)
                while stream.recv(65536):
                    pass
            except TimeoutError:
                return
            except OSError:
                pass
            finally:
                with lock:
                    taken[0] += count
            with lock:
                times.append(time.monotonic() - began)

    threads = [threading.Thread(target=attack) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    peak = 0
    while any(thread.is_alive() for thread in threads):
        peak = max(peak, front.resident_bytes())
        time.sleep(0.02)
    return times, peak, taken[0]


def is_over(stream):
    try:
        return not stream.recv(4096)
    except TimeoutError:
        return False


def stalled(server, serve, period):
    """Inside a message after login."""
    front = serve(server.address, "60s", f'message_timeout = "{period}s"')
    whole = bolt.framed(bolt.pack(bolt.run("RETURN size($text) AS n", {"text": "x" * 30000}))) + bolt.framed(
        bolt.pack(bolt.pull())
    )
    for name, piece, pause, closes in (
        ("stalls within a message", 0, 1, True),
        ("sends a byte a second of a message", 1, 1, True),
        ("sends 1 KiB a second", 1024, 1, False),
        ("is silent between messages", None, 1, False),
    ):
        with bolt.Connection(front.address) as connection:
            connection.log_in(server.user, server.password)
            stream, closed = connection._socket, False
            began = time.monotonic()
            if piece is None:
                time.sleep(3 * period)
                stream.sendall(whole)
            else:
                stream.sendall(whole[:1000])
                rest = whole[1000:]
                while rest and not closed and (piece or time.monotonic() - began < 5 * period):
                    stream.settimeout(pause)
                    closed = is_over_quietly(stream)
                    if not closed and piece:
                        try:
                            stream.sendall(rest[:piece])
                        except OSError:
                            closed = True
                        rest = rest[piece:]
            took = time.monotonic() - began
            served = False
            if not closed and piece != 0:
                stream.settimeout(30)
                served = [connection.receive().tag for _ in range(3)] == [bolt.SUCCESS, bolt.RECORD, bolt.SUCCESS]
        good = (closed, served) == (closes, not closes)
        seen = f"{'closed' if closed else 'served' if served else 'neither'} after {took:.0f} s"
        yield Row(
            f"a client that is logged in {name} (message_timeout {period} s)", "closed" if closes else "served", seen, good
        )


def is_over_quietly(stream):
    try:
        return not stream.recv(1)
    except TimeoutError:
        return False
    except OSError:
        return True
