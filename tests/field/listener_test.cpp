// Wake-ups from process to process: they come, they are few, they do not come back, and nothing is
// lost without them.
#include "work.hpp"

#include "support/proxy.hpp"

#include <statemachine/postgres_listener.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace {

using namespace field;
using statemachine::tests::fault_proxy;
using steady = std::chrono::steady_clock;

constexpr auto for_ever = 60s;  // of a wait that a ring is to end

/// A database with its listener at work.
struct listening {
    explicit listening(const place& here, const std::string& conninfo,
                       const sm::postgres::listener_options& how = {})
        : db(here.open()), bell(conninfo, how) {
        bell.ring_for(db).value();
        thread =
            std::jthread([this](const std::stop_token& stop) { ended = told(bell.run(stop)); });
    }
    explicit listening(const place& here, const sm::postgres::listener_options& how = {})
        : listening(here, here.conninfo(), how) {}
    ~listening() { thread = {}; }
    listening(const listening&) = delete;
    listening& operator=(const listening&) = delete;

    bool is_connected(std::uint64_t times = 1) const {
        return wait_until([&] { return bell.counts().connected >= times; });
    }
    bool has_heard(std::uint64_t times) const {
        return wait_until([&] { return bell.counts().heard >= times; });
    }
    sm::wakeup& rings() { return db.connection().wakeups(); }

    sm::postgres::database db;
    sm::postgres::listener bell;
    std::string ended;
    std::jthread thread;
};

class listener : public testing::Test {
protected:
    void SetUp() override {
        auto db = here.open();
        store_of(db).migrate().value();
    }
    place here;
};

// In a child process: says on the pipe when it listens, and whether a ring ended its wait.
[[noreturn]] void wait_in_child(const place& here, int pipe) {
    char said = 'x';
    try {
        listening other(here);
        if (!other.is_connected()) _exit(1);
        const auto seen = other.rings().rings();
        if (::write(pipe, "l", 1) != 1) _exit(1);
        said = other.rings().wait(seen, steady::now() + for_ever, {}) ? 'r' : 't';
    } catch (const std::exception&) {
        said = 'e';
    }
    if (::write(pipe, &said, 1) != 1) _exit(1);
    _exit(0);
}

char read_one(int pipe) {
    char letter = 0;
    return ::read(pipe, &letter, 1) == 1 ? letter : '?';
}

TEST_F(listener, a_submit_ends_the_wait_of_a_worker_in_another_process) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = fork();
    if (child == 0) wait_in_child(here, pipe[1]);
    ::close(pipe[1]);
    EXPECT_EQ(read_one(pipe[0]), 'l');
    listening mine(here);
    const auto begin = steady::now();
    EXPECT_EQ(told(store_of(mine.db).submit({})), "applied");
    EXPECT_EQ(read_one(pipe[0]), 'r');
    EXPECT_LT(steady::now() - begin, for_ever / 4);
    ::close(pipe[0]);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

TEST_F(listener, rings_the_other_databases_of_its_own_process) {
    auto second = here.open();
    listening mine(here);
    EXPECT_EQ(told(mine.bell.ring_for(second)), "success");
    ASSERT_TRUE(mine.is_connected());
    const auto seen = second.connection().wakeups().rings();
    EXPECT_EQ(told(store_of(mine.db).submit({})), "applied");
    EXPECT_TRUE(second.connection().wakeups().wait(seen, steady::now() + for_ever, {}));
}

TEST_F(listener, sends_few_notifications_for_many_submits) {
    constexpr int submits = 1000;
    constexpr auto interval = 50ms;
    listening mine(here, {.interval = interval}), other(here);
    ASSERT_TRUE(mine.is_connected() && other.is_connected());
    auto jobs = store_of(mine.db);
    const auto begin = steady::now();
    for (int i = 0; i < submits; ++i) ASSERT_EQ(told(jobs.submit({})), "applied");
    EXPECT_TRUE(other.has_heard(1));
    const auto sent = mine.bell.counts().sent;
    const auto most = static_cast<std::uint64_t>((steady::now() - begin) / interval + 2);
    EXPECT_GE(sent, 1u);
    EXPECT_LE(sent, most);
    EXPECT_LT(most, static_cast<std::uint64_t>(submits)) << "the submits were too slow to tell";
}

TEST_F(listener, passes_on_the_last_ring_of_a_burst) {
    listening mine(here, {.interval = 100ms}), other(here);
    ASSERT_TRUE(mine.is_connected() && other.is_connected());
    mine.rings().ring();
    ASSERT_TRUE(other.has_heard(1));
    const auto seen = other.rings().rings();
    mine.rings().ring();  // within the interval, and nothing comes after it
    EXPECT_TRUE(other.rings().wait(seen, steady::now() + for_ever, {}));
}

TEST_F(listener, sends_nothing_back_that_it_heard) {
    constexpr std::uint64_t others = 50;
    listening first(here, {.interval = 0ms}), second(here, {.interval = 0ms});
    ASSERT_TRUE(first.is_connected() && second.is_connected());
    first.rings().ring();
    ASSERT_TRUE(second.has_heard(1));
    // Whatever was sent back would have come before these.
    for (std::uint64_t i = 0; i < others; ++i) {
        here.run("NOTIFY statemachine");
        ASSERT_TRUE(first.has_heard(i + 1));
        ASSERT_TRUE(second.has_heard(i + 2));
    }
    EXPECT_EQ(first.bell.counts().sent, 1u);
    EXPECT_EQ(second.bell.counts().sent, 0u);
    EXPECT_EQ(first.bell.counts().heard, others);
    EXPECT_EQ(second.bell.counts().heard, others + 1);
}

TEST_F(listener, costs_the_calls_of_its_database_no_statement) {
    fault_proxy between(conninfo());
    auto db = sm::postgres::connect(here.by(between.conninfo())).value();
    sm::postgres::listener bell(here.conninfo());
    bell.ring_for(db).value();
    std::jthread thread([&](const std::stop_token& stop) { (void)bell.run(stop); });
    ASSERT_TRUE(wait_until([&] { return bell.counts().connected == 1; }));
    EXPECT_EQ(told(store_of(db).submit({})), "applied");
    EXPECT_TRUE(wait_until([&] { return bell.counts().sent == 1; }));
    EXPECT_EQ(between.requests("NOTIFY"), 0);
    EXPECT_EQ(between.requests("LISTEN"), 0);
    EXPECT_EQ(between.requests("INSERT"), 1);
}

TEST_F(listener, makes_up_for_what_it_missed_while_it_had_no_connection) {
    fault_proxy between(conninfo());
    listening mine(here, here.by(between.conninfo())), other(here);
    ASSERT_TRUE(mine.is_connected() && other.is_connected());
    between.refuse();
    between.cut();
    ASSERT_TRUE(between.wait_for_open(0));
    const auto seen = mine.rings().rings();
    EXPECT_EQ(told(store_of(other.db).submit({})), "applied");
    // Its own ring is kept as well.
    mine.rings().ring();
    const auto begin = steady::now();
    between.accept();
    EXPECT_TRUE(mine.rings().wait(seen + 1, steady::now() + for_ever, {}));
    EXPECT_LT(steady::now() - begin, 5s);
    EXPECT_TRUE(other.has_heard(1));
    EXPECT_EQ(mine.bell.counts().connected, 2u);
}

TEST_F(listener, is_replaced_whenever_its_session_is_ended) {
    listening mine(here, {.longest_wait = 50ms});
    for (std::uint64_t times = 1; times <= 20; ++times) {
        ASSERT_TRUE(mine.is_connected(times));
        ASSERT_TRUE(wait_until([&] {
            return here.ask(
                       "SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity "
                       "WHERE query LIKE 'LISTEN%' AND datname = current_database()") == "1";
        }));
    }
    ASSERT_TRUE(mine.is_connected(21));
    here.run("NOTIFY statemachine");
    EXPECT_TRUE(mine.has_heard(1));
}

TEST_F(listener, without_a_connection_jobs_are_found_by_looking) {
    constexpr int count = 50;
    fault_proxy between(conninfo());
    listening worker(here, here.by(between.conninfo())), submitter(here);
    ASSERT_TRUE(worker.is_connected());
    between.refuse();
    between.cut();
    std::jthread submits([&] {
        for (int i = 0; i < count; ++i)
            EXPECT_EQ(told(store_of(submitter.db).submit({})), "applied");
    });
    auto jobs = store_of(worker.db);
    int done = 0;
    const auto end = steady::now() + for_ever;
    while (done < count && steady::now() < end) {
        const auto seen = worker.rings().rings();
        const auto run = jobs.claim(work::claim, {.owner = "worker"});
        ASSERT_TRUE(run) << told(run);
        if (!run.value()) {
            worker.rings().wait(seen, steady::now() + 5ms, {});
            continue;
        }
        EXPECT_EQ(told(jobs.fire(work::complete, *run.value(), {"found"})), "applied");
        ++done;
    }
    EXPECT_EQ(done, count);
    EXPECT_EQ(worker.bell.counts().heard, 0u);
    EXPECT_EQ(here.breaches(), std::vector<std::string>{});
}

TEST_F(listener, on_another_channel_hears_nothing) {
    const sm::postgres::listener_options how{.channel = "other_jobs"};
    listening here_only(here, how);
    ASSERT_TRUE(here_only.is_connected());
    here.run("NOTIFY statemachine");
    here.run("NOTIFY other_jobs");
    EXPECT_TRUE(here_only.has_heard(1));
    EXPECT_EQ(here_only.bell.counts().heard, 1u);
}

TEST_F(listener, stops_by_its_deadline_whatever_the_network_does) {
    fault_proxy between(conninfo());
    listening mine(here, here.by(between.conninfo()), {.deadline = 500ms});
    ASSERT_TRUE(mine.is_connected());
    between.pause();
    mine.rings().ring();
    const auto begin = steady::now();
    mine.thread = {};
    EXPECT_LT(steady::now() - begin, 10s);
    EXPECT_EQ(mine.ended, "success");
}

TEST_F(listener, refuses_what_makes_no_sense) {
    const std::stop_token never;
    const auto ended = [&](const std::string& conninfo, sm::postgres::listener_options how) {
        return told(sm::postgres::listener(conninfo, std::move(how)).run(never));
    };
    for (const std::string channel : {"", "a\"b", "Jobs", "1st", "with space", "a;b"})
        EXPECT_EQ(ended(here.conninfo(), {.channel = channel}), "error: invalid_argument")
            << channel;
    EXPECT_EQ(ended(here.conninfo(), {.channel = std::string(64, 'a')}), "error: invalid_argument");
    EXPECT_EQ(ended(here.conninfo(), {.interval = -1ms}), "error: invalid_argument");
    EXPECT_EQ(ended(here.conninfo(), {.deadline = 0ms}), "error: invalid_argument");
    EXPECT_EQ(ended(here.conninfo(), {.longest_wait = 0ms}), "error: invalid_argument");
    EXPECT_EQ(ended("no conninfo", {}), "error: invalid_argument");
    EXPECT_EQ(ended(conninfo() + " dbname=nowhere", {}), "error: cannot_open");
}

TEST_F(listener, is_the_only_one_of_its_database_and_of_its_thread) {
    listening mine(here);
    ASSERT_TRUE(mine.is_connected());
    EXPECT_EQ(told(mine.bell.run({})), "error: nested_call");
    {
        sm::postgres::listener second(here.conninfo());
        EXPECT_EQ(told(second.ring_for(mine.db)), "error: nested_call");
    }
    auto db = here.open();
    { EXPECT_EQ(told(sm::postgres::listener(here.conninfo()).ring_for(db)), "success"); }
    sm::postgres::listener next(here.conninfo());
    EXPECT_EQ(told(next.ring_for(db)), "success") << "the first is gone";
}

}  // namespace
