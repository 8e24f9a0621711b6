import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.neo4j.driver.Driver;
import org.neo4j.driver.Record;
import org.neo4j.driver.SessionConfig;
import org.neo4j.driver.exceptions.Neo4jException;
import org.neo4j.driver.summary.ResultSummary;

/** What the promises are made of. */
final class Statements {
    private Statements() {}

    static List<Record> rows(Driver driver, String text, Map<String, Object> parameters, SessionConfig config) {
        try (var session = driver.session(config)) {
            return session.run(text, parameters).list();
        }
    }

    static List<Record> rows(Driver driver, String text, Map<String, Object> parameters) {
        return rows(driver, text, parameters, SessionConfig.defaultConfig());
    }

    static List<Record> rows(Driver driver, String text) {
        return rows(driver, text, Map.of());
    }

    static ResultSummary summary(Driver driver, String text, SessionConfig config) {
        try (var session = driver.session(config)) {
            return session.run(text).consume();
        }
    }

    static long count(Driver driver) {
        return rows(driver, "MATCH (n:Probe) RETURN count(n) AS n").get(0).get("n").asLong();
    }

    static void equal(Object got, Object expected) {
        if (!Objects.deepEquals(got, expected)) {
            throw new AssertionError(got + ", not " + expected);
        }
    }

    static void truth(boolean is, String otherwise) {
        if (!is) {
            throw new AssertionError(otherwise);
        }
    }

    static Neo4jException failure(Callable<?> work) throws Exception {
        try {
            work.call();
        } catch (Neo4jException error) {
            return error;
        }
        throw new AssertionError("it did not fail");
    }

    /** Waits until the server runs no statement that contains the marker. */
    static void ended(Driver driver, String marker) throws InterruptedException {
        String text = "SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery CONTAINS $marker "
                + "AND NOT currentQuery STARTS WITH 'SHOW' RETURN count(*) AS n";
        for (int tries = 0; tries < 100; tries++) {
            if (rows(driver, text, Map.of("marker", marker)).get(0).get("n").asLong() == 0) {
                return;
            }
            Thread.sleep(100);
        }
        throw new AssertionError("the statement still runs on the server");
    }

    interface Work {
        void run(int one) throws Exception;
    }

    /** Runs the work for 0 to n-1, each in a thread of its own. */
    static void atOnce(int n, Work work) {
        var pool = Executors.newFixedThreadPool(n);
        try {
            var all = IntStream.range(0, n).mapToObj(one -> CompletableFuture.runAsync(() -> {
                try {
                    work.run(one);
                } catch (RuntimeException error) {
                    throw error;
                } catch (Exception error) {
                    throw new IllegalStateException(error);
                }
            }, pool)).toArray(CompletableFuture[]::new);
            CompletableFuture.allOf(all).join();
        } finally {
            pool.shutdownNow();
        }
    }
}
