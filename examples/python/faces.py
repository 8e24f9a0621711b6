"""Embeds photos, links the faces that are one person's, and prints who is who.

    pip install neo4j
    NEO4J_PASSWORD=... python faces.py a.jpg b.jpg ...
"""

import base64
import os
import pathlib
import sys

import neo4j

EMBED = """
    CALL face.embed($image) YIELD embedding, index
    CREATE (:Face {photo: $photo, index: index, embedding: embedding})
"""
LINK = """
    MATCH (p1:Face) MATCH (p2:Face) WHERE ID(p1) <> ID(p2)
    WITH p1, p2, gds.similarity.euclideanDistance(p1.embedding, p2.embedding) AS distance WHERE distance < 10
    MERGE (p1)-[e:SAME]-(p2) SET e.distance = distance
"""
PAIRS = "MATCH (a:Face)-[e:SAME]->(b:Face) RETURN a.photo AS a, b.photo AS b, e.distance AS distance ORDER BY distance"

uri = os.environ.get("NEO4J_URI", "bolt://127.0.0.1:7688")
auth = (os.environ.get("NEO4J_USERNAME", "neo4j"), os.environ["NEO4J_PASSWORD"])
with neo4j.GraphDatabase.driver(uri, auth=auth) as driver:
    for photo in map(pathlib.Path, sys.argv[1:]):
        # A data: URL carries the bytes; a URL that facebolt may fetch does too.
        image = "data:image/jpeg;base64," + base64.b64encode(photo.read_bytes()).decode()
        driver.execute_query(EMBED, photo=photo.name, image=image)
    driver.execute_query(LINK)
    for record in driver.execute_query(PAIRS).records:
        print(record["a"], record["b"], f"{record['distance']:.2f}")
