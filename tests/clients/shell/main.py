"""Runs the promises named on the command line with cypher-shell. Prints a line for each.

    main.py JAVA CLASSPATH PROMISE ..

Its answers are read as it prints them. What it leaves on the server is looked up with the Python driver.
"""

import base64
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import traceback

import neo4j

JAVA, CLASSPATH = sys.argv[1:3]
SECONDS = 120
LINK = (
    "MATCH (p1:Face) MATCH (p2:Face) WHERE ID(p1) <> ID(p2) "
    "WITH p1, p2, gds.similarity.euclideanDistance(p1.embedding, p2.embedding) as distance WHERE distance < 10 "
    "MERGE (p1)-[e:SAME]-(p2) SET e.distance=distance;\n"
)
PHOTO = "data:image/jpeg;base64," + base64.b64encode(pathlib.Path("tests/photos/obama.jpg").read_bytes()).decode()
EMBED = "CALL face.embed($url) YIELD embedding, index RETURN size(embedding) AS size, index"
NO_IMAGE = "data:image/png;base64,AAAA"
ALL = {}
ADDRESS, USER, PASSWORD, OTHER_USER, VERSION = (
    os.environ[f"FACEBOLT_TEST_{name}"] for name in ("ADDRESS", "USER", "PASSWORD", "OTHER_USER", "NEO4J")
)


class Unable(Exception):
    """Where the shell, or the server, cannot do what a promise is about."""


def promise(function):
    ALL[function.__name__] = function
    return function


def unable(reason, *names):
    def refuse(_):
        raise Unable(reason)

    ALL.update(dict.fromkeys(names, refuse))


def command(*options, scheme="bolt", user=USER, password=PASSWORD, form="plain"):
    login = ["-a", f"{scheme}://{ADDRESS}", "-u", user, "-p", password]
    flags = ["--non-interactive", "--format", form, "--history", "in-memory"]
    return [JAVA, "-XX:TieredStopAtLevel=1", "-cp", CLASSPATH, "org.neo4j.shell.Main", *login, *flags, *options]


def run(script, *options, **login):
    """What the shell prints of a script that is piped into it."""
    done = subprocess.run(
        command(*options, **login), input=script, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode != 0:
        raise AssertionError(f"code {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout.splitlines()


def fails(script, *options, **login):
    """What it says of a script that fails."""
    done = subprocess.run(
        command(*options, **login), input=script, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 1, f"code {done.returncode}: {done.stdout}"
    return done.stderr


def equal(got, expected):
    assert got == expected, f"{got!r}, not {expected!r}"


def has(text, part):
    assert part in text, f"{text!r} lacks {part!r}"


def count(driver):
    return driver.execute_query("MATCH (n:Probe) RETURN count(n) AS n").records[0]["n"]


def round_trip(*values):
    """Each value as a parameter, and as the shell prints it again."""
    options = [part for n, (value, _) in enumerate(values) for part in ("-P", f"{{v{n}: {value}}}")]
    script = "".join(f"RETURN $v{n} AS v;\n" for n in range(len(values)))
    equal(run(script, *options), [line for _, printed in values for line in ("v", printed)])


@promise
def plain(driver):
    round_trip(
        ("null", "NULL"), ("true", "TRUE"), ("false", "FALSE"), ("-17", "-17"), ("40000", "40000"),
        ("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "-9223372036854775808"),
        ("0.1", "0.1"), ("1.7976931348623157e308", "1.7976931348623157E308"), ("''", '""'),
        ("'grüße 𝄞'", '"grüße 𝄞"'), ("[1, [2.5, ['deep']], null]", '[1, [2.5, ["deep"]], NULL]'),
        ("{a: {b: [1]}}", "{a: {b: [1]}}"),
    )
    equal(run(f"RETURN size('{'x' * 120000}') AS size;\n"), ["size", "120000"])


@promise
def temporal(driver):
    round_trip(
        ("date('2024-02-29')", "2024-02-29"), ("localtime('23:59:59.999999999')", "23:59:59.999999999"),
        ("time('01:02:03+05:30')", "01:02:03+05:30"), ("localdatetime('2024-02-29T01:02:03')", "2024-02-29T01:02:03"),
        ("datetime('2024-02-29T01:02:03+05:30')", "2024-02-29T01:02:03+05:30"),
        ("datetime('2024-02-29T01:02:03[Europe/Berlin]')", "2024-02-29T01:02:03+01:00[Europe/Berlin]"),
        ("duration('P1Y2M3DT4.000000005S')", "P1Y2M3DT4.000000005S"),
    )


@promise
def spatial(driver):
    round_trip(
        ("point({x: 1.5, y: -2.5})", "point({srid:7203, x:1.5, y:-2.5})"),
        ("point({x: 1, y: 2, z: 3})", "point({srid:9157, x:1.0, y:2.0, z:3.0})"),
        ("point({longitude: 12.5, latitude: 55.7})", "point({srid:4326, x:12.5, y:55.7})"),
    )


@promise
def graph(driver):
    text = "CREATE path = (a:Probe {name: 'a'})-[r:TO {since: 1}]->(b:Probe {name: 'b'}) RETURN a, r, b, path;\n"
    a, r, b = '(:Probe {name: "a"})', "[:TO {since: 1}]", '(:Probe {name: "b"})'
    equal(run(text), ["a, r, b, path", f"{a}, {r}, {b}, {a}-{r}->{b}"])


unable("cypher-shell 5.26 knows no vectors", "vector")
unable("cypher-shell has no managed transactions", "killed", "away", "deadlock")
unable("cypher-shell shows no bookmarks", "bookmarks")
unable("cypher-shell reads every result to its end", "abandon")
unable("cypher-shell has no transaction timeout", "timeout")
unable("cypher-shell has one session", "concurrent")


@promise
def summary(driver):
    said = "\n".join(run("CREATE (:Probe {a: 1, b: 2}) RETURN 1 AS one;\n", form="verbose"))
    has(said, "Added 1 nodes, Set 2 properties, Added 1 labels")


@promise
def error(driver):
    has(fails("RETURN 1 +;\n"), "Invalid input '': expected an expression (line 1, column 11 (offset: 10))")
    # It goes on only if it is told to.
    fails("CREATE (:Probe); RETURN 1 +; CREATE (:Probe);\n", "--fail-at-end")
    equal(count(driver), 2)
    fails("CREATE (:Probe); RETURN 1 +; CREATE (:Probe);\n", "--fail-fast")
    equal(count(driver), 3)


@promise
def commit(driver):
    run(":begin\nCREATE (:Probe);\nCREATE (:Probe);\n:commit\n")
    equal(count(driver), 2)


@promise
def rollback(driver):
    said = run(":begin\nCREATE (:Probe);\n:rollback\nMATCH (n:Probe) RETURN count(n) AS n;\n:begin\nCREATE (:Probe);\n")
    equal(said, ["n", "0"])
    equal(count(driver), 0)


@promise
def impersonation(driver):
    # Of itself it asks nothing.
    has(fails("RETURN 1;\n", "--impersonate", OTHER_USER), "mpersonat")


@promise
def large(driver):
    said = run("UNWIND range(1, 20000) AS n RETURN n, toString(n) AS text;\n")
    equal(said, ["n, text"] + [f'{n}, "{n}"' for n in range(1, 20001)])


@promise
def cancel(driver):
    marker = f"cancel {os.getpid()}"
    # It leaves comments out.
    endless = f"WITH '{marker}' AS marker UNWIND range(1, 10000000000) AS n WITH n WHERE n < 0 RETURN count(n) AS n;"
    shell = subprocess.Popen(command(endless), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        wait_until(driver, marker, 1)
        shell.send_signal(signal.SIGINT)
        shell.communicate(timeout=30)
    finally:
        shell.kill()
    wait_until(driver, marker, 0)


def wait_until(driver, marker, running):
    """Waits until as many statements with `marker` run on the server."""
    text = (
        "SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery CONTAINS $marker "
        "AND NOT currentQuery STARTS WITH 'SHOW' RETURN count(*) AS n"
    )
    for _ in range(200):
        if driver.execute_query(text, marker=marker).records[0]["n"] == running:
            return
        time.sleep(0.1)
    raise AssertionError(f"there are not {running} such statements on the server")


@promise
def password(driver):
    has(fails("RETURN 1;\n", password="wrong"), "unauthorized")


@promise
def user(driver):
    equal(run("SHOW CURRENT USER YIELD user;\n", "-d", "system", user=OTHER_USER), ["user", f'"{OTHER_USER}"'])
    script = f":disconnect\n:connect -u {OTHER_USER} -p {PASSWORD} -d system\nSHOW CURRENT USER YIELD user;\n"
    equal(run(script)[-1], f'"{OTHER_USER}"')


@promise
def routing(driver):
    equal(run(":use system\nSHOW CURRENT USER YIELD user;\n:use neo4j\nRETURN 1 AS one;\n", scheme="neo4j")[-1], "1")
    has(fails("RETURN 1;\n", "-d", "nosuch", scheme="neo4j"), "nosuch")


@promise
def access(driver):
    for scheme in ("bolt", "neo4j"):
        has(fails("CREATE (:Probe);\n", "--access-mode", "read", scheme=scheme), "in read access mode")
    equal(count(driver), 0)


@promise
def batches(driver):
    text = "UNWIND range(1, 250) AS n CALL (n) { CREATE (:Probe {n: n}) } IN TRANSACTIONS OF 100 ROWS;\n"
    run(text)
    equal(count(driver), 250)
    has(fails(f":begin\n{text}:commit\n"), "can only be executed in an implicit transaction")
    equal(count(driver), 250)


@promise
def embed_literal(driver):
    with tempfile.NamedTemporaryFile("w", suffix=".cypher") as script:
        script.write(EMBED.replace("$url", f"'{PHOTO}'") + ";\n")
        script.flush()
        equal(run("", "-f", script.name), ["size, index", "128, 0"])


@promise
def embed_parameter(driver):
    equal(run(f":param url => '{PHOTO}';\n:begin\n{EMBED};\n:commit\n"), ["size, index", "128, 0"])


@promise
def embed_row(driver):
    driver.execute_query("UNWIND range(1, 3) AS n CREATE (:Probe {n: n, photo: $url})", url=PHOTO)
    text = "MATCH (p:Probe) " + EMBED.replace("$url", "p.photo").replace("RETURN", "RETURN p.n AS n,") + " ORDER BY n;\n"
    equal(run(text), ["n, size, index", "1, 128, 0", "2, 128, 0", "3, 128, 0"])


@promise
def embed_error(driver):
    has(fails(f"{EMBED};\n", "-P", f"{{url: '{NO_IMAGE}'}}"), "Failed to invoke procedure `face.embed`: Caused by: ")


@promise
def embed_explain(driver):
    # An image that would fail if it were looked at.
    said = run(f"EXPLAIN {EMBED};\n", "-P", f"{{url: '{NO_IMAGE}'}}")
    has("\n".join(said), 'Plan: "EXPLAIN"')


def link(driver, begin, commit):
    entries = json.loads(pathlib.Path("tests/data/facenet128_deepface.json").read_text())
    vectors = [entry["embedding"] for entry in entries]
    driver.execute_query("UNWIND $vectors AS vector CREATE (:Face {embedding: vector})", vectors=vectors)
    said = "\n".join(run(f"{begin}{LINK}{LINK}{commit}", form="verbose"))
    has(said, "Created 169 relationships, Set 338 properties")
    equal((said.count("169 relationships"), said.count("Set 338 properties")), (1, 2))
    equal(driver.execute_query("MATCH ()-[e:SAME]->() RETURN count(e) AS n").records[0]["n"], 169)


@promise
def link_auto(driver):
    link(driver, "", "")


@promise
def link_managed(driver):
    link(driver, ":begin\n", ":commit\n")


def main():
    with neo4j.GraphDatabase.driver(f"bolt://{ADDRESS}", auth=(USER, PASSWORD)) as driver:
        for name in sys.argv[3:]:
            began, state, text = time.monotonic(), "ok", ""
            try:
                driver.execute_query("MATCH (n:Probe|Face) DETACH DELETE n")
                ALL[name](driver)
            except Unable as reason:
                print(f"- {name} {reason}", flush=True)
                continue
            except Exception:
                state, text = "FAILED", traceback.format_exc()
            print(f"{state} {name} {time.monotonic() - began:.2f}", flush=True)
            if text:
                print(textwrap.indent(text[-4000:], "  "), flush=True)


if __name__ == "__main__":
    main()
