import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.neo4j.driver.AuthTokens;
import org.neo4j.driver.Config;
import org.neo4j.driver.Driver;
import org.neo4j.driver.GraphDatabase;

/** Runs the promises named on the command line with the official Java driver. Prints a line for each. */
public final class Main {
    private static final int SECONDS = 60;

    /** Why the driver, or the server, cannot do what a promise is about. */
    static final class Unable extends RuntimeException {
        Unable(String reason) {
            super(reason);
        }
    }

    /** What a promise is tested against. */
    record Probe(String address, String user, String password, String otherUser, String version, Driver driver) {
        boolean old() {
            return version.startsWith("5.");
        }

        Probe at(String address) {
            return new Probe(address, user, password, otherUser, version, driver);
        }

        Driver connect(String scheme, String password, Config config) {
            return GraphDatabase.driver(scheme + "://" + address, AuthTokens.basic(user, password), config);
        }
    }

    interface Promise {
        void keep(Probe probe) throws Exception;
    }

    public static void main(String[] names) {
        Map<String, Promise> promises = Promises.all();
        promises.putAll(Faces.all());
        for (String name : names) {
            keep(name, promises.get(name));
        }
        // What hangs must not keep the program.
        System.exit(0);
    }

    private static void keep(String name, Promise promise) {
        long began = System.nanoTime();
        Throwable failure = null;
        var probe = new Probe(env("ADDRESS"), env("USER"), env("PASSWORD"), env("OTHER_USER"), env("NEO4J"), null);
        try (Driver driver = probe.connect("bolt", probe.password, Config.defaultConfig())) {
            if (promise == null) {
                throw new IllegalArgumentException("this client does not know the promise");
            }
            driver.executableQuery("MATCH (n:Probe|Face) DETACH DELETE n").execute();
            var against = new Probe(probe.address, probe.user, probe.password, probe.otherUser, probe.version, driver);
            CompletableFuture.runAsync(() -> {
                try {
                    promise.keep(against);
                } catch (RuntimeException error) {
                    throw error;
                } catch (Exception error) {
                    throw new IllegalStateException(error);
                }
            }).get(SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException error) {
            failure = error.getCause();
        } catch (Exception error) {
            failure = error;
        }
        if (failure instanceof Unable) {
            System.out.printf("- %s %s%n", name, failure.getMessage());
            return;
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        System.out.printf("%s %s %.2f%n", failure == null ? "ok" : "FAILED", name, seconds);
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            System.out.println("  " + cause.toString().replace("\n", "\n  "));
            for (StackTraceElement at : cause.getStackTrace()) {
                if (at.getModuleName() == null && !at.getClassName().startsWith("java.")) {
                    System.out.println("    at " + at);
                }
            }
        }
    }

    static String env(String name) {
        String value = System.getenv("FACEBOLT_TEST_" + name);
        if (value == null) {
            throw new IllegalStateException("FACEBOLT_TEST_" + name + " is not set: tests/clients/run sets it");
        }
        return value;
    }
}
