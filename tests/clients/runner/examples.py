"""Runs the programs of examples/ as their heads say, through facebolt, and holds what they print.

    tests/clients/examples [--quick] [EXAMPLE ..]

Prints a line for each and last `N passed, N failed`. --quick leaves out those that are slow to run or to install.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))

import clients
from facebolt import ROOT, TARGET
from harness import Context

EXAMPLES = ROOT / "examples"
PHOTOS = ROOT / "tests" / "photos"
NAMES = ("obama.jpg", "sunak.jpg", "obama2.jpg")
# One pair, in either direction: Neo4j may read the nodes in any order.
PRINTED = re.compile(r"^\W*obama2?\.jpg\W+obama2?\.jpg\W+(\d+\.\d+)$", re.MULTILINE)
SECONDS = 120


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("examples", nargs="*", choices=[[], *ALL], metavar="EXAMPLE", help=", ".join(ALL))
    arguments = parser.parse_args()
    chosen = arguments.examples or [name for name in ALL if name in QUICK or not arguments.quick]
    failures = 0
    context = Context("5", False)
    try:
        served = context.serve(images=f'directory = "{PHOTOS}"')
        for name in chosen:
            began = time.monotonic()
            failure = run(name, context, served)
            context.server.clean()
            print(f"{'FAILED' if failure else 'ok'} {name} {time.monotonic() - began:.1f} s", flush=True)
            if failure:
                print(failure)
                failures += 1
    finally:
        context.close()
    print(f"{len(chosen) - failures} passed, {failures} failed")
    sys.exit(1 if failures else 0)


def run(name, context, served):
    """What is wrong with it, if something is."""
    command, environment = ALL[name]()
    login = {"NEO4J_URI": f"bolt://{served.address}", "NEO4J_USERNAME": context.server.user}
    login["NEO4J_PASSWORD"] = context.server.password
    done = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **environment, **login},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    pairs = PRINTED.findall(done.stdout)
    if done.returncode == 0 and len(pairs) == 1 and float(pairs[0]) < 10 and "sunak" not in done.stdout:
        return None
    return f"status {done.returncode}\n{done.stdout}\n{done.stderr}"


def photos():
    return [PHOTOS / name for name in NAMES]


def python():
    return (ROOT / "scripts" / "python", EXAMPLES / "python" / "faces.py", *photos()), {}


def javascript():
    client = _client("javascript")
    return ("node", EXAMPLES / "javascript" / "faces.js", *photos()), client.environment


def java():
    client = _client("java")
    classes, jars = client.command[client.command.index("-cp") + 1].split(":")
    return ("java", "-cp", jars, EXAMPLES / "java" / "Faces.java", *photos()), {}


def go():
    program = clients.BUILT / "go" / "example"
    environment = {**os.environ, "GOWORK": "off", "GOFLAGS": "-mod=readonly"}
    clients.run([ROOT / "scripts" / "go", "build", "-o", program, "."], cwd=EXAMPLES / "go", env=environment)
    return (program, *photos()), {}


def rust():
    clients.run(["cargo", "build", "--locked", "--quiet", "--example", "faces"], cwd=ROOT)
    return (TARGET / "debug" / "examples" / "faces", *photos()), {}


def shell():
    client = _client("shell")
    jars = client.command[-1]
    names = ", ".join(f"'{name}'" for name in NAMES)
    flags = ("--non-interactive", "--history", "in-memory", "--format", "plain")
    script = ("-f", EXAMPLES / "shell" / "faces.cypher", "-P", f"{{photos: [{names}]}}")
    return ("java", "-cp", jars, "org.neo4j.shell.Main", *flags, *script), {}


def _client(name):
    client = next(client for client in clients.all_clients() if client.name == name)
    client.prepare()
    return client


ALL = {function.__name__: function for function in (python, javascript, java, go, rust, shell)}
QUICK = ("python", "javascript", "rust")

if __name__ == "__main__":
    main()
