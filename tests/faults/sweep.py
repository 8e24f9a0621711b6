"""One conversation, broken at every byte that passes, on either side of facebolt, in each direction, in each way."""

import itertools
import queue
import threading

import bolt
from injector import DIRECTIONS, KINDS, GARBAGE, RESET, STALL, TRICKLE, CUT, Fault, Injector, drawn_from
from table import Row, settled

V5_8 = bytes.fromhex("00000805 00000000 00000000 00000000")
V4_4 = bytes.fromhex("00000404 00000000 00000000 00000000")
VERSIONS = {"5.8": V5_8, "4.4": V4_4}
PHASES = ("handshake", "login", "auto-commit", "transaction")
CREATE = "CREATE (:Probe {id: $id, row: $row})"
WORKERS = 12
# What a quick run leaves the rest of.
QUICK = (CUT, RESET)
# Of what takes its time, some places have to do.
PLACES = 12
_ids = itertools.count(1)


class Told:
    """What a client was told: its answers, and which writes were acknowledged or refused."""

    def __init__(self):
        self.answers, self.acknowledged, self.refused, self.wrong = 0, [], [], None


def play(address, server, version, row, timeout, step=lambda phase: None):
    """The conversation. Each answer is waited for, then the next request sent."""
    told = Told()
    auto, explicit = next(_ids), next(_ids)
    try:
        with bolt.Connection(address, timeout=timeout, offers=VERSIONS[version]) as connection:
            step("handshake")
            token = {"scheme": "basic", "principal": server.user, "credentials": server.password}
            if version == "4.4":
                _ask(connection, told, bolt.Message(bolt.HELLO, ({"user_agent": "facebolt-tests/1", **token},)))
            else:
                _ask(connection, told, bolt.hello())
                _ask(connection, told, bolt.logon(server.user, server.password))
            step("login")
            ran = bolt.run(CREATE, {"id": auto, "row": row})
            if _ask(connection, told, ran, bolt.pull()):
                told.acknowledged.append(auto)
            else:
                told.refused.append(auto)
                return told
            step("auto-commit")
            _ask(connection, told, bolt.begin(), bolt.run(CREATE, {"id": explicit, "row": row}), bolt.pull())
            if _ask(connection, told, bolt.Message(bolt.COMMIT)):
                told.acknowledged.append(explicit)
            else:
                told.refused.append(explicit)
            step("transaction")
            # GOODBYE has no answer: what comes now is one too many.
            connection.send(bolt.Message(bolt.GOODBYE))
            told.wrong = f"one answer too many: {connection.receive()}"
    except (bolt.Closed, OSError):
        pass
    except (ValueError, KeyError, IndexError, TypeError, UnicodeDecodeError) as error:
        told.wrong = f"unreadable: {error!r}"
    return told


def _ask(connection, told, *requests):
    """Were all answered with SUCCESS? Each has one summary."""
    connection.send(*requests)
    good = True
    for request in requests:
        summary = connection.summary()
        if summary.tag not in (bolt.SUCCESS, bolt.FAILURE, bolt.IGNORED):
            told.wrong = f"{request} was answered with {summary}"
        told.answers += 1
        good = good and summary.tag == bolt.SUCCESS
    if not good and requests[0].tag in (bolt.HELLO, bolt.LOGON, bolt.BEGIN):
        raise bolt.Closed
    return good


def sweep(server, serve, quick, only=None):
    """Yields a row for each side, direction, phase, kind and version."""
    for side in ("client", "server"):
        faults = queue.SimpleQueue()
        if side == "server":
            injector = Injector(server.address, drawn_from(faults))
            front = serve(injector.address)
            address = front.address
        else:
            front = serve(server.address)
            injector = Injector(front.address, drawn_from(faults))
            address = injector.address
        for version in list(VERSIONS)[: 1 if quick else None]:
            lengths = recorded(injector, address, server, version)
            for direction, kind, phase in itertools.product(DIRECTIONS, KINDS, PHASES):
                if only and kind not in only:
                    continue
                start, end = lengths[phase][direction]
                offsets = range(start, end)
                if kind not in (CUT, RESET, GARBAGE):
                    offsets = spread(offsets, PLACES)
                elif quick or version != "5.8":
                    offsets = spread(offsets, 2 * PLACES)
                name = f"{kind}, {direction}, between {side} and facebolt, {phase}, Bolt {version}"
                yield broken(name, kind, direction, offsets, faults, injector, address, server, front, version)
        front.close()
        injector.close()


def recorded(injector, address, server, version):
    """Where each phase begins and ends, in bytes of each direction."""
    before = dict(injector.passed)
    at, lengths = dict.fromkeys(DIRECTIONS, 0), {}

    def step(phase):
        settled(lambda: injector.passed, lambda: None)
        now = {direction: injector.passed[direction] - before[direction] for direction in DIRECTIONS}
        lengths[phase] = {direction: (at[direction], now[direction]) for direction in DIRECTIONS}
        at.update(now)

    told = play(address, server, version, "recorded", 30, step)
    if len(told.acknowledged) != 2 or told.wrong:
        raise RuntimeError(f"the conversation fails without a fault: {told.wrong}")
    return lengths


def broken(name, kind, direction, offsets, faults, injector, address, server, front, version):
    # A client that waits in vain gives up.
    timeout = 1.0 if kind in (STALL, GARBAGE) else 30
    todo, told, before = queue.SimpleQueue(), [], injector.injected
    for offset in offsets:
        todo.put(offset)

    def work():
        while True:
            try:
                offset = todo.get_nowait()
            except queue.Empty:
                return
            faults.put(Fault(kind, direction, offset))
            told.append(play(address, server, version, name, timeout))

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    drawn_from(faults)()
    left = settled(lambda: (front.metric("facebolt_connections"), injector.open), lambda: (0, 0))
    healthy = len(play(front.address, server, "5.8", "healthy", 30).acknowledged) == 2 if not injector.open else False
    there = server.query("MATCH (p:Probe {row: $row}) RETURN p.id AS id, count(*) AS n", row=name)
    there = {record["id"]: record["n"] for record in there}
    acknowledged = [one for each in told for one in each.acknowledged]
    wrong = [each.wrong for each in told if each.wrong]
    # Garbage within a parameter is another parameter, and among answers it is an unreadable answer.
    lost = [] if kind == GARBAGE else [one for one in acknowledged if there.get(one) != 1]
    lost += [] if kind == GARBAGE else [one for each in told for one in each.refused if one in there]
    twice = [one for one, times in there.items() if times > 1]
    good = not lost and not twice and healthy and left == (0, 0) and (kind == GARBAGE or not wrong)
    if kind == TRICKLE:
        good = good and len(acknowledged) == 2 * len(told)
    expected = {TRICKLE: "all served", GARBAGE: "closed or refused; nobody else notices"}.get(kind, "closed; nothing lost")
    seen = (
        f"{len(told)} conversations, {injector.injected - before} hit: {sum(each.answers for each in told)} answers, "
        f"{len(acknowledged)} writes acknowledged, {len(lost)} of them lost, {len(twice)} twice, "
        f"{len(there) - len(set(there) & set(acknowledged))} there without; {left[0]:.0f} connections left"
    )
    if not good:
        seen += f" WRONG {wrong[:2]} healthy={healthy}"
    return Row(name, expected, seen, good)


def spread(offsets, places):
    return offsets[:: max(1, len(offsets) // places)]
