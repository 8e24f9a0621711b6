import static org.neo4j.driver.Values.point;
import static org.neo4j.driver.Values.value;

import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.neo4j.driver.AccessMode;
import org.neo4j.driver.AuthTokens;
import org.neo4j.driver.Bookmark;
import org.neo4j.driver.Config;
import org.neo4j.driver.Driver;
import org.neo4j.driver.Session;
import org.neo4j.driver.SessionConfig;
import org.neo4j.driver.TransactionConfig;
import org.neo4j.driver.Value;
import org.neo4j.driver.Values;
import org.neo4j.driver.async.AsyncSession;

/** The promises, by name. Each throws if it is not kept. */
final class Promises {
    // Minutes of work that nobody waits for.
    private static final String ENDLESS =
            "UNWIND range(1, 10000000000) AS n WITH n WHERE n < 0 RETURN count(n) AS n";

    private Promises() {}

    static Map<String, Main.Promise> all() {
        Map<String, Main.Promise> all = new LinkedHashMap<>();
        all.put("plain", Promises::plain);
        all.put("temporal", Promises::temporal);
        all.put("spatial", Promises::spatial);
        all.put("graph", Promises::graph);
        all.put("vector", Promises::vector);
        all.put("summary", Promises::summary);
        all.put("error", Promises::error);
        all.put("commit", Promises::commit);
        all.put("rollback", Promises::rollback);
        all.put("killed", Promises::killed);
        all.put("away", Promises::away);
        all.put("deadlock", Promises::deadlock);
        all.put("bookmarks", Promises::bookmarks);
        all.put("impersonation", Promises::impersonation);
        all.put("large", Promises::large);
        all.put("abandon", Promises::abandon);
        all.put("timeout", Promises::timeout);
        all.put("cancel", Promises::cancel);
        all.put("password", Promises::password);
        all.put("user", Promises::user);
        all.put("routing", Promises::routing);
        all.put("access", Promises::access);
        all.put("concurrent", Promises::concurrent);
        all.put("batches", Promises::batches);
        return all;
    }

    private static void roundTrip(Driver driver, Object... objects) {
        List<Value> sent = new ArrayList<>();
        for (Object object : objects) {
            sent.add(object instanceof Value value ? value : value(object));
        }
        Value got = Statements.rows(driver, "RETURN $values AS values", Map.of("values", sent)).get(0).get("values");
        Statements.equal(got.size(), sent.size());
        for (int n = 0; n < sent.size(); n++) {
            Statements.equal(got.get(n).type(), sent.get(n).type());
            // As objects, for which Java holds NaN equal to itself and -0.0 unequal to 0.0.
            Statements.equal(got.get(n).asObject(), sent.get(n).asObject());
        }
    }

    private static void plain(Main.Probe p) {
        byte[] bytes = new byte[76800];
        for (int n = 0; n < bytes.length; n++) {
            bytes[n] = (byte) n;
        }
        Map<String, Object> inner = new HashMap<>();
        inner.put("c", null);
        roundTrip(p.driver(), Values.NULL, true, false, 0L, -17L, 127L, -129L, 40000L, Long.MAX_VALUE, Long.MIN_VALUE,
                0.1, -0.0, Double.MIN_VALUE, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY,
                Double.MAX_VALUE, "", "grüße 𝄞", "x".repeat(70000), new byte[0], bytes, List.of(),
                List.of(1L, List.of(2.5, List.of("deep"))), Map.of(), Map.of("a", Map.of("b", List.of(1L, inner))));
    }

    private static void temporal(Main.Probe p) {
        ZoneOffset offset = ZoneOffset.ofHoursMinutes(5, 30);
        LocalDateTime moment = LocalDateTime.of(2024, 2, 29, 1, 2, 3, 4);
        roundTrip(p.driver(), LocalDate.of(2024, 2, 29), LocalTime.of(23, 59, 59, 999999999),
                OffsetTime.of(1, 2, 3, 4, offset), moment, ZonedDateTime.of(moment, offset),
                ZonedDateTime.of(moment, ZoneId.of("Europe/Berlin")), Values.isoDuration(14, 3, 4, 5));
        OffsetDateTime sent = OffsetDateTime.of(moment, offset);
        var got = Statements.rows(p.driver(), "RETURN $sent AS sent", Map.of("sent", sent)).get(0).get("sent");
        Statements.equal(got.asOffsetDateTime(), sent);
    }

    private static void spatial(Main.Probe p) {
        roundTrip(p.driver(), point(7203, 1.5, -2.5), point(9157, 1, 2, 3), point(4326, 12.5, 55.7),
                point(4979, 12.5, 55.7, 9));
    }

    private static void graph(Main.Probe p) {
        var row = Statements.rows(p.driver(),
                "CREATE path = (a:Probe {name: 'a'})-[r:TO {since: 1}]->(b:Probe {name: 'b'}) RETURN a, r, b, path").get(0);
        var a = row.get("a").asNode();
        var b = row.get("b").asNode();
        var r = row.get("r").asRelationship();
        Statements.equal(a.labels(), List.of("Probe"));
        Statements.equal(List.of(a.asMap(), b.asMap()), List.of(Map.of("name", "a"), Map.of("name", "b")));
        Statements.equal(List.of(r.type(), r.asMap()), List.of("TO", Map.of("since", 1L)));
        Statements.equal(List.of(r.startNodeElementId(), r.endNodeElementId()), List.of(a.elementId(), b.elementId()));
        var path = row.get("path").asPath();
        Statements.equal(List.of(path.start(), path.end(), path.length()), List.of(a, b, 1));
    }

    private static void vector(Main.Probe p) {
        if (p.old()) {
            throw new Main.Unable("Neo4j 5.26 has no vectors");
        }
        var sent = List.of(Values.vector(new float[] {1, 2, 3}), Values.vector(new double[] {0.1, -2}),
                Values.vector(new byte[] {-1, 7}));
        var row = Statements.rows(p.driver(), "CYPHER 25 RETURN $sent AS there, vector([1, 2, 3], 3, FLOAT32) AS made",
                Map.of("sent", sent)).get(0);
        for (int n = 0; n < sent.size(); n++) {
            Statements.equal(row.get("there").get(n), sent.get(n));
        }
        Statements.equal(row.get("made"), sent.get(0));
    }

    private static void summary(Main.Probe p) {
        var done = Statements.summary(p.driver(), "CREATE (:Probe {a: 1, b: 2}) RETURN 1 AS one",
                SessionConfig.defaultConfig());
        var counters = done.counters();
        Statements.equal(List.of(counters.nodesCreated(), counters.propertiesSet(), counters.labelsAdded()),
                List.of(1, 2, 1));
        Statements.equal(List.of(done.database().name(), done.server().address()), List.of("neo4j", p.address()));
        Statements.truth(done.server().agent().startsWith("Neo4j/" + p.version()), done.server().agent());
    }

    private static void error(Main.Probe p) throws Exception {
        var error = Statements.failure(() -> Statements.rows(p.driver(), "RETURN 1 +"));
        Statements.equal(List.of(error.code(), error.gqlStatus()),
                List.of("Neo.ClientError.Statement.SyntaxError", p.old() ? "50N42" : "42001"));
        String text = "Invalid input '': expected an expression (line 1, column 11 (offset: 10))";
        Statements.truth(error.getMessage().startsWith(text), error.getMessage());
    }

    private static void commit(Main.Probe p) {
        try (var session = p.driver().session(); var transaction = session.beginTransaction()) {
            transaction.run("CREATE (:Probe)").consume();
            Statements.equal(Statements.count(p.driver()), 0L);
            transaction.commit();
        }
        Statements.equal(Statements.count(p.driver()), 1L);
    }

    private static void rollback(Main.Probe p) {
        try (var session = p.driver().session()) {
            try (var transaction = session.beginTransaction()) {
                transaction.run("CREATE (:Probe)").consume();
                transaction.rollback();
            }
            session.beginTransaction().run("CREATE (:Probe)").consume();
        }
        Statements.equal(Statements.count(p.driver()), 0L);
    }

    private static void killed(Main.Probe p) {
        String marker = "killed " + ProcessHandle.current().pid();
        var attempts = new AtomicInteger();
        try (var session = p.driver().session()) {
            session.executeWriteWithoutResult(transaction -> {
                transaction.run("CREATE (:Probe)").consume();
                if (attempts.incrementAndGet() == 1) {
                    var found = transaction.run("SHOW TRANSACTIONS YIELD connectionId, currentQuery "
                            + "WHERE currentQuery CONTAINS '" + marker + "' RETURN connectionId AS id").single();
                    Statements.rows(p.driver(), "CALL dbms.killConnection($id)", found.asMap());
                }
                transaction.run("CREATE (:Probe)").consume();
            });
        }
        Statements.equal(List.of((long) attempts.get(), Statements.count(p.driver())), List.of(2L, 2L));
    }

    private static void away(Main.Probe p) {
        try (var driver = p.at(Main.env("AWAY_ADDRESS")).connect("bolt", p.password(), Config.defaultConfig());
                var session = driver.session()) {
            session.executeWriteWithoutResult(transaction -> transaction.run("CREATE (:Probe)").consume());
        }
        Statements.equal(Statements.count(p.driver()), 1L);
    }

    private static void deadlock(Main.Probe p) {
        Statements.rows(p.driver(), "CREATE (:Probe {name: 'a', set: 0}), (:Probe {name: 'b', set: 0})");
        var attempts = new AtomicInteger();
        var both = new CyclicBarrier(2);
        Statements.atOnce(2, one -> {
            var tries = new AtomicInteger();
            try (var session = p.driver().session()) {
                session.executeWriteWithoutResult(transaction -> {
                    attempts.incrementAndGet();
                    boolean first = tries.incrementAndGet() == 1;
                    for (int place = 0; place < 2; place++) {
                        String name = (one + place) % 2 == 0 ? "a" : "b";
                        transaction.run("MATCH (p:Probe {name: $name}) SET p.set = p.set + 1", Map.of("name", name))
                                .consume();
                        if (first && place == 0) {
                            meet(both);
                        }
                    }
                });
            }
        });
        Statements.truth(attempts.get() > 2, "nobody was blocked");
        var set = Statements.rows(p.driver(), "MATCH (p:Probe) RETURN collect(p.set) AS set").get(0).get("set");
        Statements.equal(set.asList(), List.of(2L, 2L));
    }

    private static void meet(CyclicBarrier both) {
        try {
            both.await(20, TimeUnit.SECONDS);
        } catch (Exception error) {
            throw new IllegalStateException(error);
        }
    }

    private static void bookmarks(Main.Probe p) throws Exception {
        Set<Bookmark> last = Set.of();
        for (long n = 0; n < 3; n++) {
            try (var session = p.driver().session(SessionConfig.builder().withBookmarks(last).build())) {
                var seen = session.run("MATCH (n:Probe) RETURN count(n) AS n").single().get("n").asLong();
                Statements.equal(seen, n);
                session.executeWrite(transaction -> transaction.run("CREATE (:Probe)").consume());
                last = session.lastBookmarks();
                Statements.equal(last.size(), 1);
            }
        }
        var nonsense = SessionConfig.builder().withBookmarks(Bookmark.from("nonsense")).build();
        var error = Statements.failure(() -> Statements.rows(p.driver(), "RETURN 1", Map.of(), nonsense));
        Statements.equal(error.code(), "Neo.ClientError.Transaction.InvalidBookmark");
    }

    private static void impersonation(Main.Probe p) throws Exception {
        var config = SessionConfig.builder().withImpersonatedUser(p.user()).build();
        var error = Statements.failure(() -> Statements.rows(p.driver(), "RETURN 1", Map.of(), config));
        Statements.equal(error.code(), "Neo.ClientError.Statement.ArgumentError");
    }

    private static void large(Main.Probe p) {
        try (var session = p.driver().session(SessionConfig.builder().withFetchSize(100).build())) {
            var result = session.run("UNWIND range(1, 100000) AS n RETURN n, toString(n) AS text");
            long next = 0;
            while (result.hasNext()) {
                var row = result.next();
                next++;
                Statements.equal(row.get("n").asLong(), next);
                Statements.equal(row.get("text").asString(), Long.toString(next));
            }
            Statements.equal(next, 100000L);
        }
    }

    private static Config onlyOne() {
        return Config.builder().withMaxConnectionPoolSize(1).build();
    }

    private static void abandon(Main.Probe p) {
        try (var driver = p.connect("bolt", p.password(), onlyOne())) {
            for (int turn = 0; turn < 3; turn++) {
                try (var session = driver.session(SessionConfig.builder().withFetchSize(10).build())) {
                    var result = session.run("UNWIND range(1, 1000000000) AS n RETURN n");
                    LongStream.rangeClosed(1, 25).forEach(n -> Statements.equal(result.next().get("n").asLong(), n));
                }
                Statements.equal(one(driver.session()), 1L);
            }
        }
    }

    private static long one(Session session) {
        try (session) {
            return session.run("RETURN 1 AS one").single().get("one").asLong();
        }
    }

    private static void timeout(Main.Probe p) throws Exception {
        try (var session = p.driver().session()) {
            var config = TransactionConfig.builder().withTimeout(Duration.ofMillis(500)).build();
            var error = Statements.failure(() -> session.run(ENDLESS, config).consume());
            Statements.equal(error.code(), "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration");
            Statements.equal(session.run("RETURN 1 AS one").single().get("one").asLong(), 1L);
        }
    }

    /** A statement that runs is ended by closing its driver. */
    private static void cancel(Main.Probe p) throws Exception {
        String marker = "cancel " + ProcessHandle.current().pid();
        Driver driver = p.connect("bolt", p.password(), Config.defaultConfig());
        var result = driver.session(AsyncSession.class).runAsync("/* " + marker + " */ " + ENDLESS)
                .thenCompose(cursor -> cursor.consumeAsync()).toCompletableFuture();
        Thread.sleep(1000);
        Statements.truth(!result.isDone(), "it has ended by itself");
        driver.close();
        Statements.ended(p.driver(), marker);
    }

    private static void password(Main.Probe p) throws Exception {
        try (var driver = p.connect("bolt", "wrong", Config.defaultConfig())) {
            var error = Statements.failure(() -> {
                driver.verifyConnectivity();
                return null;
            });
            Statements.equal(error.code(), "Neo.ClientError.Security.Unauthorized");
        }
    }

    private static String who(Driver driver, String name, String password) {
        var config = SessionConfig.forDatabase("system");
        var token = name == null ? null : AuthTokens.basic(name, password);
        try (var session = driver.session(Session.class, config, token)) {
            return session.run("SHOW CURRENT USER YIELD user").single().get("user").asString();
        }
    }

    private static void user(Main.Probe p) throws Exception {
        try (var driver = p.connect("bolt", p.password(), onlyOne())) {
            for (int turn = 0; turn < 2; turn++) {
                Statements.equal(who(driver, null, null), p.user());
                Statements.equal(who(driver, p.otherUser(), p.password()), p.otherUser());
            }
            Statements.failure(() -> who(driver, p.otherUser(), "wrong"));
            Statements.equal(who(driver, null, null), p.user());
        }
    }

    private static void routing(Main.Probe p) throws Exception {
        try (var driver = p.connect("neo4j", p.password(), Config.defaultConfig())) {
            var configs = List.of(SessionConfig.defaultConfig(), SessionConfig.forDatabase("neo4j"), reading());
            for (var config : configs) {
                Statements.equal(Statements.summary(driver, "RETURN 1", config).server().address(), p.address());
            }
            var nowhere = SessionConfig.forDatabase("nosuch");
            var error = Statements.failure(() -> Statements.rows(driver, "RETURN 1", Map.of(), nowhere));
            Statements.equal(error.code(), "Neo.ClientError.Database.DatabaseNotFound");
        }
    }

    private static SessionConfig reading() {
        return SessionConfig.builder().withDefaultAccessMode(AccessMode.READ).build();
    }

    private static void access(Main.Probe p) throws Exception {
        var error = Statements.failure(() -> Statements.rows(p.driver(), "CREATE (:Probe)", Map.of(), reading()));
        Statements.equal(error.code(), "Neo.ClientError.Statement.AccessMode");
        Statements.equal(Statements.count(p.driver()), 0L);
    }

    private static void concurrent(Main.Probe p) {
        Statements.atOnce(20, n -> {
            try (var session = p.driver().session()) {
                Map<String, Object> values = Map.of("n", n);
                session.executeWrite(transaction -> transaction.run("CREATE (:Probe {n: $n})", values).consume());
                var found = session.executeRead(
                        transaction -> transaction.run("MATCH (p:Probe {n: $n}) RETURN p.n AS n", values).single());
                Statements.equal(found.get("n").asInt(), n);
            }
        });
        Statements.equal(Statements.count(p.driver()), 20L);
    }

    private static void batches(Main.Probe p) throws Exception {
        String text = "UNWIND range(1, 250) AS n CALL (n) { CREATE (:Probe {n: n}) } IN TRANSACTIONS OF 100 ROWS";
        var done = Statements.summary(p.driver(), text, SessionConfig.defaultConfig());
        Statements.equal(done.counters().nodesCreated(), 250);
        Statements.equal(Statements.count(p.driver()), 250L);
        try (var session = p.driver().session(); var transaction = session.beginTransaction()) {
            var error = Statements.failure(() -> transaction.run(text).consume());
            Statements.equal(error.code(), "Neo.DatabaseError.Transaction.TransactionStartFailed");
        }
    }
}
