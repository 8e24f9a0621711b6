"""Runs one client and reads what it says of each promise."""

import contextlib
import dataclasses
import os
import re
import subprocess

from away import away
from facebolt import ROOT, TARGET

CLIENT_SECONDS = 600
OTHER_USER = "probe"
LINE = re.compile(r"(ok|FAILED) (\w+) ([0-9.]+)|- (\w+) (.+)")


@dataclasses.dataclass
class Outcome:
    """How a promise ended: `ok`, `FAILED` or `-`, and why."""

    state: str
    seconds: float = 0.0
    text: str = ""


@dataclasses.dataclass
class Result:
    """What all clients said on one server, by client and promise."""

    version: str
    outcomes: dict = dataclasses.field(default_factory=dict)


@contextlib.contextmanager
def other_user(context):
    """A second user with the same password, for clients that change users."""
    context.server.system(
        f"CREATE OR REPLACE USER {OTHER_USER} SET PASSWORD $password CHANGE NOT REQUIRED",
        password=context.server.password,
    )
    try:
        yield
    finally:
        context.server.system(f"DROP USER {OTHER_USER}")


def run(client, context, promises):
    """The outcome of each promise with one client; what it does not mention has failed."""
    server = context.server
    environment = {
        **os.environ,
        **client.environment,
        "FACEBOLT_TEST_ADDRESS": context.address,
        "FACEBOLT_TEST_USER": server.user,
        "FACEBOLT_TEST_PASSWORD": server.password,
        "FACEBOLT_TEST_OTHER_USER": OTHER_USER,
        "FACEBOLT_TEST_NEO4J": server.version,
    }
    if context.facebolt is None or all(promise.name != "away" for promise in promises):
        return play(client, context, promises, environment)
    with away(context) as environment["FACEBOLT_TEST_AWAY_ADDRESS"]:
        return play(client, context, promises, environment)


def play(client, context, promises, environment):
    """The same, in this environment."""
    server = context.server
    before = native_statements(context, promises)
    command = [str(part) for part in client.command] + [promise.name for promise in promises]
    errors = TARGET / "clients" / f"{client.name}-{server.version}.log"
    with open(errors, "w") as log:
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                text=True, timeout=CLIENT_SECONDS,
            )
            said, end = done.stdout, f"it ended with code {done.returncode}"
        except subprocess.TimeoutExpired as late:
            said, end = (late.stdout or b"").decode(errors="replace"), f"it was not done after {CLIENT_SECONDS} s"
    outcomes = parse(said)
    silent = Outcome("FAILED", 0.0, f"{client.name} said nothing of it: {end}; see {errors}")
    outcomes = {promise.name: outcomes.get(promise.name, silent) for promise in promises}
    after = native_statements(context, promises)
    for promise in promises:
        idle = promise.native in before and after[promise.native] == before[promise.native]
        if idle and outcomes[promise.name].state == "ok":
            outcomes[promise.name] = Outcome("FAILED", 0.0, "facebolt has not done it itself, by its metrics")
    return outcomes


def parse(said):
    """The outcomes in the output of a client, by promise."""
    outcomes, current = {}, None
    for line in said.splitlines():
        if match := LINE.fullmatch(line):
            state, name, seconds, unable, reason = match.groups()
            current = Outcome(state or "-", float(seconds or 0), reason or "")
            outcomes[name or unable] = current
        elif current:
            current.text += line + "\n"
    return outcomes


def native_statements(context, promises):
    """How many statements of each kind facebolt has done itself; nothing without a facebolt."""
    if context.facebolt is None:
        return {}
    kinds = {promise.native for promise in promises if promise.native}
    return {kind: context.facebolt.statements(kind=kind, path="native") for kind in kinds}
