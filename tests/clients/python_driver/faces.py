"""The promises that facebolt keeps itself."""

import base64
import json
import math
import pathlib

from base import equal, failure, promise, rows

LINK = (
    "MATCH (p1:Face) MATCH (p2:Face) WHERE ID(p1) <> ID(p2) "
    "WITH p1, p2, gds.similarity.euclideanDistance(p1.embedding, p2.embedding) as distance WHERE distance < 10 "
    "MERGE (p1)-[e:SAME]-(p2) SET e.distance=distance"
)
PHOTO = "data:image/jpeg;base64," + base64.b64encode(pathlib.Path("tests/photos/obama.jpg").read_bytes()).decode()
EMBED = "CALL face.embed($url) YIELD embedding, index RETURN embedding, index"


def check_embedding(row):
    equal((row["index"], len(row["embedding"])), (0, 128))
    # The length of a calibrated embedding.
    assert abs(math.hypot(*row["embedding"]) - 10 / 1.055) < 1e-4


@promise
def embed_literal(cx):
    (row,) = rows(cx.driver, EMBED.replace("$url", f"'{PHOTO}'"))
    check_embedding(row)


@promise
def embed_parameter(cx):
    with cx.driver.session() as session:
        (row,) = session.execute_read(lambda transaction: transaction.run(EMBED, url=PHOTO).data())
    check_embedding(row)


@promise
def embed_row(cx):
    rows(cx.driver, "UNWIND range(1, 3) AS n CREATE (:Probe {n: n, photo: $url})", {"url": PHOTO})
    text = "MATCH (p:Probe) CALL face.embed(p.photo) YIELD embedding, index RETURN p.n AS n, embedding, index ORDER BY n"
    found = rows(cx.driver, text)
    equal([row["n"] for row in found], [1, 2, 3])
    for row in found:
        check_embedding(row)


@promise
def embed_error(cx):
    # What each server says of a procedure of its own that fails.
    status = "50N42" if cx.version.startswith("5.") else "52N37"
    with cx.driver.session() as session:
        raised = failure(lambda: session.run(EMBED, url="data:image/png;base64,AAAA").consume())
        equal((raised.code, raised.gql_status), ("Neo.ClientError.Procedure.ProcedureCallFailed", status))
        text = "Failed to invoke procedure `face.embed`: Caused by: "
        assert raised.message.startswith(text), raised.message
        equal(session.run("RETURN 1 AS one").single()["one"], 1)


@promise
def embed_explain(cx):
    # An image that would fail if it were looked at.
    with cx.driver.session() as session:
        result = session.run("EXPLAIN " + EMBED, url="data:image/png;base64,AAAA")
        equal(result.data(), [])
        assert result.consume().plan


def link(driver, run):
    entries = json.loads(pathlib.Path("tests/data/facenet128_deepface.json").read_text())
    vectors = [entry["embedding"] for entry in entries]
    rows(driver, "UNWIND $vectors AS vector CREATE (:Face {embedding: vector})", {"vectors": vectors})
    with driver.session() as session:
        for created in (169, 0):
            counters = run(session).counters
            equal((counters.relationships_created, counters.properties_set), (created, 338))
    equal(rows(driver, "MATCH ()-[e:SAME]->() RETURN count(e) AS n"), [{"n": 169}])


@promise
def link_auto(cx):
    link(cx.driver, lambda session: session.run(LINK).consume())


@promise
def link_managed(cx):
    link(cx.driver, lambda session: session.execute_write(lambda transaction: transaction.run(LINK).consume()))
