"""The promises, by name. Each gets a context with a driver of its own and raises if it is not kept."""

import asyncio
import itertools
import math
import os
import threading

import neo4j
import pytz
from neo4j.spatial import CartesianPoint, WGS84Point
from neo4j.time import Date, DateTime, Duration, Time

from base import Unable, at_once, count, ended, equal, failure, marker, promise, round_trip, rows, summary_of

# Minutes of work that nobody waits for.
ENDLESS = "UNWIND range(1, 10000000000) AS n WITH n WHERE n < 0 RETURN count(n) AS n"


@promise
def plain(cx):
    round_trip(cx.driver, [
        None, True, False, 0, -17, 127, -129, 40000, 2**63 - 1, -(2**63),
        0.1, -0.0, 5e-324, math.nan, math.inf, -math.inf, 1.7976931348623157e308,
        "", "grüße 𝄞", "x" * 70000, b"", bytes(n % 256 for n in range(76800)),
        [], [1, [2.5, ["deep"]], None], {}, {"a": {"b": [1, {"c": None}]}},
    ])


@promise
def temporal(cx):
    offset = pytz.FixedOffset(330)
    round_trip(cx.driver, [
        Date(2024, 2, 29), Time(23, 59, 59, 999999999), Time(1, 2, 3, 4, tzinfo=offset),
        DateTime(2024, 2, 29, 1, 2, 3, 4), DateTime(2024, 2, 29, 1, 2, 3, 4, tzinfo=offset),
        pytz.timezone("Europe/Berlin").localize(DateTime(2024, 2, 29, 1, 2, 3, 4)),
        Duration(months=14, days=3, seconds=4, nanoseconds=5),
    ])


@promise
def spatial(cx):
    round_trip(cx.driver, [
        CartesianPoint((1.5, -2.5)), CartesianPoint((1.0, 2.0, 3.0)),
        WGS84Point((12.5, 55.7)), WGS84Point((12.5, 55.7, 9.0)),
    ])


@promise
def graph(cx):
    text = "CREATE path = (a:Probe {name: 'a'})-[r:TO {since: 1}]->(b:Probe {name: 'b'}) RETURN a, r, b, path"
    with cx.driver.session() as session:
        a, r, b, path = session.run(text).single()
    equal((set(a.labels), dict(a), dict(b)), ({"Probe"}, {"name": "a"}, {"name": "b"}))
    equal((r.type, dict(r)), ("TO", {"since": 1}))
    equal((r.start_node.element_id, r.end_node.element_id), (a.element_id, b.element_id))
    equal((path.start_node, path.end_node, path.relationships), (a, b, (r,)))


@promise
def vector(cx):
    if cx.version.startswith("5."):
        raise Unable("Neo4j 5.26 has no vectors")
    try:
        from neo4j.vector import Vector
    except ImportError:
        raise Unable("this driver has no vectors") from None
    vectors = [Vector([1.0, 2.0, 3.0], "f32"), Vector([0.1, -2.0], "f64"), Vector([-1, 7], "i8")]
    text = "CYPHER 25 RETURN $vectors AS there, vector([1, 2, 3], 3, FLOAT32) AS made"
    with cx.driver.session() as session:
        there, made = session.run(text, vectors=vectors).single()
    # Vectors are not equal to each other by themselves.
    held = [(one.dtype, one.raw()) for one in vectors]
    equal([(one.dtype, one.raw()) for one in there], held)
    equal((made.dtype, made.raw()), held[0])


@promise
def summary(cx):
    done = summary_of(cx.driver, "CREATE (:Probe {a: 1, b: 2}) RETURN 1 AS one")
    counters = done.counters
    equal((counters.nodes_created, counters.properties_set, counters.labels_added), (1, 2, 1))
    equal((done.database, "{}:{}".format(*done.server.address)), ("neo4j", cx.address))
    assert done.server.agent.startswith("Neo4j/" + cx.version), done.server.agent


@promise
def error(cx):
    raised = failure(lambda: rows(cx.driver, "RETURN 1 +"))
    status = "50N42" if cx.version.startswith("5.") else "42001"
    equal((raised.code, raised.gql_status), ("Neo.ClientError.Statement.SyntaxError", status))
    text = "Invalid input '': expected an expression (line 1, column 11 (offset: 10))"
    assert raised.message.startswith(text), raised.message


@promise
def commit(cx):
    with cx.driver.session() as session, session.begin_transaction() as transaction:
        transaction.run("CREATE (:Probe)").consume()
        equal(count(cx.driver), 0)
        transaction.commit()
    equal(count(cx.driver), 1)


@promise
def rollback(cx):
    with cx.driver.session() as session:
        transaction = session.begin_transaction()
        transaction.run("CREATE (:Probe)").consume()
        transaction.rollback()
        session.begin_transaction().run("CREATE (:Probe)").consume()
    equal(count(cx.driver), 0)


@promise
def killed(cx):
    marked, attempts = marker("killed"), []

    def work(transaction):
        attempts.append(1)
        transaction.run("CREATE (:Probe)").consume()
        if len(attempts) == 1:
            text = f"SHOW TRANSACTIONS YIELD connectionId, currentQuery WHERE currentQuery CONTAINS '{marked}'"
            found = transaction.run(text + " RETURN connectionId AS id").single()
            rows(cx.driver, "CALL dbms.killConnection($id)", {"id": found["id"]})
        transaction.run("CREATE (:Probe)").consume()

    with cx.driver.session() as session:
        session.execute_write(work)
    equal((len(attempts), count(cx.driver)), (2, 2))


@promise
def away(cx):
    with cx.connect(address=os.environ["FACEBOLT_TEST_AWAY_ADDRESS"]) as driver, driver.session() as session:
        session.execute_write(lambda transaction: transaction.run("CREATE (:Probe)").consume())
    equal(count(cx.driver), 1)


@promise
def deadlock(cx):
    rows(cx.driver, "CREATE (:Probe {name: 'a', set: 0}), (:Probe {name: 'b', set: 0})")
    both, attempts = threading.Barrier(2), []

    def cross(names):
        tries = itertools.count()

        def work(transaction):
            attempts.append(1)
            first = next(tries) == 0
            for place, name in enumerate(names):
                text = "MATCH (p:Probe {name: $name}) SET p.set = p.set + 1"
                transaction.run(text, name=name).consume()
                if first and place == 0:
                    both.wait(20)

        with cx.driver.session() as session:
            session.execute_write(work)

    at_once(cross, [["a", "b"], ["b", "a"]])
    assert len(attempts) > 2, "nobody was blocked"
    equal(rows(cx.driver, "MATCH (p:Probe) RETURN p.set AS set"), [{"set": 2}, {"set": 2}])


@promise
def bookmarks(cx):
    last, seen = None, []
    for _ in range(3):
        with cx.driver.session(bookmarks=last) as session:
            seen.append(session.run("MATCH (n:Probe) RETURN count(n) AS n").single()["n"])
            session.execute_write(lambda transaction: transaction.run("CREATE (:Probe)").consume())
            last = session.last_bookmarks()
        equal(len(last.raw_values), 1)
    equal(seen, [0, 1, 2])
    nonsense = neo4j.Bookmarks.from_raw_values(["nonsense"])
    raised = failure(lambda: rows(cx.driver, "RETURN 1", bookmarks=nonsense))
    equal(raised.code, "Neo.ClientError.Transaction.InvalidBookmark")


@promise
def impersonation(cx):
    raised = failure(lambda: rows(cx.driver, "RETURN 1", impersonated_user=cx.user))
    equal(raised.code, "Neo.ClientError.Statement.ArgumentError")


@promise
def large(cx):
    text = "UNWIND range(1, 100000) AS n RETURN n, toString(n) AS text"
    last = 0
    with cx.driver.session(fetch_size=100) as session:
        for n, record in enumerate(session.run(text), 1):
            equal((record["n"], record["text"]), (n, str(n)))
            last = n
    equal(last, 100000)


@promise
def abandon(cx):
    with cx.connect(max_connection_pool_size=1) as driver:
        for _ in range(3):
            with driver.session(fetch_size=10) as session:
                for record in session.run("UNWIND range(1, 1000000000) AS n RETURN n"):
                    if record["n"] == 25:
                        break
            equal(rows(driver, "RETURN 1 AS one"), [{"one": 1}])


@promise
def timeout(cx):
    with cx.driver.session() as session:
        raised = failure(lambda: session.run(neo4j.Query(ENDLESS, timeout=0.5)).consume())
        equal(raised.code, "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration")
        equal(session.run("RETURN 1 AS one").single()["one"], 1)


@promise
def cancel(cx):
    marked = marker("cancel")

    async def endless():
        async with neo4j.AsyncGraphDatabase.driver(f"bolt://{cx.address}", auth=cx.auth()) as driver:
            async with driver.session() as session:
                await (await session.run(f"/* {marked} */ {ENDLESS}")).consume()

    async def cancelled():
        task = asyncio.create_task(endless())
        await asyncio.sleep(1)
        assert not task.done(), "the statement has ended by itself"
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return
        raise AssertionError("it was not cancelled")

    asyncio.run(cancelled())
    ended(cx.driver, marked)


@promise
def password(cx):
    with cx.connect(password="wrong") as driver:
        equal(failure(driver.verify_connectivity).code, "Neo.ClientError.Security.Unauthorized")


@promise
def user(cx):
    other, wrong = {"auth": (cx.other_user, cx.password)}, {"auth": (cx.other_user, "wrong")}
    with cx.connect(max_connection_pool_size=1) as driver:

        def who(**options):
            return rows(driver, "SHOW CURRENT USER YIELD user", database="system", **options)[0]["user"]

        users = [who(), who(**other), who(), who(**other)]
        equal(users, [cx.user, cx.other_user, cx.user, cx.other_user])
        failure(lambda: who(**wrong))
        equal(who(), cx.user)


@promise
def routing(cx):
    with cx.connect(scheme="neo4j") as driver:
        for options in ({}, {"database": "neo4j"}, {"default_access_mode": neo4j.READ_ACCESS}):
            equal("{}:{}".format(*summary_of(driver, "RETURN 1", **options).server.address), cx.address)
        raised = failure(lambda: rows(driver, "RETURN 1", database="nosuch"))
        equal(raised.code, "Neo.ClientError.Database.DatabaseNotFound")


@promise
def access(cx):
    raised = failure(lambda: rows(cx.driver, "CREATE (:Probe)", default_access_mode=neo4j.READ_ACCESS))
    equal(raised.code, "Neo.ClientError.Statement.AccessMode")
    equal(count(cx.driver), 0)


@promise
def concurrent(cx):
    def one(n):
        with cx.driver.session() as session:
            session.execute_write(lambda tx: tx.run("CREATE (:Probe {n: $n})", n=n).consume())
            text = "MATCH (p:Probe {n: $n}) RETURN p.n AS n"
            equal(session.execute_read(lambda tx: tx.run(text, n=n).data()), [{"n": n}])

    at_once(one, range(20))
    equal(count(cx.driver), 20)


@promise
def batches(cx):
    text = "UNWIND range(1, 250) AS n CALL (n) { CREATE (:Probe {n: n}) } IN TRANSACTIONS OF 100 ROWS"
    equal(summary_of(cx.driver, text).counters.nodes_created, 250)
    equal(count(cx.driver), 250)
    with cx.driver.session() as session:
        raised = failure(lambda: session.begin_transaction().run(text).consume())
    equal(raised.code, "Neo.DatabaseError.Transaction.TransactionStartFailed")
