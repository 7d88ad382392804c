import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.SchedulerClient;
import com.github.kagkarlsson.scheduler.task.TaskInstance;
import com.github.kagkarlsson.scheduler.task.helper.OneTimeTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Answers lines `submit COUNT BATCH` and `work COUNT BATCH`, one at a time. */
public class Driver {
    static final String TABLE = """
        CREATE TABLE IF NOT EXISTS scheduled_tasks (
          task_name text NOT NULL, task_instance text NOT NULL, task_data bytea,
          execution_time timestamp with time zone NOT NULL, picked BOOLEAN NOT NULL,
          picked_by text, last_success timestamp with time zone,
          last_failure timestamp with time zone, consecutive_failures INT,
          last_heartbeat timestamp with time zone, version BIGINT NOT NULL, priority SMALLINT,
          PRIMARY KEY (task_name, task_instance));
        CREATE INDEX IF NOT EXISTS execution_time_idx ON scheduled_tasks (execution_time);
        CREATE INDEX IF NOT EXISTS last_heartbeat_idx ON scheduled_tasks (last_heartbeat)""";

    static final AtomicLong names = new AtomicLong();
    static volatile CountDownLatch done;
    static final OneTimeTask<String> nothing =
        Tasks.oneTime("nothing", String.class).execute((instance, context) -> done.countDown());

    static void submit(SchedulerClient to, int count, int batch) throws Exception {
        AtomicInteger begun = new AtomicInteger();
        List<Thread> callers = new ArrayList<>();
        for (int i = 0; i < (batch == 1 ? 8 : 4); i++) {
            callers.add(new Thread(() -> {
                for (int at; (at = begun.getAndAdd(batch)) < count; ) {
                    List<TaskInstance<?>> jobs = new ArrayList<>();
                    for (int n = 0; n < Math.min(batch, count - at); n++)
                        jobs.add(nothing.instance("job-" + names.incrementAndGet(), "cat.mp4"));
                    if (batch == 1) {
                        to.scheduleIfNotExists(nothing.instance(
                            jobs.get(0).getId(), "cat.mp4"), Instant.now());
                    } else {
                        to.scheduleBatch(jobs, Instant.now());
                    }
                }
            }));
        }
        for (Thread each : callers) each.start();
        for (Thread each : callers) each.join();
    }

    static void work(HikariDataSource on, int count, int batch) throws Exception {
        done = new CountDownLatch(count);
        int threads = batch == 1 ? 8 : 20;
        Scheduler scheduler = Scheduler.create(on, nothing)
            .threads(threads)
            .pollingInterval(Duration.ofMillis(10))
            .pollUsingLockAndFetch(0.5, batch == 1 ? 1.0 : 20.0)
            .build();
        scheduler.start();
        done.await();
        scheduler.stop();
    }

    public static void main(String[] words) throws Exception {
        // The jobs of a thread that died would be waited for without end.
        Thread.setDefaultUncaughtExceptionHandler((thread, why) -> {
            why.printStackTrace();
            Runtime.getRuntime().halt(1);
        });
        HikariConfig how = new HikariConfig();
        how.setJdbcUrl(System.getenv("PEER_JDBC"));
        how.setMaximumPoolSize(24);
        HikariDataSource pool = new HikariDataSource(how);
        try (var on = pool.getConnection(); var statement = on.createStatement()) {
            statement.execute(TABLE);
        }
        SchedulerClient client = SchedulerClient.Builder.create(pool, nothing).build();
        System.out.println("{\"ready\": true}");
        var lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = lines.readLine()) != null; ) {
            String[] said = line.split(" ");
            long before = System.nanoTime();
            if (said[0].equals("submit"))
                submit(client, Integer.parseInt(said[1]), Integer.parseInt(said[2]));
            else
                work(pool, Integer.parseInt(said[1]), Integer.parseInt(said[2]));
            System.out.println("{\"seconds\": " + (System.nanoTime() - before) / 1e9 + "}");
        }
        System.exit(0);
    }
}
