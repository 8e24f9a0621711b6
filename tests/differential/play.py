"""One statement over Bolt, and all of it that a client can see."""

import re

import bolt

# Both speak of the same, each by its own name.
PROCEDURE, NAMES = "face.embed", re.compile(r"\bfact\b")
# What no two runs share.
PASSING = ("t_first", "t_last", "bookmark", "plan", "profile")
NODE, RELATIONSHIP, UNBOUND, PATH = 0x4E, 0x52, 0x72, 0x50
BOLT_5_4 = bytes.fromhex("00000405 00000000 00000000 00000000")


class Client:
    """A connection that is logged in."""

    def __init__(self, address, server, old=False):
        self._connection = bolt.Connection(address, timeout=120, **({"offers": BOLT_5_4} if old else {}))
        self._connection.log_in(server["user"], server["password"])

    def close(self):
        self._connection.close()

    def auto(self, text, parameters, fetch=-1):
        """What an auto-commit statement is answered with."""
        return self._run(text, parameters, fetch)

    def within(self, text, parameters, then):
        """The same in a transaction that is rolled back; and what `then` brings in it."""
        self._ask(bolt.begin())
        answers = self._run(text, parameters, -1, reset=False)
        if answers[-1][0] == "success":
            answers += self._run(then, {}, -1, reset=False)
        if answers[-1][0] == "success":
            self._ask(bolt.Message(bolt.ROLLBACK))
        else:
            self._ask(bolt.Message(bolt.RESET))
        return answers

    def rows(self, text, **parameters):
        """The rows of a statement that must not fail."""
        answers = self._run(text, parameters, -1)
        if answers[-1][0] != "success":
            raise RuntimeError(f"{text}: {answers[-1]}")
        return [row for kind, row in answers if kind == "record"]

    def _ask(self, message):
        self._connection.send(message)
        answer = self._connection.summary()
        if answer.tag != bolt.SUCCESS:
            raise RuntimeError(f"{message} was answered with {answer}")

    def _run(self, text, parameters, fetch, reset=True):
        self._connection.send(bolt.run(text, parameters), bolt.pull(fetch))
        answers = [self._answer()]
        while True:
            answers.append(self._answer())
            kind, content = answers[-1]
            if kind == "success" and content.pop("has_more", False):
                answers.pop()
                self._connection.send(bolt.pull(fetch))
            elif kind != "record":
                break
        if answers[-1][0] != "success":
            if answers[-1][0] == "ignored":
                answers.pop()
            if reset:
                self._ask(bolt.Message(bolt.RESET))
        return answers

    def _answer(self):
        message = self._connection.receive()
        kind = {bolt.SUCCESS: "success", bolt.RECORD: "record", bolt.FAILURE: "failure", bolt.IGNORED: "ignored"}
        content = plain(message.fields[0]) if message.fields else None
        if isinstance(content, dict):
            content = {key: value for key, value in content.items() if key not in PASSING}
        return kind[message.tag], content


def plugged(text):
    """The text with the name of the real procedure, which is as long."""
    return re.sub(r"(f(?:a|\\u0061)c)e\b", r"\1t", text)


def plain(value):
    """A value without what differs from run to run: ids, and names of transactions."""
    match value:
        case str():
            return re.sub(r"-transaction-\d+", "-transaction-N", NAMES.sub("face", value))
        case list():
            return [plain(item) for item in value]
        case dict():
            return {plain(key): plain(item) for key, item in value.items()}
        case bolt.Message(tag, fields) if tag == NODE:
            return ["node", sorted(fields[1]), plain(fields[2])]
        case bolt.Message(tag, fields) if tag in (RELATIONSHIP, UNBOUND):
            # Type and properties stand behind one id or three.
            at = 1 if tag == UNBOUND else 3
            return ["relationship", fields[at], plain(fields[at + 1])]
        case bolt.Message(tag, fields) if tag == PATH:
            return ["path", [plain(part) for part in fields[0]], [plain(part) for part in fields[1]], fields[2]]
        case bolt.Message(tag, fields):
            return [tag, *map(plain, fields)]
    return value
