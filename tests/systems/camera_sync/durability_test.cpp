// One kept connection, and one fsync for each transition, by the system calls that are made.
#include "fixture.hpp"
#include "support/postgres_server.hpp"
#include "system_calls.hpp"

#include <libpq-fe.h>

namespace camera_sync::tests {
namespace {

// A file; the descriptors of it tell the connections.
class watched_file {
public:
    place where(const fs::path& scratch) {
        file_ = (scratch / "kept.db").string();
        place at;
        at.file = file_;
        return at;
    }
    void begin() { syncs_of(file_); }
    int syncs() { return syncs_of(file_); }
    std::string connections() const {
        std::string found;
        for (const auto& each : fs::directory_iterator("/proc/self/fd")) {
            std::error_code gone;
            if (fs::read_symlink(each.path(), gone) == file_) found += each.path().string();
        }
        return found;
    }
    int transitions() const {
        return static_cast<int>(
            conformance::sqlite_backend(file_).number("SELECT count(*) FROM clips_log"));
    }

private:
    std::string file_;
};

// A server of its own with full durability, on which nothing but the example writes.
class watched_server {
public:
    place where(const fs::path&) {
        place at;
        at.conninfo = server_.conninfo() + " application_name=example";
        return at;
    }
    void begin() { before_ = synced(); }
    // The counts of a session are there when it is gone.
    int syncs() {
        EXPECT_TRUE(wait_until([&] { return connections().empty(); }));
        return synced() - before_;
    }
    std::string connections() const {
        return ask(
            "SELECT coalesce(string_agg(pid::text, ' '), '') FROM pg_stat_activity "
            "WHERE application_name = 'example'");
    }
    int transitions() const { return std::stoi(ask("SELECT count(*) FROM clips_log")); }

private:
    int synced() const { return std::stoi(ask("SELECT wal_sync FROM pg_stat_wal")); }
    std::string ask(const char* sql) const {
        const std::unique_ptr<PGconn, decltype(&PQfinish)> by(
            PQconnectdb(server_.conninfo().c_str()), PQfinish);
        const std::unique_ptr<PGresult, decltype(&PQclear)> reply(PQexec(by.get(), sql), PQclear);
        if (PQntuples(reply.get()) != 1) throw std::runtime_error(PQerrorMessage(by.get()));
        return PQgetvalue(reply.get(), 0, 0);
    }

    statemachine::tests::throwaway_postgres server_{
        {"fsync = on", "synchronous_commit = on", "full_page_writes = on", "autovacuum = off",
         "wal_writer_delay = 10s", "bgwriter_delay = 10s", "checkpoint_timeout = 1h"}};
    int before_ = 0;
};

template <class Backend>
class camera_durability : public on_camera<Backend> {
public:
    static constexpr bool in_a_file = std::is_same_v<Backend, conformance::sqlite_backend>;
    std::conditional_t<in_a_file, watched_file, watched_server> watched;
};
TYPED_TEST_SUITE(camera_durability, conformance::backends, conformance::backend_names);

TYPED_TEST(camera_durability, costs_one_sync_a_transition_on_one_kept_connection) {
    shows("C10");
    this->put(8);
    int transitions = 0;
    std::set<std::string> connections;
    {
        database kept(this->watched.where(this->scratch / ""));
        auto kept_jobs = kept.jobs();
        this->watched.begin();
        std::mutex mutex;
        const auto tell = [&](moment, const std::string&) {
            const std::lock_guard lock(mutex);
            connections.insert(this->watched.connections());
        };
        clip_sync one(kept_jobs, this->client, this->options(tell));
        EXPECT_EQ(one.run_cycle({}).why, way_out::all_through);
        EXPECT_EQ(all_in(kept_jobs, done).size(), 8U);
        transitions = this->watched.transitions();
        EXPECT_EQ(transitions, 8 * 5);
        if (this->in_a_file) transitions -= this->watched.syncs();
    }
    if (!this->in_a_file) transitions -= this->watched.syncs();
    EXPECT_GE(transitions, 0) << "more syncs than transitions";
    EXPECT_LE(transitions, 8 * 3) << "commits that were not made durable";
    ASSERT_EQ(connections.size(), 1U);
    EXPECT_EQ(connections.begin()->find(' '), std::string::npos) << *connections.begin();
    EXPECT_NE(*connections.begin(), "");
}

}  // namespace
}  // namespace camera_sync::tests
