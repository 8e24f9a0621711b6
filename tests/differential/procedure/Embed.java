package facebolt.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;

/**
 * What {@code face.embed} would be as a procedure within Neo4j, under a name of the same length. Its rows were computed
 * beforehand and lie in a file beside the server.
 */
public class Embed {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static Map<String, Answer> answers;
    private static FileTime read;

    /** One face. */
    public static class Row {
        public List<Double> embedding;
        public Long index;
        public Double confidence;
        public Map<String, Object> area;
        public Double quality;
        public String model;
    }

    private record Answer(List<Row> rows, String failure) {}

    @Procedure(name = "fact.embed", mode = Mode.READ)
    @Description("Find the faces of an image and embed each of them, the largest face first.")
    public Stream<Row> embed(
            @Name("imageUrl") String imageUrl,
            @Name(value = "configuration", defaultValue = "{}") Map<String, Object> configuration)
            throws IOException {
        if (imageUrl == null) {
            return Stream.empty();
        }
        Map<String, Object> sorted = configuration == null ? Map.of() : new TreeMap<>(configuration);
        String key = JSON.writeValueAsString(List.of(imageUrl, sorted));
        Answer answer = answers().get(key);
        if (answer == null) {
            throw new IllegalStateException("nothing was computed for " + key);
        }
        if (answer.failure != null) {
            throw new RuntimeException(answer.failure);
        }
        return answer.rows.stream();
    }

    private static synchronized Map<String, Answer> answers() throws IOException {
        // A server of the tests runs in its home.
        Path file = Path.of("answers.json");
        FileTime written = Files.getLastModifiedTime(file);
        if (!written.equals(read)) {
            Map<String, Answer> all = new HashMap<>();
            for (JsonNode entry : JSON.readTree(Files.readString(file))) {
                String key = JSON.writeValueAsString(JSON.convertValue(entry.get("call"), List.class));
                all.put(key, answer(entry));
            }
            answers = all;
            read = written;
        }
        return answers;
    }

    private static Answer answer(JsonNode entry) {
        if (entry.has("failure")) {
            return new Answer(null, entry.get("failure").textValue());
        }
        List<Row> rows = new ArrayList<>();
        for (JsonNode values : entry.get("rows")) {
            Row row = new Row();
            row.embedding = doubles(values.get("embedding"));
            row.index = values.get("index").longValue();
            row.confidence = values.get("confidence").doubleValue();
            row.area = new LinkedHashMap<>();
            JsonNode area = values.get("area");
            area.fieldNames().forEachRemaining(name -> row.area.put(
                    name, area.get(name).isArray() ? doubles(area.get(name)) : (Object) area.get(name).doubleValue()));
            row.quality = values.get("quality").doubleValue();
            row.model = values.get("model").textValue();
            rows.add(row);
        }
        return new Answer(rows, null);
    }

    private static List<Double> doubles(JsonNode list) {
        List<Double> doubles = new ArrayList<>();
        list.forEach(number -> doubles.add(number.doubleValue()));
        return doubles;
    }
}
