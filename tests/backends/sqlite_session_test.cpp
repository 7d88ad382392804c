#include "sqlite_fixture.hpp"

#include "connection.hpp"

#include <SQLiteCpp/Database.h>

#include <array>
#include <atomic>
#include <cmath>
#include <future>
#include <limits>
#include <stdexcept>
#include <thread>

namespace {

using namespace sqlite_test;
namespace lite = sm::sqlite;

constexpr statement make_table{
    .text = "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT UNIQUE) STRICT",
    .results = {},
    .prepared = false};
constexpr statement insert{.text = "INSERT INTO t(a, b) VALUES(?1, ?2)", .results = {}};

std::array<value, 2> row_of(std::int64_t a, std::string_view b) {
    return {value::integer(column_type::int64, a), value::view(column_type::text, b)};
}

class sqlite_session : public testing::Test {
protected:
    sqlite_session() { EXPECT_TRUE(run(db, make_table)); }

    bool usable() { return run(db, insert, row_of(1'000, "usable")).has_value(); }
    std::string seen_by_others(const char* sql = "SELECT count(*) FROM t") {
        return raw(file).ask(sql);
    }

    directory dir;
    std::filesystem::path file = dir / "jobs.db";
    lite::database db = lite::open(file).value();
};

TEST_F(sqlite_session, commits_for_every_connection_to_see) {
    for (const sm::access need : {sm::access::single, sm::access::write}) {
        const auto id = static_cast<std::int64_t>(need);
        const std::string text = std::to_string(id);
        EXPECT_EQ(run(db, insert, row_of(id, text), no_rows, need).value(), ending::committed);
    }
    EXPECT_EQ(seen_by_others(), "2");
}

// What the statement before it changed is not its own.
TEST_F(sqlite_session, tells_how_many_rows_a_statement_without_results_has_changed) {
    constexpr statement rename{.text = "UPDATE t SET b = b || '!' WHERE a > ?1", .results = {}};
    constexpr statement look{.text = "SAVEPOINT here", .results = {}};
    EXPECT_TRUE(db.connection().transact(
        sm::access::write, [&](sm::executor& on) -> sm::result<sm::verdict> {
            const auto changed = [&](const statement& what, std::span<const value> with = {}) {
                return on.execute(what, with, no_rows).value();
            };
            const auto above = [](std::int64_t least) {
                return std::array{value::integer(column_type::int64, least)};
            };
            for (const std::int64_t id : {1, 2, 3})
                EXPECT_EQ(changed(insert, row_of(id, std::to_string(id))), 1U);
            EXPECT_EQ(changed(rename, above(1)), 2U);
            EXPECT_EQ(changed(look), 0U);
            EXPECT_EQ(changed(rename, above(3)), 0U);
            EXPECT_EQ(changed(rename, above(0)), 3U);
            return sm::verdict::commit;
        }));
}

TEST_F(sqlite_session, keeps_every_value_as_it_was) {
    ASSERT_TRUE(run(db,
                    "CREATE TABLE v(b INTEGER, i INTEGER, l INTEGER, r REAL, t TEXT, y BLOB,"
                    " w INTEGER, j TEXT) STRICT"));
    static constexpr column_type types[] = {
        column_type::boolean, column_type::int32, column_type::int64, column_type::real,
        column_type::text,    column_type::bytes, column_type::time,  column_type::json};
    constexpr statement store{
        .text = "INSERT INTO v VALUES(?1,?2,?3,?4,?5,?6,?7,?8) RETURNING b,i,l,r,t,y,w,j",
        .results = types};
    constexpr auto infinity = std::numeric_limits<double>::infinity();
    constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();
    const auto all = [&](std::int64_t flag, std::int64_t small, std::int64_t big, double real,
                         std::string_view text, std::string_view bytes) {
        return std::array<value, 8>{
            value::integer(column_type::boolean, flag), value::integer(column_type::int32, small),
            value::integer(column_type::int64, big),    value::real(real),
            value::view(column_type::text, text),       value::view(column_type::bytes, bytes),
            value::integer(column_type::time, big),     value::view(column_type::json, text)};
    };
    std::array<value, 8> nothing;
    for (std::size_t i = 0; i < nothing.size(); ++i) nothing[i] = value::null(types[i]);

    for (const auto& given :
         {all(0, -2147483648LL, lowest, -infinity, "", ""),
          all(1, 2147483647LL, highest, infinity, "\xc3\xa9", {"\0\xff\0", 3}),
          all(1, 0, 0, 1.0, {}, {}), all(0, 7, -1, 0.1, "'; DROP TABLE v; --", "b"), nothing}) {
        std::size_t rows = 0;
        const auto check = [&](std::span<const value> got) {
            ++rows;
            ASSERT_EQ(got.size(), given.size());
            for (std::size_t i = 0; i < given.size(); ++i) {
                EXPECT_EQ(got[i].type(), types[i]);
                EXPECT_EQ(got[i].is_null(), given[i].is_null()) << i;
                EXPECT_EQ(got[i].integer(), given[i].integer()) << i;
                EXPECT_EQ(got[i].real(), given[i].real()) << i;
                EXPECT_EQ(got[i].text(), given[i].text()) << i;
            }
        };
        ASSERT_TRUE(run(db, store, given, check));
        EXPECT_EQ(rows, 1U);
    }
    EXPECT_EQ(seen_by_others("SELECT group_concat(typeof(t) || typeof(y)) FROM v"),
              "textblob,textblob,textblob,textblob,nullnull");
}

TEST_F(sqlite_session, refuses_a_stored_value_of_another_type) {
    const auto code_for = [&](std::string_view sql, column_type type) {
        return ask(db, sql, type);
    };
    EXPECT_EQ(code_for("SELECT 'x'", column_type::int64), "undeclared_value");
    EXPECT_EQ(code_for("SELECT 1.5", column_type::int64), "undeclared_value");
    EXPECT_EQ(code_for("SELECT 2", column_type::boolean), "undeclared_value");
    EXPECT_EQ(code_for("SELECT 2147483648", column_type::int32), "undeclared_value");
    EXPECT_EQ(code_for("SELECT 1", column_type::text), "undeclared_value");
    EXPECT_EQ(code_for("SELECT 'x'", column_type::bytes), "undeclared_value");
    EXPECT_EQ(code_for("SELECT x'00'", column_type::json), "undeclared_value");
    EXPECT_EQ(code_for("SELECT 'x'", column_type::real), "undeclared_value");
}

TEST_F(sqlite_session, refuses_values_that_would_change_on_the_way) {
    ASSERT_TRUE(run(db, "CREATE TABLE n(i INTEGER, r REAL) STRICT"));
    constexpr statement real{.text = "INSERT INTO n(r) VALUES(?1)", .results = {}};
    const value nan[] = {value::real(std::nan(""))};
    EXPECT_EQ(code_of(run(db, real, nan)), code_of(errc::invalid_value));
    constexpr statement sum{.text = "INSERT INTO n(i) VALUES(?1 + 1)", .results = {}};
    const value highest[] = {
        value::integer(column_type::int64, std::numeric_limits<std::int64_t>::max())};
    EXPECT_EQ(code_of(run(db, sum, highest)), code_of(errc::invalid_value));
    EXPECT_EQ(code_of(run(db, insert, std::span(highest))), code_of(errc::unexpected));
    EXPECT_EQ(seen_by_others("SELECT count(*) FROM n"), "0");
}

TEST_F(sqlite_session, runs_a_script_of_several_commands_or_none_of_it) {
    ASSERT_TRUE(run(db,
                    "CREATE TABLE x(a INTEGER) STRICT; -- one;two\n"
                    "CREATE INDEX x_a ON x(a);\n\n INSERT INTO x VALUES(1), (2); /* end */ "));
    EXPECT_EQ(seen_by_others("SELECT sum(a) FROM x"), "3");
    EXPECT_EQ(code_of(run(db, "CREATE TABLE y(a INTEGER) STRICT; SELEC 1")),
              code_of(errc::unexpected));
    EXPECT_EQ(seen_by_others("SELECT count(*) FROM sqlite_schema WHERE name = 'y'"), "0");
    EXPECT_TRUE(run(db, ""));
}

TEST_F(sqlite_session, tells_which_part_of_the_schema_is_missing) {
    EXPECT_EQ(number(db, "SELECT a FROM nowhere"), "schema_missing");
    EXPECT_EQ(number(db, "SELECT c FROM t"), "schema_drifted");
    EXPECT_EQ(number(db, "SELECT a FROM t INDEXED BY missing"), "schema_drifted");
    ASSERT_TRUE(run(db, "CREATE INDEX one ON t(b) WHERE a = 1"));
    EXPECT_EQ(number(db, "SELECT a FROM t INDEXED BY one WHERE a = 2"), "schema_drifted");
    EXPECT_EQ(code_of(run(db, "INSERT INTO t(c) VALUES(1)")), code_of(errc::schema_drifted));
}

TEST_F(sqlite_session, carries_the_code_of_the_constraint) {
    ASSERT_TRUE(run(db, insert, row_of(1, "one")));
    const auto same_key = run(db, insert, row_of(2, "one"));
    const auto same_id = run(db, insert, row_of(1, "two"));
    EXPECT_EQ(same_key.error().code(), errc::unique_violated);
    EXPECT_EQ(same_key.error().native(), "2067");
    EXPECT_EQ(same_id.error().native(), "1555");
    EXPECT_EQ(same_key.error().message().find("one"), std::string::npos);
}

TEST_F(sqlite_session, leaves_nothing_of_a_body_that_fails) {
    const auto fail_after_insert = [&](auto ending_of_work) {
        return db.connection().transact(
            sm::access::write, [&](sm::executor& inside) -> sm::result<verdict> {
                EXPECT_TRUE(inside.execute(insert, row_of(1, "x"), no_rows));
                return ending_of_work(inside);
            });
    };
    const auto own = fail_after_insert([](sm::executor&) -> sm::result<verdict> {
        return sm::error(errc::invalid_argument, "no");
    });
    EXPECT_EQ(code_of(own), code_of(errc::invalid_argument));
    const auto undone =
        fail_after_insert([](sm::executor&) -> sm::result<verdict> { return verdict::roll_back; });
    EXPECT_EQ(undone.value(), ending::rolled_back);
    const auto dropped = fail_after_insert([](sm::executor& inside) -> sm::result<verdict> {
        EXPECT_FALSE(inside.execute(insert, row_of(1, "x"), no_rows));
        return verdict::commit;
    });
    EXPECT_EQ(code_of(dropped), code_of(errc::unique_violated));
    EXPECT_THROW(static_cast<void>(fail_after_insert([](sm::executor&) -> sm::result<verdict> {
                     throw std::runtime_error("of the work");
                 })),
                 std::runtime_error);
    EXPECT_EQ(seen_by_others(), "0");
    EXPECT_TRUE(usable());
}

TEST_F(sqlite_session, rolls_back_when_the_commit_fails) {
    ASSERT_TRUE(run(db,
                    "CREATE TABLE parent(id INTEGER PRIMARY KEY) STRICT;"
                    "CREATE TABLE child(of INTEGER REFERENCES parent(id)"
                    " DEFERRABLE INITIALLY DEFERRED) STRICT"));
    EXPECT_EQ(code_of(run(db, "INSERT INTO child VALUES(1)")), code_of(errc::constraint_violated));
    EXPECT_EQ(seen_by_others("SELECT count(*) FROM child"), "0");
    EXPECT_TRUE(usable());
}

TEST_F(sqlite_session, survives_a_full_database) {
    ASSERT_TRUE(run(db, "PRAGMA max_page_count = 4"));
    const std::string big(100'000, 'x');
    EXPECT_EQ(code_of(run(db, insert, row_of(1, big))), code_of(errc::disk_full));
    EXPECT_EQ(seen_by_others(), "0");
    EXPECT_TRUE(usable());
}

TEST_F(sqlite_session, reads_from_one_snapshot) {
    static constexpr column_type types[] = {column_type::int64};
    constexpr statement count{.text = "SELECT count(*) FROM t", .results = types};
    std::vector<std::int64_t> counts;
    const auto done = db.connection().transact(
        sm::access::read, [&](sm::executor& inside) -> sm::result<verdict> {
            for (int i = 0; i < 2; ++i) {
                EXPECT_TRUE(inside.execute(count, {}, [&](std::span<const value> row) {
                    counts.push_back(row[0].integer());
                }));
                EXPECT_EQ(raw(file).run("INSERT INTO t(b) VALUES(hex(randomblob(8)))"), SQLITE_OK);
            }
            return verdict::commit;
        });
    EXPECT_EQ(done.value(), ending::committed);
    EXPECT_EQ(counts, (std::vector<std::int64_t>{0, 0}));
    EXPECT_EQ(seen_by_others(), "2");
}

TEST_F(sqlite_session, gives_rows_while_their_statement_runs_again_inside) {
    ASSERT_TRUE(run(db, "INSERT INTO t(a) VALUES(1), (2), (3)"));
    static constexpr column_type types[] = {column_type::int64};
    constexpr statement list{.text = "SELECT a FROM t ORDER BY a", .results = types};
    std::vector<std::int64_t> seen;
    const auto done = db.connection().transact(
        sm::access::read, [&](sm::executor& inside) -> sm::result<verdict> {
            const auto outer = inside.execute(list, {}, [&](std::span<const value> row) {
                const auto inner = inside.execute(list, {}, [&](std::span<const value> again) {
                    seen.push_back(10 * row[0].integer() + again[0].integer());
                });
                EXPECT_EQ(inner.value(), 3U);
            });
            EXPECT_EQ(outer.value(), 3U);
            return verdict::commit;
        });
    ASSERT_TRUE(done);
    EXPECT_EQ(seen, (std::vector<std::int64_t>{11, 12, 13, 21, 22, 23, 31, 32, 33}));
}

TEST_F(sqlite_session, takes_threads_in_turn) {
    ASSERT_TRUE(run(db,
                    "INSERT INTO t(a) VALUES(0); CREATE TABLE n(v INTEGER) STRICT;"
                    "INSERT INTO n VALUES(0)"));
    constexpr statement add{.text = "UPDATE n SET v = v + 1", .results = {}};
    std::atomic<int> failed{0};
    const auto work = [&] {
        for (int i = 0; i < 25; ++i)
            if (!run(db, add, {}, no_rows, sm::access::single)) ++failed;
    };
    std::thread threads[] = {std::thread(work), std::thread(work), std::thread(work),
                             std::thread(work)};
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(failed, 0);
    EXPECT_EQ(seen_by_others("SELECT v FROM n"), "100");
}

TEST_F(sqlite_session, refuses_a_call_from_inside_a_call) {
    const auto done =
        db.connection().transact(sm::access::write, [&](sm::executor&) -> sm::result<verdict> {
            EXPECT_EQ(code_of(run(db, insert, row_of(1, "x"))), code_of(errc::nested_call));
            return verdict::commit;
        });
    EXPECT_EQ(done.value(), ending::committed);
    EXPECT_TRUE(usable());
}

TEST_F(sqlite_session, stays_where_it_is_when_the_database_moves) {
    const auto* const before = &db.connection();
    lite::database moved = std::move(db);
    EXPECT_EQ(&moved.connection(), before);
    db = std::move(moved);
    EXPECT_TRUE(usable());
}

struct ticking_clock final : sm::clock {
    sm::timestamp now() const noexcept override {
        return sm::timestamp(std::chrono::milliseconds(++ticks));
    }
    mutable std::atomic<int> ticks{0};
};

TEST_F(sqlite_session, stands_still_in_time_during_a_transaction) {
    const ticking_clock time;
    auto timed = lite::open(dir / "timed.db", {.time = &time}).value();
    const auto done = timed.connection().transact(
        sm::access::write, [&](sm::executor& inside) -> sm::result<verdict> {
            EXPECT_EQ(inside.now(), inside.now());
            EXPECT_EQ(inside.now().time_since_epoch().count(), 1);
            return verdict::commit;
        });
    ASSERT_TRUE(done);
}

TEST(sqlite_connection, compiles_a_kept_statement_once) {
    lite::connection on(std::make_unique<SQLite::Database>(":memory:", SQLite::OPEN_READWRITE));
    const auto statements = [&] {
        int count = 0;
        for (auto* one = sqlite3_next_stmt(on.handle(), nullptr); one != nullptr;
             one = sqlite3_next_stmt(on.handle(), one))
            ++count;
        return count;
    };
    ASSERT_TRUE(on.execute(make_table, {}, no_rows));
    EXPECT_EQ(statements(), 0);
    for (std::int64_t i = 0; i < 3; ++i)
        ASSERT_TRUE(on.execute(insert, row_of(i, std::to_string(i)), no_rows));
    EXPECT_EQ(statements(), 1);
    on.forget_statements();
    EXPECT_EQ(statements(), 0);
}

TEST(sqlite_connection, reads_the_text_of_a_kept_statement_once) {
    lite::connection on(std::make_unique<SQLite::Database>(":memory:", SQLite::OPEN_READWRITE));
    ASSERT_TRUE(on.execute(make_table, {}, no_rows));
    int compiled = 0;  // SQLite asks for leave whenever it compiles
    sqlite3_set_authorizer(
        on.handle(),
        [](void* count, int, const char*, const char*, const char*, const char*) {
            ++*static_cast<int*>(count);
            return SQLITE_OK;
        },
        &compiled);
    ASSERT_TRUE(on.execute(insert, row_of(1, "1"), no_rows));
    const int first = compiled;
    EXPECT_GT(first, 0);
    ASSERT_TRUE(on.execute(insert, row_of(2, "2"), no_rows));
    EXPECT_EQ(compiled, first);
}

TEST(sqlite_connection, keeps_no_text_of_several_commands) {
    lite::connection on(std::make_unique<SQLite::Database>(":memory:", SQLite::OPEN_READWRITE));
    EXPECT_EQ(code_of(on.command({.text = "SAVEPOINT a; RELEASE a", .results = {}})),
              code_of(errc::unexpected));
    EXPECT_EQ(code_of(on.command({.text = " ", .results = {}})), code_of(errc::unexpected));
    EXPECT_FALSE(on.in_transaction());
}

}  // namespace
