"""What the promises are made of."""

import itertools
import math
import os
import struct
import time
from concurrent.futures import ThreadPoolExecutor

from neo4j.exceptions import Neo4jError
from neo4j.spatial import CartesianPoint, WGS84Point
from neo4j.time import DateTime, Time

ALL = {}
_unique = itertools.count()


class Unable(Exception):
    """Where the driver, or the server, cannot do what a promise is about."""


def promise(function):
    ALL[function.__name__] = function
    return function


def rows(driver, text, parameters=None, **options):
    with driver.session(**options) as session:
        return session.run(text, parameters).data()


def summary_of(driver, text, parameters=None, **options):
    with driver.session(**options) as session:
        return session.run(text, parameters).consume()


def count(driver):
    return rows(driver, "MATCH (n:Probe) RETURN count(n) AS n")[0]["n"]


def failure(work):
    try:
        work()
    except Neo4jError as error:
        return error
    raise AssertionError("it did not fail")


def equal(got, expected):
    assert got == expected, f"{got!r}, not {expected!r}"


def marker(name):
    return f"{name} {os.getpid()} {next(_unique)}"


def ended(driver, marked):
    """Waits until the server runs no statement that contains `marked`."""
    text = (
        "SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery CONTAINS $marker "
        "AND NOT currentQuery STARTS WITH 'SHOW' RETURN count(*) AS n"
    )
    for _ in range(100):
        if rows(driver, text, {"marker": marked})[0]["n"] == 0:
            return
        time.sleep(0.1)
    raise AssertionError("the statement still runs on the server")


def exact(value):
    """A value with its type, such that equal means equal to the last bit."""
    match value:
        case float():
            return "nan" if math.isnan(value) else struct.pack("<d", value)
        case list():
            return [exact(item) for item in value]
        case dict():
            return {key: exact(item) for key, item in value.items()}
        case Time() | DateTime():
            return type(value), value.iso_format(), getattr(value.tzinfo, "zone", None)
        case CartesianPoint() | WGS84Point():
            return type(value), value.srid, [exact(part) for part in value]
    return type(value), value


def round_trip(driver, values):
    with driver.session() as session:
        got = session.run("RETURN $values AS values", values=values).single()["values"]
    for one, expected in zip(got, values, strict=True):
        equal(exact(one), exact(expected))


def at_once(work, arguments):
    """Runs `work` with each argument in a thread of its own; the first failure is raised."""
    arguments = list(arguments)
    with ThreadPoolExecutor(len(arguments)) as pool:
        list(pool.map(work, arguments))
