"""Runs the promises named on the command line with the official Python driver. Prints a line for each."""

import dataclasses
import faulthandler
import logging
import os
import sys
import textwrap
import time
import traceback

import neo4j

import base
import faces  # noqa: F401 (its promises enter themselves)
import promises  # noqa: F401

SECONDS = 60

# A server that tells of a slow or deprecated statement is not news here.
logging.getLogger("neo4j").setLevel(logging.CRITICAL + 1)


def env(name):
    value = os.environ.get(f"FACEBOLT_TEST_{name}")
    if value is None:
        sys.exit(f"FACEBOLT_TEST_{name} is not set: tests/clients/run sets it")
    return value


@dataclasses.dataclass
class Context:
    """What a promise is tested against."""

    address: str
    user: str
    password: str
    other_user: str
    version: str
    driver: object = None

    def auth(self, password=None):
        return (self.user, password or self.password)

    def connect(self, scheme="bolt", password=None, address=None, **options):
        options = {"connection_timeout": 20, "connection_acquisition_timeout": 30, **options}
        url = f"{scheme}://{address or self.address}"
        return neo4j.GraphDatabase.driver(url, auth=self.auth(password), **options)


def keep(name, context):
    began = time.monotonic()
    failure = unable = None
    # A promise that hangs ends the program, with the stack of every thread in the log.
    faulthandler.dump_traceback_later(SECONDS, exit=True)
    try:
        with context.connect() as driver:
            driver.execute_query("MATCH (n:Probe|Face) DETACH DELETE n")
            base.ALL[name](dataclasses.replace(context, driver=driver))
    except base.Unable as reason:
        unable = reason
    except BaseException:
        failure = traceback.format_exc()
    faulthandler.cancel_dump_traceback_later()
    seconds = time.monotonic() - began
    if unable:
        print(f"- {name} {unable}", flush=True)
        return
    print(f"{'FAILED' if failure else 'ok'} {name} {seconds:.2f}", flush=True)
    if failure:
        print(textwrap.indent(failure[-4000:], "  "), flush=True)


def main():
    context = Context(env("ADDRESS"), env("USER"), env("PASSWORD"), env("OTHER_USER"), env("NEO4J"))
    for name in sys.argv[1:]:
        keep(name, context)


if __name__ == "__main__":
    main()
