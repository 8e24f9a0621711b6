"""GDS's similarity functions through facebolt on a plain Neo4j: what Neo4j with Graph Data Science answers."""

import random
import struct

import neo4j

from harness import Promise, failed

ALL = ("euclideanDistance", "euclidean", "cosine", "pearson", "jaccard", "overlap")
D, E, C = ("gds.similarity." + name for name in ("euclideanDistance", "euclidean", "cosine"))
NAN, INF = float("nan"), float("inf")

# What functions are given: the text of both arguments. Of what fails, each must fail in its own words.
FAILING = (
    "[], []",
    "[1], []",
    "[], null",
    "[1, 2], [1]",
    "null, [1]",
    "[1], null",
    "null, null",
)
ARGUMENTS = (
    "[1, 2], [3, 4.5]",
    "[3, 4, 5.0], [1, null, 2]",
    "[null, 1, 3], [1, null, 2]",
    "[null], [null]",
    "[0, 0], [1, 2]",
    "[1.0 / 0, 1], [1, 2]",
    "[0.0 / 0], [0.0 / 0]",
    "[0], [-0.0]",
    "[0.0], [-0.0]",
    "[1, 1, 2], [1, 2, 2]",
    "[1, 1.0], [1, 1]",
    "[1], [1.0]",
    "[9007199254740993], [9007199254740992]",
    "[9007199254740993, 1], [9007199254740992.0, 1]",
    "[9223372036854775807], [9223372036854775808.0]",
    "[1e300, 1e-300], [1e300, 2]",
    "range(1, 3), [x IN [1, 2, 3] | x * 0.5]",
    "$bytes, $bytes",
    "$list, $list",
    "$mixed, $mixed",
)
# Statements, with the parameters that they need beside PARAMETERS. `:Probe` nodes are there as SETUP makes them.
SETUP = (
    "UNWIND range(0, 9) AS k CREATE (:Probe {k: k, e: [k * 0.5, 1.0, k % 3], i: [k, 1, 2], s: 'x', l: ['a']}) "
    "WITH count(*) AS _ MATCH (a:Probe {k: 0}), (b:Probe {k: 1}), (c:Probe {k: 2}) CREATE (a)-[:R {w: 1}]->(b)-[:R {w: 2}]->(c)"
)
PARAMETERS = {
    "bytes": b"\xff\x01\x02",
    "list": [1, 2.5, None],
    "mixed": [None, NAN, INF, -0.0, 2**53 + 1, 1e-320],
    "v": [1.0, 0.5, 2.0],
    "text": "abc",
    "number": 5,
    "map": {"a": 1},
    "texts": ["a"],
    "nested": [[1.0]],
    "half": [1, "x"],
    "none": None,
    "rows": [[1, 2], [2.0, 3]],
    "odd": [True, [True], ["abc"], 5, {"a": 1}, [{"a": 1}], [[1]], 1.5, "abc"],
}
ANSWERS = (
    # Where expressions stand.
    f"RETURN {D}([1, 2], [3, 4])",
    f"RETURN {D}([1], [2]) AS d, {E}([1], [2]), {C} ( [1] , /* both */ [2] )",
    "RETURN `gds`.similarity . `cosine` ( [1]\n, [2] )",
    f"RETURN DISTINCT {D}([1], [2])",
    f"RETURN {D}([1], [2]) + 'x', -{D}([1], [2]), {D}([1], [2]) * 2 ^ {D}([1], [3])",
    f"RETURN {D}([1], [2]) UNION RETURN {D}([1], [2])",
    f"RETURN {D}([1], [2]) AS d UNION ALL RETURN {C}([1], [3]) AS d UNION RETURN 5 AS d",
    f"RETURN {D}([{D}([1], [2]), 3], [{C}([1, {E}([1], [2])], [2, 3]), 1]) AS nested",
    f"MATCH (p:Probe) RETURN p.k, {D}(p.e, $v) ORDER BY {D}(p.e, $v), p.k",
    f"MATCH (p:Probe) RETURN p.k AS k, {C}(p.e, $v) AS c ORDER BY c DESC, k LIMIT 3",
    f"MATCH (p:Probe) WITH p, {D}(p.e, p.i) AS d WHERE d > 1 RETURN p.k AS k, d ORDER BY k",
    f"MATCH (p:Probe) WHERE {D}(p.e, $v) < 2 RETURN p.k AS k ORDER BY k",
    f"MATCH (p:Probe WHERE {D}(p.e, $v) < 2) RETURN p.k AS k ORDER BY k",
    f"MATCH (a:Probe)-[r:R WHERE {D}([r.w], [3]) < 2]->(b) RETURN a.k, b.k",
    f"MATCH (a:Probe) ((x)-[:R]->(y) WHERE {D}(x.e, y.e) < 5)+ (b) RETURN a.k, b.k ORDER BY a.k, b.k",
    f"MATCH (a:Probe) WHERE (a)-[:R]->() AND {D}(a.e, $v) < 9 RETURN a.k ORDER BY a.k",
    f"MATCH (a:Probe), (b:Probe) WHERE a.k < b.k AND {E}(a.e, b.e) > 0.5 RETURN a.k, b.k, {E}(a.e, b.e) ORDER BY a.k, b.k",
    f"MATCH (p:Probe) WITH p ORDER BY p.k RETURN count(*), avg({D}(p.e, $v)), max({C}(p.e, $v))",
    f"MATCH (p:Probe) WITH p ORDER BY p.k RETURN p.k % 2 AS g, sum({D}(p.e, $v)) AS s, collect({D}(p.e, p.i)) AS all ORDER BY g",
    f"MATCH (p:Probe) WITH p ORDER BY p.k RETURN {D}(collect(p.k), collect(p.k + 1)) AS d",
    f"MATCH (p:Probe) WITH p ORDER BY p.k RETURN p.k % 2 AS g, {C}(collect(p.k), collect(p.k * 2)) + count(*) AS c ORDER BY g",
    f"MATCH (p:Probe) RETURN {D}(p.e, $v) AS d, count(*) AS n ORDER BY d",
    f"MATCH (p:Probe) RETURN DISTINCT {D}([p.k % 2], [0]) AS d ORDER BY d",
    f"RETURN [x IN $rows WHERE {D}(x, [1, 2]) < 9 | {D}(x, [0, 0])] AS ds",
    f"RETURN any(x IN $rows WHERE {D}(x, [1, 2]) = 0) AS a, all(x IN $rows WHERE {D}(x, [1, 2]) = 0) AS b",
    f"RETURN reduce(s = 0.0, x IN $rows | s + {D}(x, [0, 0])) AS s",
    f"MATCH (a:Probe) RETURN a.k AS k, [(a)-[:R]->(b) | {D}(a.e, b.e)] AS ds ORDER BY k",
    f"RETURN CASE WHEN {D}([1], [2]) > 0 THEN {C}([1], [2]) ELSE {D}([], []) END AS d",
    f"RETURN CASE {D}([1], [2]) WHEN 1.0 THEN 'one' ELSE 'other' END AS d",
    f"RETURN {{d: {D}([1], [2]), l: [{C}([1], [2])]}} AS m",
    f"MATCH (p:Probe {{k: 1}}) RETURN p {{.k, d: {D}(p.e, $v)}} AS m",
    f"UNWIND [{D}([1], [2]), {D}([1], [4])] AS d RETURN d",
    f"UNWIND $rows AS r RETURN {D}(r, [1, 2]) AS d",
    f"CALL {{ RETURN {D}([1], [2]) AS d }} RETURN d",
    f"MATCH (p:Probe) CALL (p) {{ RETURN {D}(p.e, $v) AS d }} RETURN p.k AS k, d ORDER BY k",
    f"MATCH (p:Probe) WHERE EXISTS {{ MATCH (p)-[:R]->(q) WHERE {D}(p.e, q.e) < 1 }} RETURN p.k ORDER BY p.k",
    f"MATCH (p:Probe) RETURN p.k AS k, COUNT {{ MATCH (q:Probe) WHERE {D}(p.e, q.e) < 2 }} AS n ORDER BY k",
    f"MATCH (p:Probe {{k: 1}}) RETURN COLLECT {{ MATCH (q:Probe) RETURN {D}(p.e, q.e) AS d ORDER BY d }} AS ds",
    f"RETURN {D}(COLLECT {{ MATCH (q:Probe) RETURN q.k AS k ORDER BY k LIMIT 2 }}, [1, 2]) AS d",
    f"MATCH (a:Probe {{k: 0}}) RETURN {D}([(a)-[:R]->(b) | b.k], [5]) AS d",
    f"RETURN 1 AS one LIMIT toInteger({D}([1], [3]))",
    f"MATCH (p:Probe) RETURN p.k ORDER BY p.k SKIP toInteger({D}([1], [3])) LIMIT toInteger({D}([1], [3]))",
    f"RETURN valueType({D}([1], [3])) AS t, {D}([1], [3]) IS :: FLOAT AS f, toString({D}([1], [3])) AS s",
    f"RETURN {C}([0], [0]) = {C}([0], [0]) AS same, {C}([0], [0]) IS NULL AS none",
    f"WITH [1, 2] AS `__fa`, [2, 3] AS `__fv`, 5 AS `__f` RETURN {D}(`__fa`, `__fv`), `__f`",
    f"WITH 1 AS a, [2] AS b RETURN [a IN [[1]] | {D}(a, b)] AS d",
    f"RETURN '{D}([1], [2])' AS text, {D}([1], [2]) AS d // {D}(",
    f"RETURN \"é😀\" + {D}([1], [2]), 'é😀' AS x",
    f"EXPLAIN RETURN {D}([1], [2]) AS d",
    f"PROFILE RETURN {D}([1], [2]) AS d",
    f"CYPHER runtime=slotted RETURN {D}([1], [2])",
    f"RETURN {D}(ALL [1], [3]) AS d, {D}(DISTINCT [1], [2])",
    f"WITH [1] AS all, [2] AS distinct RETURN {D}(all, distinct) AS d",
    # Where there is no Cypher 25, both say so.
    f"CYPHER 25 RETURN s'a{{{D}([1], [2])}}b{{{C}([1], [2])}}'",
    f"CYPHER 25 MATCH (p:Probe) RETURN s\"{{p.k}}{{'x'}}: {{{D}(p.e, $v)}}\" AS s ORDER BY p.k",
    # Writing.
    f"CREATE (p:Probe {{k: 100, d: {D}([1], [2])}}) RETURN p.d",
    f"MERGE (p:Probe {{k: 101, d: {D}([1], [2])}}) ON CREATE SET p.c = {C}([1], [2]) RETURN p.d, p.c",
    f"MATCH (p:Probe {{k: 1}}) SET p.d = {D}(p.e, $v), p += {{c: {C}(p.e, $v)}} RETURN p.d, p.c",
    f"MATCH (p:Probe) WITH collect(p) AS ps FOREACH (p IN ps | SET p.f = {D}(p.e, $v)) RETURN size(ps)",
    f"FOREACH (d IN [{D}([1], [2])] | CREATE (:Probe {{k: 200, d: d}}))",
    f"MATCH (a:Probe {{k: 0}}), (b:Probe {{k: 5}}) MERGE (a)-[r:NEAR {{d: {D}(a.e, b.e)}}]-(b) RETURN r.d",
    f"MATCH (p:Probe) CALL (p) {{ SET p.t = {D}(p.e, $v) }} IN TRANSACTIONS OF 3 ROWS",
    f"MATCH (p:Probe) WHERE {D}(p.e, $v) > 3 DETACH DELETE p",
    f"MATCH (a:Probe) MATCH (b:Probe) WHERE id(a) < id(b) WITH a, b, {D}(a.e, b.e) AS d WHERE d < 1 AND a.k < 5 "
    "MERGE (a)-[e:SAME]-(b) SET e.distance = d",
    f"MATCH (a:Probe)-[r:R]->(b:Probe) WITH a, b, {D}(a.e, b.e) AS d WHERE d < 10 MERGE (a)-[e:SAME]-(b) SET e.d = d",
    f"MATCH (a:Probe), (b:Probe), (c:Probe) WHERE a.k < b.k AND b.k < c.k AND {D}(a.e, b.e) < 1 RETURN count(*) AS n",
)
ERRORS = (
    f"RETURN {D}('a', [1])",
    f"RETURN {D}([1], true)",
    f"RETURN\n  {D}(\n  [1],\n 5)",
    f"RETURN 'é😀', {D}({{a: 1}}, [1])",
    f"RETURN {D}(['a'], [1])",
    f"RETURN {D}([[1]], [1])",
    f"WITH [[1.5]] AS x RETURN {D}(x, [1])",
    f"RETURN {D}([1, 'a'], [1, 2])",
    f"RETURN {D}('a' + 'b', [1])",
    f"RETURN {D}(date('2020-01-01'), [1])",
    f"RETURN {D}($text, [1])",
    f"RETURN {D}([1], $number)",
    f"RETURN {D}($map, [1])",
    f"RETURN {D}($texts, [1])",
    f"RETURN {D}($half, [1, 2])",
    f"RETURN {D}($nested, [1])",
    f"RETURN {D}($none, [1])",
    f"RETURN {D}([1], $absent)",
    f"RETURN {D}([1], [y])",
    f"RETURN {D}({D}([1], [2]), [2])",
    f"RETURN {D}([1], ({D}([1], [2])))",
    f"MATCH (n:Probe) RETURN {D}(n, n.e)",
    f"MATCH p = (n:Probe) RETURN {D}((p), n.e)",
    f"MATCH (n:Probe) RETURN {D}([n], [1])",
    f"MATCH (n:Probe) RETURN {D}(n.s, n.e)",
    f"MATCH (n:Probe) RETURN {D}(n.e, n.l)",
    f"MATCH (n:Probe) RETURN {D}(n.e, n.absent)",
    f"MATCH (n:Probe) RETURN {D}(n.e, [1])",
    f"MATCH (n:Probe) RETURN gds.similarity.overlap(n.absent, n.e)",
    f"MATCH (n:Probe) WHERE {D}(n.e, $v) RETURN n",
    f"RETURN {D}(count(*), [1])",
    f"RETURN NOT {D}([1], [2])",
    f"RETURN {D}([1], [2]) AND true",
    f"RETURN {D}([1], [2])[0]",
    f"RETURN {D}([1], [2]).x",
    f"RETURN size({D}([1], [2]))",
    f"RETURN toUpper({D}([1], [2]))",
    f"RETURN any(x IN {D}([1], [2]) WHERE x)",
    f"RETURN 1 AS one LIMIT {D}([1], [3])",
    f"CALL {{ RETURN {D}([1], [2]) }} RETURN 1 AS one",
    f"WITH {D}([1], [2]) RETURN 1 AS one",
    f"RETURN {D}([1], [2]), {D}([1], [2])",
    f"RETURN {D}([1], [2]) AS a UNION RETURN {D}([1], [2]) AS b",
    f"RETURN {D}([1], [2]) FOO",
    f"RETURN {D}([1], [2]) / nothing",
    "RETURN gds.similarity.absent([1], [2])",
    *(f"RETURN 'é😀',\n {name}({arguments})" for name in (D, E, C) for arguments in ("", "[1]", "[1], [2], $v")),
    *(f"RETURN gds.similarity.{name}([1])" for name in ("pearson", "jaccard", "overlap")),
    f"RETURN {D}(DISTINCT [1])",
    f"RETURN {D}([1], DISTINCT [2])",
    f"RETURN {D}({D}([1]), [2])",
    f"RETURN {D}([1]), nothing",
    f"RETURN nothing, {D}([1])",
    f"RETURN nothing(1), {D}([1])",
    f"RETURN {D}([1]), nothing(1)",
    f"RETURN {D}(nothing(1))",
    f"RETURN {D}([1]), $absent",
    f"RETURN {D}([1], [2]) AS d, {D}([1])",
    f"RETURN count(count({D}([1])))",
    f"EXPLAIN MATCH (n:Probe) WHERE {D}(n.e) < 1 RETURN n",
    f"CYPHER 25 RETURN s'{{{D}('a', [1])}}'",
    f"CYPHER 25 RETURN s'{{{D}([], [1])}}'",
    f"CYPHER 25 RETURN s'{{{D}([1])}}'",
    f"MATCH (a:Probe) MATCH (b:Probe) WHERE id(a) <> id(b) WITH a, b, {D}(b.absent, a.e) AS d WHERE d < 1 RETURN count(*)",
    f"MATCH (a:Probe) MATCH (b:Probe) WHERE id(a) <> id(b) WITH a, b, {D}(b.e, a.absent) AS d WHERE d < 1 RETURN count(*)",
    f"MATCH (a:Probe) MATCH (b:Probe) WHERE id(a) <> id(b) AND {C}(a.absent, b.gone) > 0.5 RETURN count(*)",
    f"MATCH (n:Probe) WITH n ORDER BY n.k CALL (n) {{ SET n.d = {D}(n.e, CASE WHEN n.k < 7 THEN n.e ELSE [] END) }} IN TRANSACTIONS OF 2 ROWS",
    f"MATCH (n:Probe) WITH n ORDER BY n.k CREATE (:Probe {{d: {D}(n.i, CASE WHEN n.k < 5 THEN n.i ELSE ['x'] END)}})",
)


def bits(value):
    """A value in which every float stands as its 64 bits, so that equal means equal."""
    match value:
        case float():
            return "NaN" if value != value else struct.pack(">d", value).hex()
        case list():
            return [bits(item) for item in value]
        case dict():
            return {key: bits(item) for key, item in value.items()}
    return value


def outcome(driver, text, parameters, **options):
    """Columns, rows, counters and notifications of a statement, or its error."""
    with driver.session(**options) as session:
        try:
            result = session.run(text, parameters)
            keys = result.keys()
            rows = [bits(list(record.values())) for record in result]
            summary = result.consume()
        except neo4j.exceptions.Neo4jError as error:
            return failed(error)
    counters = {name: n for name, n in vars(summary.counters).items() if name[0] != "_" and n}
    told = [(status.gql_status, status.position) for status in summary.gql_status_objects]
    return [keys, rows, counters, told, summary.query_type, summary.plan is None, summary.profile is None]


def vector(chance, dimension):
    """Doubles of every size, integers beyond 2^53, nulls."""
    def element():
        kind = chance.random()
        if kind < 0.03:
            return None
        if kind < 0.1:
            return chance.choice((0, 1, -1, 2**53 + 1, -(2**53) - 3, 2**62 + 1))
        if kind < 0.4:
            return chance.uniform(-1, 1) * 10 ** chance.uniform(-150, 150)
        return chance.gauss(0, 1)

    return [element() for _ in range(dimension)]


class Functions(Promise):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.cx.gds.clean)
        # Both know each other's labels and keys from here on: what is unknown is a notification.
        self.load()

    def load(self):
        for server in (self.cx.gds, self.cx.server):
            server.clean()
            server.query(SETUP)

    def same(self, texts):
        for text in texts:
            expected = outcome(self.cx.gds.driver, text, PARAMETERS)
            with self.subTest(text):
                self.assertEqual(outcome(self.cx.driver, text, PARAMETERS), expected)
            if any(word in text for word in ("CREATE", "MERGE", "SET", "DELETE")):
                with self.subTest("the graph after " + text):
                    graph = "MATCH (n:Probe) RETURN properties(n) AS n ORDER BY n.k, n.d"
                    self.assertEqual(
                        outcome(self.cx.server.driver, graph, {})[1], outcome(self.cx.gds.driver, graph, {})[1]
                    )
                self.load()

    def test_arguments(self):
        """every function with odd lists: the value or the error of GDS"""
        self.same(f"RETURN gds.similarity.{name}({both})" for name in ALL for both in FAILING)
        self.same("RETURN " + ", ".join(f"gds.similarity.{name}({both})" for name in ALL) for both in ARGUMENTS)

    def test_places(self):
        """in every place that an expression may stand in: columns, rows, counters, notifications"""
        self.same(ANSWERS)

    def test_errors(self):
        """errors: code, GQLSTATUS, text and place as with GDS"""
        self.same(ERRORS)
        self.same(f"UNWIND [$odd[{at}]] AS x RETURN {C}([1], x)" for at in range(len(PARAMETERS["odd"])))

    def test_cypher_versions(self):
        """with CYPHER 5 and CYPHER 25 in front, where the server has both"""
        versions = ("5",) if self.cx.version.startswith("5.") else ("5", "25")
        some = ANSWERS[:8] + ERRORS[:20]
        self.same(f"CYPHER {version} {text}" for version in versions for text in some)

    def test_bits(self):
        """random vectors, 1 to 512 dimensions, 10^-150 to 10^150: each double to the last bit"""
        chance = random.Random(26)
        sizes = [chance.choice((1, 2, 3, 7, 16, 64, 128, 512)) for _ in range(360)]
        pairs = [[vector(chance, size), vector(chance, size)] for size in sizes]
        # Lists with something in common.
        pairs += [[chance.choices(range(9), k=n), [float(x) if x > 5 else x for x in chance.choices(range(9), k=n)]] for n in range(1, 40)]
        text = "UNWIND $pairs AS p RETURN " + ", ".join(f"gds.similarity.{name}(p[0], p[1]) AS {name}" for name in ALL)
        expected = outcome(self.cx.gds.driver, text, {"pairs": pairs})[1]
        found = outcome(self.cx.driver, text, {"pairs": pairs})[1]
        self.assertGreaterEqual(sum(map(len, expected)), 2000)
        differing = [
            (name, pair) for pair, ours, theirs in zip(pairs, found, expected, strict=True)
            for name, a, b in zip(ALL, ours, theirs, strict=True) if a != b
        ]
        self.assertEqual(differing[:3], [])

    def test_transactions(self):
        """in an explicit transaction, beside open results, and after it has failed"""
        # A connection that does not know yet what the server has.
        fresh = self.cx.server.connect(self.cx.address)
        self.addCleanup(fresh.close)
        for driver in (self.cx.gds.driver, fresh):
            with driver.session() as session, session.begin_transaction() as tx:
                rows = tx.run("UNWIND range(1, 3000) AS x RETURN x")
                self.assertEqual(next(rows)["x"], 1)
                tx.run("CREATE (:Probe {k: 300, e: [1.0]})").consume()
                near = tx.run(f"MATCH (p:Probe {{k: 300}}) RETURN {D}(p.e, [3]) AS d")
                self.assertEqual(near.single()["d"], 2.0)
                self.assertEqual(sum(1 for _ in rows), 2999)
                with self.assertRaises(neo4j.exceptions.ClientError):
                    tx.run(f"RETURN {D}([], []) AS d").consume()
                tx.rollback()
            with driver.session() as session:
                self.assertEqual(session.run(f"RETURN {D}([1], [3]) AS d").single()["d"], 2.0)
                self.assertEqual(session.run("MATCH (p:Probe {k: 300}) RETURN p").data(), [])

    def test_databases(self):
        """on a database that is not there, and on one that holds no graph: the error of the server"""
        for database in ("absent", "system"):
            expected, found = (
                outcome(driver, f"RETURN {D}([1], [2])", {}, database=database)
                for driver in (self.cx.gds.driver, self.cx.driver)
            )
            self.assertEqual(found, expected)
            self.assertTrue(found[0].startswith("Neo.ClientError."), found)

    def test_procedures_beside(self):
        """a statement that calls face procedures and functions"""
        if self.cx.facebolt is None:
            return
        url = self.cx.images.url("obama.jpg")
        text = (
            f"UNWIND [$url] AS u CALL face.embed(u) YIELD embedding, index WITH embedding, {D}(embedding, embedding) AS d "
            f"CALL face.embed($url) YIELD embedding AS again RETURN d, {D}(again, embedding), {C}([1], [2]) AS c"
        )
        self.assertEqual(self.query(text, url=url), [{"d": 0.0, f"{D}(again, embedding)": 0.0, "c": 1.0}])
        self.assertEqual(self.query(f"CALL face.embed($url) YIELD index WHERE {D}([index], [1]) > 5 RETURN index", url=url), [])
        text = f"RETURN {D}([1], [2]) AS d UNION CALL face.embed($url) YIELD nothing RETURN {D}([1], [2]) AS d"
        message = self.failure(text, url=url).message
        self.assertIn("Unknown procedure output: `nothing`", message)
        self.assertIn(f'"{text}"', message)
        message = self.failure(f"CALL face.embed($url) YIELD index RETURN {D}([index], [])", url=url).message
        self.assertIn("Vectors must be non-empty and of the same size", message)

    def test_links_that_are_none(self):
        """a link query of which a predicate decides which vectors are compared"""
        near = f"WITH a, b, {D}(a.e, b.e) AS d WHERE d < 2 RETURN a.k, b.k, d ORDER BY a.k, b.k"
        for limit in (9, 70):
            for server in (self.cx.gds, self.cx.server):
                server.query("CREATE (:Probe {k: 60})")
            self.same([f"MATCH (a:Probe) MATCH (b:Probe) WHERE id(a) <> id(b) AND a.k + b.k < {limit} {near}"])

    def test_left_to_the_server(self):
        """a server that has the functions gets the very text"""
        if self.cx.facebolt is None:
            return
        front = self.cx.serve(backend=self.cx.gds.address)
        with self.cx.gds.connect(front.address) as driver:
            self.assertEqual(driver.execute_query(f"RETURN {D}([1], [3]) AS d").records[0]["d"], 2.0)
        self.assertEqual(front.statements(kind="function"), 0)
