// Embeds photos, links the faces that are one person's, and prints who is who. Photos are URLs that facebolt may fetch,
// or paths below its images.directory.
//
//     cypher-shell -a bolt://127.0.0.1:7688 -f faces.cypher -P "{photos: ['a.jpg', 'b.jpg']}"

UNWIND $photos AS photo
CALL face.embed(photo) YIELD embedding, index
CREATE (:Face {photo: photo, index: index, embedding: embedding});

MATCH (p1:Face) MATCH (p2:Face) WHERE ID(p1) <> ID(p2)
WITH p1, p2, gds.similarity.euclideanDistance(p1.embedding, p2.embedding) AS distance WHERE distance < 10
MERGE (p1)-[e:SAME]-(p2) SET e.distance = distance;

MATCH (a:Face)-[e:SAME]->(b:Face)
RETURN a.photo AS a, b.photo AS b, e.distance AS distance ORDER BY distance;
