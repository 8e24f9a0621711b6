import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.neo4j.driver.Record;
import org.neo4j.driver.Session;
import org.neo4j.driver.summary.ResultSummary;

/** The promises that facebolt keeps itself. */
final class Faces {
    private static final String LINK = "MATCH (p1:Face) MATCH (p2:Face) WHERE ID(p1) <> ID(p2) "
            + "WITH p1, p2, gds.similarity.euclideanDistance(p1.embedding, p2.embedding) as distance "
            + "WHERE distance < 10 MERGE (p1)-[e:SAME]-(p2) SET e.distance=distance";
    private static final String EMBED = "CALL face.embed($url) YIELD embedding, index RETURN embedding, index";
    private static final Map<String, Object> NO_IMAGE = Map.of("url", "data:image/png;base64,AAAA");

    private Faces() {}

    static Map<String, Main.Promise> all() {
        Map<String, Main.Promise> all = new LinkedHashMap<>();
        all.put("embed_literal", Faces::literal);
        all.put("embed_parameter", Faces::parameter);
        all.put("embed_row", Faces::row);
        all.put("embed_error", Faces::error);
        all.put("embed_explain", Faces::explain);
        all.put("link_auto", p -> link(p, session -> session.run(LINK).consume()));
        all.put("link_managed", p -> link(p, session -> session.executeWrite(tx -> tx.run(LINK).consume())));
        return all;
    }

    private static String photo() throws Exception {
        byte[] bytes = Files.readAllBytes(Path.of("tests/photos/obama.jpg"));
        return "data:image/jpeg;base64," + Base64.getEncoder().encodeToString(bytes);
    }

    private static void check(Record row) {
        var embedding = row.get("embedding").asList(value -> value.asDouble());
        Statements.equal(List.of(row.get("index").asInt(), embedding.size()), List.of(0, 128));
        double length = Math.sqrt(embedding.stream().mapToDouble(part -> part * part).sum());
        // The length of a calibrated embedding.
        Statements.truth(Math.abs(length - 10 / 1.055) < 1e-4, "length " + length);
    }

    private static void literal(Main.Probe p) throws Exception {
        var found = Statements.rows(p.driver(), EMBED.replace("$url", "'" + photo() + "'"));
        Statements.equal(found.size(), 1);
        check(found.get(0));
    }

    private static void parameter(Main.Probe p) throws Exception {
        Map<String, Object> url = Map.of("url", photo());
        try (var session = p.driver().session()) {
            check(session.executeRead(transaction -> transaction.run(EMBED, url).single()));
        }
    }

    private static void row(Main.Probe p) throws Exception {
        Statements.rows(p.driver(), "UNWIND range(1, 3) AS n CREATE (:Probe {n: n, photo: $url})", Map.of("url", photo()));
        var found = Statements.rows(p.driver(), "MATCH (p:Probe) CALL face.embed(p.photo) YIELD embedding, index "
                + "RETURN p.n AS n, embedding, index ORDER BY n");
        Statements.equal(found.stream().map(row -> row.get("n").asInt()).toList(), List.of(1, 2, 3));
        found.forEach(Faces::check);
    }

    private static void error(Main.Probe p) throws Exception {
        try (var session = p.driver().session()) {
            var error = Statements.failure(() -> session.run(EMBED, NO_IMAGE).consume());
            // What each server says of a procedure of its own that fails.
            Statements.equal(List.of(error.code(), error.gqlStatus()),
                    List.of("Neo.ClientError.Procedure.ProcedureCallFailed", p.old() ? "50N42" : "52N37"));
            String text = "Failed to invoke procedure `face.embed`: Caused by: ";
            Statements.truth(error.getMessage().startsWith(text), error.getMessage());
            Statements.equal(session.run("RETURN 1 AS one").single().get("one").asLong(), 1L);
        }
    }

    private static void explain(Main.Probe p) {
        try (var session = p.driver().session()) {
            // An image that would fail if it were looked at.
            var result = session.run("EXPLAIN " + EMBED, NO_IMAGE);
            Statements.equal(result.list().size(), 0);
            Statements.truth(result.consume().plan() != null, "no plan");
        }
    }

    private static void link(Main.Probe p, Function<Session, ResultSummary> run) throws Exception {
        String text = Files.readString(Path.of("tests/data/facenet128_deepface.json"));
        var vectors = new ArrayList<List<Double>>();
        var found = Pattern.compile("\"embedding\":\\s*\\[([^]]*)]").matcher(text);
        while (found.find()) {
            vectors.add(Stream.of(found.group(1).split(",")).map(Double::valueOf).toList());
        }
        Statements.rows(p.driver(), "UNWIND $vectors AS vector CREATE (:Face {embedding: vector})",
                Map.of("vectors", vectors));
        try (var session = p.driver().session()) {
            for (int created : List.of(169, 0)) {
                var counters = run.apply(session).counters();
                Statements.equal(List.of(counters.relationshipsCreated(), counters.propertiesSet()),
                        List.of(created, 338));
            }
        }
        var linked = Statements.rows(p.driver(), "MATCH ()-[e:SAME]->() RETURN count(e) AS n");
        Statements.equal(linked.get(0).get("n").asInt(), 169);
    }
}
