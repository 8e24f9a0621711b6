"""What every promise is tested against: a Neo4j, a facebolt in front of it, and an image server."""

import contextlib
import fcntl
import functools
import json
import logging
import math
import re
import signal
import subprocess
import unittest

import neo4j

import images
from facebolt import ROOT, TARGET, Facebolt

SERVER_TOOL = ROOT / "tests" / "neo4j" / "server"
LABELS = ("Face", "Photo", "Probe")
PROMISE_SECONDS = 300
# The query that users bring.
LINK = (
    "MATCH (p1:Face) MATCH (p2:Face) WHERE ID(p1) <> ID(p2) "
    "WITH p1, p2, gds.similarity.euclideanDistance(p1.embedding, p2.embedding) as distance WHERE distance < 10 "
    "MERGE (p1)-[e:SAME]-(p2) SET e.distance=distance"
)

# Notifications are part of what is tested, not of what is printed.
logging.getLogger("neo4j").setLevel(logging.CRITICAL + 1)


class Server:
    """A running Neo4j, reached directly."""

    def __init__(self, version, *options):
        done = subprocess.run([SERVER_TOOL, "start", version, *options], stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"no Neo4j {version}: tests/neo4j/server says why")
        state = json.loads(done.stdout)
        self.version, self.address, self.http = state["version"], state["bolt"], state["http"]
        self._lock = state["lock"]
        self.user, self.password = state["user"], state["password"]
        self.driver = self.connect(self.address)

    def connect(self, address, scheme="bolt", password=None, **options):
        """A driver at `address` with this server's login."""
        auth = (self.user, password or self.password)
        options = {"connection_timeout": 20, "connection_acquisition_timeout": 30, **options}
        return neo4j.GraphDatabase.driver(f"{scheme}://{address}", auth=auth, **options)

    @contextlib.contextmanager
    def alone(self):
        """Keeps others out of its data, and leaves none of ours behind."""
        with open(self._lock, "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for label in LABELS:
                if self.query(f"MATCH (n:{label}) RETURN count(n) AS n")[0]["n"]:
                    raise RuntimeError(f"{self.address} has :{label} nodes, which the tests need as their own")
            try:
                yield
            finally:
                self.clean()

    def query(self, text, **parameters):
        """The records of a statement sent to the server itself."""
        return self.driver.execute_query(text, parameters).records

    def system(self, text, **parameters):
        """Carries out a statement on the database `system`."""
        self.driver.execute_query(text, parameters, database_="system")

    def clean(self):
        """Removes what the tests made."""
        for label in LABELS:
            self.query(f"MATCH (n:{label}) DETACH DELETE n")


class Context:
    """One server under test. `direct` puts the drivers on a Neo4j with GDS in place of facebolt."""

    current = None

    def __init__(self, version, direct):
        self.images = images.ImageServer()
        self.direct = direct
        self._closing = contextlib.ExitStack()
        self._closing.callback(self.images.close)
        self._asked_for = version
        self._folder = TARGET / "clients" / version
        try:
            self.server = self._server("--gds") if direct else self._server()
            # Native from the first pair on, else data this small would be left to Neo4j.
            self.facebolt = None if direct else self.serve(link="native_from = 1")
        except BaseException:
            self.close()
            raise
        self.version = self.server.version
        self.address = self.server.address if direct else self.facebolt.address
        self.driver = self.server.connect(self.address)
        self._closing.callback(self.driver.close)

    @functools.cached_property
    def gds(self):
        """The oracle: a Neo4j of the same version with Graph Data Science."""
        return self.server if self.direct else self._server("--gds")

    @functools.cached_property
    def defaults(self):
        """A second facebolt that decides by itself whether to link natively."""
        return self.serve()

    def serve(self, backend=None, ready=True, notify=None, **sections):
        """Starts a facebolt that may fetch from the image server."""
        sections = {"images": f'allow_hosts = ["{self.images.address}"]', **sections}
        facebolt = Facebolt(backend or self.server.address, self._folder, sections, ready, notify)
        self._closing.callback(facebolt.close)
        return facebolt

    def close(self):
        self._closing.close()

    def _server(self, *options):
        server = Server(self._asked_for, *options)
        self._closing.callback(server.driver.close)
        self._closing.enter_context(server.alone())
        return server


class Promise(unittest.TestCase):
    """A test of one promise; the first line of its docstring is what the table prints."""

    def setUp(self):
        self.cx = Context.current
        self.addCleanup(signal.alarm, 0)
        signal.signal(signal.SIGALRM, _too_long)
        signal.alarm(PROMISE_SECONDS)
        self.addCleanup(self.cx.server.clean)

    def query(self, text, **parameters):
        """All records of an auto-commit statement through facebolt, as dictionaries."""
        with self.cx.driver.session() as session:
            return session.run(text, parameters).data()

    def counters(self, text, **parameters):
        """The counters of an auto-commit statement through facebolt."""
        with self.cx.driver.session() as session:
            return session.run(text, parameters).consume().counters

    def failure(self, text, **parameters):
        """The error that an auto-commit statement through facebolt must end in."""
        with self.assertRaises(neo4j.exceptions.Neo4jError) as caught:
            self.query(text, **parameters)
        return caught.exception


def failed(error):
    """All that a client can see of an error, its causes included.

    But for Java's explanation behind a NullPointerException: a JVM that has thrown many leaves it out.
    """
    seen = [error.code, _unexplained(error.message)]
    while error is not None:
        record = error.diagnostic_record
        description = _unexplained(error.gql_status_description)
        seen.append((error.gql_status, description, record.get("_position"), record.get("_classification")))
        error = error.__cause__
    return seen


def _unexplained(text):
    return re.sub(r': (Cannot invoke "[^"]*" because "\w+" is null|\$msg)', "", text)


def distance(a, b):
    """Euclidean distance as Neo4j's Graph Data Science computes it: doubles, summed in index order."""
    total = 0.0
    for x, y in zip(a, b, strict=True):
        total += (x - y) * (x - y)
    return math.sqrt(total)


def facenet():
    """The 71 FaceNet embeddings that DeepFace computed of its own test photos."""
    entries = json.loads((ROOT / "tests" / "data" / "facenet128_deepface.json").read_text())
    return [entry["embedding"] for entry in entries]


def _too_long(*_):
    raise TimeoutError(f"not done after {PROMISE_SECONDS} s")
