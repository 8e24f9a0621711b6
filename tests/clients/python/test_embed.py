"""CALL face.embed: a photo in, one row per face, in every place a CALL may stand."""

import itertools
import math

import neo4j

import bolt
import images
from harness import LINK, Promise, distance

COLUMNS = ["embedding", "index", "confidence", "area", "quality", "model"]
AREA = {"x", "y", "w", "h", "left_eye", "right_eye", "nose", "mouth_left", "mouth_right"}
PHOTOS = sorted(path.name for path in images.PHOTOS.glob("*.jpg"))
PROCEDURE_FAILED = "Neo.ClientError.Procedure.ProcedureCallFailed"


def person(photo):
    """Whom a photo shows: its name without the number."""
    return photo.removesuffix(".jpg").rstrip("0123456789")


class Embed(Promise):
    needs_facebolt = True

    def setUp(self):
        super().setUp()
        self.url = self.cx.images.url("obama.jpg")

    def embedding(self):
        return self.query("CALL face.embed($url) YIELD embedding", url=self.url)[0]["embedding"]

    def test_literal(self):
        """standalone, with a literal: all columns in their order, 128 floats of the calibrated length"""
        with self.cx.driver.session() as session:
            result = session.run(f"CALL face.embed('{self.url}')")
            self.assertEqual(list(result.keys()), COLUMNS)
            (row,) = result.data()
        self.assertEqual(len(row["embedding"]), 128)
        self.assertTrue(all(type(x) is float and math.isfinite(x) for x in row["embedding"]))
        self.assertAlmostEqual(math.hypot(*row["embedding"]), 10 / 1.055, places=4)
        self.assertEqual(row["index"], 0)
        self.assertGreater(row["confidence"], 0.6)
        self.assertEqual(set(row["area"]), AREA)

    def test_parameter(self):
        """with a parameter, and with a data: URL: the same bits"""
        expected = self.embedding()
        before = self.cx.images.requests()
        row = self.query("CALL face.embed($url) YIELD embedding", url=images.data_url("obama.jpg"))[0]
        self.assertEqual(row["embedding"], expected)
        self.assertEqual(self.cx.images.requests(), before)
        literal = f"CALL face.embed('{images.data_url('obama.jpg')}') YIELD embedding"
        self.assertEqual(self.query(literal)[0]["embedding"], expected)

    def test_implicit_argument(self):
        """standalone without parentheses: the parameter of the argument's name"""
        self.assertEqual(self.query("CALL face.embed", imageUrl=self.url)[0]["embedding"], self.embedding())

    def test_alias(self):
        """YIELD with an alias, standalone and inside a query"""
        expected = self.embedding()
        for text in (
            "CALL face.embed($url) YIELD embedding AS e, index AS i",
            "WITH 1 AS one CALL face.embed($url) YIELD embedding AS e, index AS i RETURN e, i",
        ):
            self.assertEqual(self.query(text, url=self.url), [{"e": expected, "i": 0}])

    def test_where(self):
        """YIELD .. WHERE inside a query"""
        text = "WITH 1 AS one CALL face.embed($url) YIELD index, confidence WHERE confidence {} 0.5 RETURN index"
        self.assertEqual(self.query(text.format(">"), url=self.url), [{"index": 0}])
        self.assertEqual(self.query(text.format("<"), url=self.url), [])

    def test_write(self):
        """stored in auto-commit and in execute_write, gone after a rollback"""
        text = "CALL face.embed($url) YIELD embedding CREATE (f:Face {how: $how, embedding: embedding})"
        with self.cx.driver.session() as session:
            self.assertEqual(session.run(text, url=self.url, how="auto").consume().counters.nodes_created, 1)
            session.execute_write(lambda tx: tx.run(text, url=self.url, how="managed").consume())
            with session.begin_transaction() as tx:
                tx.run(text, url=self.url, how="undone").consume()
                tx.rollback()
        stored = {row["how"]: row["e"] for row in self.query("MATCH (f:Face) RETURN f.how AS how, f.embedding AS e")}
        expected = self.embedding()
        self.assertEqual(stored, {"auto": expected, "managed": expected})

    def test_photos_to_links(self):
        """ten photos, embedded and linked: exactly the same-person pairs are below 10"""
        urls = {self.cx.images.url(photo): photo for photo in PHOTOS}
        for url in urls:
            self.query("CALL face.embed($url) YIELD embedding CREATE (:Face {url: $url, embedding: embedding})", url=url)
        linked = self.counters(LINK)
        self.assertEqual((linked.relationships_created, linked.properties_set), (8, 16))
        rows = self.query("MATCH (a:Face)-[e:SAME]-(b) RETURN a.url AS a, b.url AS b, e.distance AS distance")
        expected = {(a, b) for a, b in itertools.permutations(PHOTOS, 2) if person(a) == person(b)}
        self.assertEqual({(urls[row["a"]], urls[row["b"]]) for row in rows}, expected)
        vectors = {row["url"]: row["e"] for row in self.query("MATCH (f:Face) RETURN f.url AS url, f.embedding AS e")}
        for row in rows:
            self.assertEqual(row["distance"], distance(vectors[row["a"]], vectors[row["b"]]))

    def test_null(self):
        """null: no row"""
        self.assertEqual(self.query("CALL face.embed(null) YIELD embedding"), [])
        self.assertEqual(self.query("CALL face.embed($url) YIELD embedding", url=None), [])

    def test_explain(self):
        """EXPLAIN fetches nothing, PROFILE does"""
        before = self.cx.images.requests()
        for text in (
            "EXPLAIN CALL face.embed($url)",
            f"EXPLAIN CALL face.embed('{self.url}') YIELD embedding",
            "EXPLAIN WITH 1 AS one CALL face.embed($url) YIELD embedding RETURN embedding",
        ):
            with self.cx.driver.session() as session:
                result = session.run(text, url=self.url)
                self.assertEqual(result.data(), [])
                self.assertIsNotNone(result.consume().plan)
        self.assertEqual(self.cx.images.requests(), before)
        _, summary, _ = self.cx.driver.execute_query("PROFILE CALL face.embed($url)", url=self.url)
        self.assertIsNotNone(summary.profile)
        self.assertEqual(self.cx.images.requests(), before + 1)

    def test_cancel(self):
        """RESET ends a statement that waits for a photo, and the connection goes on"""
        self.cx.images.hold()
        self.addCleanup(self.cx.images.release)
        with bolt.Connection(self.cx.address, timeout=10) as connection:
            connection.log_in(self.cx.server.user, self.cx.server.password)
            url = self.cx.images.url("held")
            connection.send(bolt.run("CALL face.embed($url)", {"url": url}), bolt.pull())
            self.assertTrue(self.cx.images.asked.wait(20), "the photo was never asked for")
            connection.send(bolt.Message(bolt.RESET))
            answers = [connection.summary().tag for _ in range(3)]
            self.assertEqual(answers[2], bolt.SUCCESS)
            self.assertNotEqual(answers[1], bolt.SUCCESS)
            connection.send(bolt.run("RETURN 1"), bolt.pull())
            self.assertEqual([connection.summary().tag for _ in range(2)], [bolt.SUCCESS, bolt.SUCCESS])


class EmbedFailure(Promise):
    needs_facebolt = True

    def test_never_evaluated(self):
        """a bad URL that no row reaches: no row and no error"""
        text = "MATCH (n:Nothing) CALL face.embed('http://bad.invalid/') YIELD embedding RETURN embedding"
        self.assertEqual(self.query(text), [])

    def test_failed(self):
        """a photo that cannot be had or read fails as a procedure does"""
        for name in ("missing", "text"):
            for text in (
                "CALL face.embed($url)",
                "CALL face.embed($url) YIELD embedding RETURN embedding",
                "WITH 1 AS one CALL face.embed($url) YIELD embedding RETURN embedding",
            ):
                with self.subTest(name=name, text=text):
                    error = self.failure(text, url=self.cx.images.url(name))
                    self.assertEqual(error.code, PROCEDURE_FAILED)
                    self.assertIn("Failed to invoke procedure `face.embed`: Caused by: ", error.message)

    def test_in_transaction(self):
        """a failure ends the transaction, and nothing of it stays"""
        with self.cx.driver.session() as session:
            with self.assertRaises(neo4j.exceptions.ClientError) as caught:
                with session.begin_transaction() as tx:
                    tx.run("CREATE (:Photo)").consume()
                    tx.run("CALL face.embed($url)", url=self.cx.images.url("missing")).consume()
            self.assertEqual(caught.exception.code, PROCEDURE_FAILED)
            self.assertEqual(session.run("MATCH (p:Photo) RETURN p").data(), [])

    def test_private_address(self):
        """a private address that is not allowed is refused before anything connects to it"""
        stranger = images.ImageServer()
        self.addCleanup(stranger.close)
        for host in (stranger.address, stranger.address.replace("127.0.0.1", "localhost"), "2130706433"):
            error = self.failure("CALL face.embed($url)", url=f"http://{host}/obama.jpg")
            self.assertEqual(error.code, PROCEDURE_FAILED)
        self.assertEqual(stranger.requests(), 0)

    def test_arguments(self):
        """wrong arguments are refused as Neo4j refuses them, and fetch nothing"""
        before = self.cx.images.requests()
        cases = {
            "CALL face.embed(5)": "Neo.ClientError.Statement.SyntaxError",
            "CALL face.embed()": "Neo.ClientError.Statement.SyntaxError",
            "CALL face.embed": "Neo.ClientError.Statement.ParameterMissing",
            f"CALL face.embed('{self.cx.images.url('obama.jpg')}') YIELD nope": "Neo.ClientError.Statement.SyntaxError",
        }
        for text, code in cases.items():
            with self.subTest(text):
                self.assertEqual(self.failure(text).code, code)
        self.assertEqual(self.cx.images.requests(), before)
