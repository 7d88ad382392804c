// A first caller that goes on when others wait behind it, so that they share its commit.
#pragma once

#include "sqlite_fixture.hpp"

#include "session.hpp"

#include <filesystem>
#include <functional>
#include <stdexcept>
#include <thread>

namespace sqlite_test {

namespace lite = sm::sqlite;
using sm::access;

inline constexpr statement insert{.text = "INSERT INTO t(a) VALUES(?1)", .results = {}};

using body = std::function<sm::result<verdict>(sm::executor&)>;

/// A body that inserts a row and then ends as `end` says.
inline body inserts(
    std::int64_t a, body end = [](sm::executor&) { return verdict::commit; }) {
    return [a, end](sm::executor& inside) -> sm::result<verdict> {
        const value given[] = {value::integer(column_type::int64, a)};
        if (auto done = inside.execute(insert, given, no_rows); !done) return done.error();
        return end(inside);
    };
}

class shared_commits : public testing::Test {
protected:
    shared_commits() {
        EXPECT_TRUE(run(db,
                        "CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB) STRICT;"
                        "CREATE TABLE r(a INTEGER REFERENCES t(a) DEFERRABLE INITIALLY DEFERRED)"));
        EXPECT_TRUE(db.transaction([this](lite::transaction& tx) -> sm::result<void> {
            handle = tx.handle();
            return sm::success();
        }));
        sqlite3_commit_hook(
            handle,
            [](void* self) {
                auto& test = *static_cast<shared_commits*>(self);
                ++test.commits;
                return test.refuses_commits ? 1 : 0;
            },
            this);
    }
    ~shared_commits() override { sqlite3_commit_hook(handle, nullptr, nullptr); }

    lite::local_session& session() { return static_cast<lite::local_session&>(db.connection()); }

    sm::result<ending> transact(const body& what) {
        return db.connection().transact(access::write, what);
    }

    /// Lets the bodies wait in this order behind a first one, which goes on when all of them do.
    /// @return how all of them ended, the first one's last
    std::vector<std::string> together(const std::vector<body>& waiting, const body& first) {
        std::vector<std::string> ended(waiting.size() + 1);
        std::vector<std::thread> threads;
        ended.back() = told([&] {
            return transact([&](sm::executor& inside) {
                leader = std::this_thread::get_id();
                for (std::size_t i = 0; i < waiting.size(); ++i) {
                    threads.emplace_back(
                        [&, i] { ended[i] = told([&] { return transact(waiting[i]); }); });
                    while (session().waiting() != i + 1) std::this_thread::yield();
                }
                return first(inside);
            });
        });
        for (auto& each : threads) each.join();
        return ended;
    }

    template <class Call>
    static std::string told(Call call) try {
        const sm::result<ending> done = call();
        if (!done) return std::string(to_string(done.error().code()));
        return done.value() == ending::committed ? "committed" : "rolled_back";
    } catch (const std::exception& thrown) {
        return thrown.what();
    }

    std::string rows() const { return raw(file).ask("SELECT group_concat(a) FROM t"); }

    using all = std::vector<std::string>;

    directory dir;
    std::filesystem::path file = dir / "jobs.db";
    lite::database db = lite::open(file, {.sync = lite::durability::off}).value();
    sqlite3* handle = nullptr;
    int commits = 0;
    bool refuses_commits = false;
    std::thread::id leader;
};

}  // namespace sqlite_test
