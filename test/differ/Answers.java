import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.table.api.internal.TableResultInternal;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.utils.print.RowDataToStringConverter;
import org.apache.flink.util.CloseableIterator;

/**
 * Answers many scripts on one Flink cluster inside of this process, so that a query costs a fraction of a
 * second. Arguments: a folder of NAME.sql files, whose statements are parted by lines of one semicolon, the
 * seconds after which no further script is begun, and how many scripts run beside each other.
 *
 * <p>Each finished script is written to standard output at once: "script NAME", its rows in the text form of
 * Flink's SQL client, each behind a blank, then "end", or "fail CAUSES".
 */
public class Answers {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        System.setOut(System.err);
        ConcurrentLinkedQueue<Path> scripts = new ConcurrentLinkedQueue<>();
        try (Stream<Path> all = Files.list(Path.of(args[0]))) {
            scripts.addAll(all.filter(p -> p.toString().endsWith(".sql")).sorted().collect(Collectors.toList()));
        }
        long end = System.nanoTime() + Long.parseLong(args[1]) * 1_000_000_000L;
        Configuration conf = new Configuration();
        conf.setString("rest.bind-port", "0");
        conf.setString("rest.bind-address", "127.0.0.1");
        conf.setString("rest.address", "127.0.0.1");
        // The process may be stopped for a while, so that others have the machine.
        conf.setString("heartbeat.timeout", "36000000");
        conf.setString("pekko.ask.timeout", "1 h");
        conf.setString("taskmanager.memory.managed.size", "512m");
        conf.setString("taskmanager.memory.network.min", "256m");
        conf.setString("taskmanager.memory.network.max", "256m");
        MiniCluster cluster = new MiniCluster(new MiniClusterConfiguration.Builder()
                .setConfiguration(conf).setNumTaskManagers(1).setNumSlotsPerTaskManager(8).build());
        cluster.start();
        URI at = cluster.getRestAddress().get();
        List<Thread> workers = new ArrayList<>();
        for (int i = 0; i < Integer.parseInt(args[2]); i++) {
            Thread w = new Thread(() -> {
                Path p;
                while (System.nanoTime() < end && (p = scripts.poll()) != null) {
                    String name = p.getFileName().toString().replaceFirst("\\.sql$", "");
                    StringBuilder rows = new StringBuilder();
                    String last = "end";
                    try {
                        run(at, Files.readString(p), rows);
                    } catch (Throwable e) {
                        last = "fail " + causes(e);
                    }
                    synchronized (out) {
                        out.println("script " + name);
                        out.print(rows);
                        out.println(last);
                        out.flush();
                    }
                }
            });
            w.start();
            workers.add(w);
        }
        for (Thread w : workers) w.join();
        // Flink's exit hooks race with its class loaders, and nothing is left to be saved.
        Runtime.getRuntime().halt(0);
    }

    static void run(URI at, String text, StringBuilder rows) throws Exception {
        Configuration conf = new Configuration();
        conf.setString("execution.target", "remote");
        conf.setString("rest.address", at.getHost());
        conf.setString("rest.port", Integer.toString(at.getPort()));
        conf.setString("parallelism.default", "1");
        conf.setString("restart-strategy.type", "none");
        conf.setString("client.heartbeat.interval", "3600000");
        conf.setString("client.heartbeat.timeout", "7200000");
        List<String> statements = new ArrayList<>();
        for (String s : text.split("\n;\n")) {
            if (s.isBlank()) continue;
            String[] words = s.trim().split("'");
            if (s.trim().startsWith("SET ")) {
                conf.setString(words[1], words[3]);
            } else {
                statements.add(s);
            }
        }
        TableEnvironment env = TableEnvironment.create(EnvironmentSettings.newInstance().withConfiguration(conf).build());
        for (String s : statements) {
            TableResult r = env.executeSql(s);
            if (!r.getJobClient().isPresent()) continue;
            RowDataToStringConverter conv = ((TableResultInternal) r).getRowDataToStringConverter();
            try (CloseableIterator<RowData> it = ((TableResultInternal) r).collectInternal()) {
                while (it.hasNext()) {
                    RowData row = it.next();
                    rows.append(' ').append(row.getRowKind().shortString());
                    for (String cell : conv.convert(row)) {
                        rows.append('\t').append(cell.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n"));
                    }
                    rows.append('\n');
                }
            }
        }
    }

    static String causes(Throwable e) {
        StringBuilder b = new StringBuilder();
        for (Throwable c = e; c != null; c = c.getCause()) {
            if (b.length() > 0) b.append(" <- ");
            b.append(c.getClass().getSimpleName()).append(": ").append(String.valueOf(c.getMessage()).split("\n")[0]);
        }
        return b.toString();
    }
}
