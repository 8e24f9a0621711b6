import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import org.neo4j.driver.AuthTokens;
import org.neo4j.driver.GraphDatabase;

/**
 * Embeds photos, links the faces that are one person's, and prints who is who.
 *
 * <p>NEO4J_PASSWORD=... java -cp "neo4j-java-driver and what it needs" Faces.java a.jpg b.jpg ...
 */
public final class Faces {
    private static final String EMBED =
            """
            CALL face.embed($image) YIELD embedding, index
            CREATE (:Face {photo: $photo, index: index, embedding: embedding})
            """;
    private static final String LINK =
            """
            MATCH (p1:Face) MATCH (p2:Face) WHERE ID(p1) <> ID(p2)
            WITH p1, p2, gds.similarity.euclideanDistance(p1.embedding, p2.embedding) AS distance WHERE distance < 10
            MERGE (p1)-[e:SAME]-(p2) SET e.distance = distance
            """;
    private static final String PAIRS =
            """
            MATCH (a:Face)-[e:SAME]->(b:Face)
            RETURN a.photo AS a, b.photo AS b, e.distance AS distance ORDER BY distance
            """;

    public static void main(String[] photos) throws Exception {
        var uri = System.getenv().getOrDefault("NEO4J_URI", "bolt://127.0.0.1:7688");
        var user = System.getenv().getOrDefault("NEO4J_USERNAME", "neo4j");
        var auth = AuthTokens.basic(user, System.getenv("NEO4J_PASSWORD"));
        try (var driver = GraphDatabase.driver(uri, auth)) {
            for (var name : photos) {
                var photo = Path.of(name);
                // A data: URL carries the bytes; a URL that facebolt may fetch does too.
                var image = "data:image/jpeg;base64," + Base64.getEncoder().encodeToString(Files.readAllBytes(photo));
                var parameters = Map.<String, Object>of("photo", photo.getFileName().toString(), "image", image);
                driver.executableQuery(EMBED).withParameters(parameters).execute();
            }
            driver.executableQuery(LINK).execute();
            for (var pair : driver.executableQuery(PAIRS).execute().records()) {
                var distance = pair.get("distance").asDouble();
                System.out.printf(
                        Locale.ROOT, "%s %s %.2f%n", pair.get("a").asString(), pair.get("b").asString(), distance);
            }
        }
    }
}
