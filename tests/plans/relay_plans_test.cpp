// What a relay's statements cost on an outbox of 300,000 events with 160,000 open deliveries:
// half of them due, some parked, and one generation that two groups have yet to be served.
#include <conformance/parcels.hpp>
#include <golden/listing.hpp>

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <sqlite3.h>

#include <regex>
#include <sstream>
#include <stdexcept>

namespace plans {
namespace {

namespace sm = statemachine;
namespace parcels = conformance::parcels;

constexpr int limit = 50;

/// What the two databases spell differently.
struct spelling {
    const char* numbers;  ///< yields i from 1 to 100000
    const char* moment;   ///< so many milliseconds ago as the number that follows
    const char* after_moment;
};

std::string ago(const spelling& speech, const std::string& milliseconds) {
    return speech.moment + ("(" + milliseconds + ")") + speech.after_moment;
}

std::string filling(const spelling& speech) {
    const std::string numbers = speech.numbers;
    const std::string start = ago(speech, "99999999");
    return "INSERT INTO parcels_groups (name, generation, starts_at, active) VALUES ('a', 1, " +
           start + ", TRUE), ('b', 2, " + start + ", TRUE), ('c', 3, " + ago(speech, "1000") +
           ", TRUE);\n"
           "INSERT INTO parcels_outbox (job, version, part, topic, at, generation) "
           "SELECT i, v, 1, 'sent', " +
           ago(speech, "9000000 - i") + ", CASE WHEN i <= 20000 THEN 1 ELSE 3 END FROM " + numbers +
           " CROSS JOIN (SELECT 2 AS v UNION ALL SELECT 3 UNION ALL SELECT 4) AS versions;\n"
           "INSERT INTO parcels_deliveries (job, version, part, consumer, topic, at, epoch, tries, "
           "run_at, parked_at) SELECT i, v, 1, g, 'sent', " +
           ago(speech, "9000000 - i") + ", 0, 0, " +
           ago(speech, "9000000 - i - CASE WHEN i > 60000 THEN 99000000 ELSE 0 END") +
           ", CASE WHEN i BETWEEN 50000 AND 55000 THEN " + ago(speech, "0") + " END FROM " +
           numbers +
           " CROSS JOIN (SELECT 3 AS v UNION ALL SELECT 4) AS versions CROSS JOIN (SELECT 'a' AS g "
           "UNION ALL SELECT 'b') AS consumers WHERE i > 20000;\n";
}

/// As a literal that both databases read.
std::string literal(const sm::detail::parameter& wanted, const std::string& heading,
                    const std::string& moment) {
    using sm::detail::slot;
    switch (wanted.from) {
        case slot::consumer: return heading == "join" ? "'d'" : "'a'";
        case slot::generation:
            return heading == "prune" ? "3" : heading == "next generation" ? "0" : "1";
        case slot::id: return heading == "unpark" || heading == "discard" ? "50007" : "40007";
        case slot::version: return "3";
        case slot::part: return "1";
        case slot::epoch: return "0";
        case slot::tries: return "8";
        case slot::delay: return "60000";
        case slot::limit: return std::to_string(limit);
        case slot::error: return "'why'";
        case slot::now: return moment;
        default: return "NULL";
    }
}

/// Those that walk what is open, for operators.
bool walks(const std::string& heading) { return heading == "parked" || heading == "clear"; }

int rows_of(const std::string& heading) {
    return heading == "serve" || heading == "raise" || heading == "claim deliveries" ||
                   heading == "prune"
               ? limit
               : 1;
}

// ---- SQLite

constexpr spelling in_sqlite{
    "(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i "
    "FROM n) AS numbers",
    "100000000 - ", ""};

class relay_in_sqlite : public testing::TestWithParam<bool> {
protected:
    void SetUp() override {
        ASSERT_EQ(sqlite3_open(":memory:", &handle_), SQLITE_OK);
        run(std::string{sm::detail::catalog_of<parcels::machine, sm::dialect_of_sqlite>().schema});
        run("BEGIN; " + filling(in_sqlite) + "COMMIT");
        if (GetParam()) run("ANALYZE");
    }
    void TearDown() override { sqlite3_close(handle_); }

    void run(const std::string& sql) const {
        if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
            throw std::runtime_error(sqlite3_errmsg(handle_));
    }
    sqlite3_stmt* prepared(const std::string& text) const {
        sqlite3_stmt* made = nullptr;
        if (sqlite3_prepare_v2(handle_, text.c_str(), -1, &made, nullptr) != SQLITE_OK)
            throw std::runtime_error(sqlite3_errmsg(handle_));
        return made;
    }

    sqlite3* handle_ = nullptr;
};

TEST_P(relay_in_sqlite, visits_as_many_rows_as_it_may_change) {
    constexpr int steps_a_row = 500;
    const auto statements =
        listing::of(sm::detail::relay_catalog_of<parcels::machine, sm::dialect_of_sqlite>());
    for (const listing::entry& each : statements) {
        if (walks(each.heading)) continue;
        std::string text{each.text()};
        for (std::size_t i = each.what->parameters.size(); i-- > 0;)
            text = std::regex_replace(text, std::regex("\\?" + std::to_string(i + 1) + "(?!\\d)"),
                                      literal(each.what->parameters[i], each.heading, "100000000"));
        run("BEGIN");
        sqlite3_stmt* const running = prepared(text);
        int rows = 0;
        while (sqlite3_step(running) == SQLITE_ROW) ++rows;
        const int most = rows_of(each.heading) + 5;
        EXPECT_LE(sqlite3_stmt_status(running, SQLITE_STMTSTATUS_VM_STEP, 0), steps_a_row * most)
            << each.heading;
        EXPECT_LE(sqlite3_stmt_status(running, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0), 5 * most)
            << each.heading;
        sqlite3_finalize(running);
        run("ROLLBACK");
        if (each.heading != "serve" && rows_of(each.heading) > 1) {
            EXPECT_GE(rows, limit) << each.heading;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(statistics, relay_in_sqlite, testing::Bool(),
                         [](const auto& each) { return each.param ? "present" : "absent"; });

// ---- PostgreSQL

constexpr spelling in_postgres{"generate_series(1, 100000) AS numbers (i)", "now() - ",
                               " * interval '1 millisecond'"};

struct connection {
    connection() : handle(PQconnectdb(std::getenv("STATEMACHINE_TEST_CONNINFO"))) {
        PQsetNoticeReceiver(
            handle, [](void*, const PGresult*) {}, nullptr);
    }
    ~connection() {
        PQclear(PQexec(handle, "ROLLBACK; DROP SCHEMA IF EXISTS relay_plans CASCADE"));
        PQfinish(handle);
    }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    std::string run(const std::string& sql) const {
        PGresult* const reply = PQexec(handle, sql.c_str());
        const std::string words = PQresultErrorMessage(reply);
        std::string lines;
        for (int i = 0; i < PQntuples(reply); ++i)
            lines.append(PQgetvalue(reply, i, 0)).append("\n");
        PQclear(reply);
        if (!words.empty()) throw std::runtime_error(words + sql);
        return lines;
    }

    PGconn* handle;
};

std::string_view type_name(sm::column_type type) {
    switch (type) {
        case sm::column_type::int32: return "integer";
        case sm::column_type::int64: return "bigint";
        case sm::column_type::time: return "timestamptz";
        default: return "text";
    }
}

// Rows of outbox and deliveries that the plan touched, those that a filter removed included.
std::int64_t visited(const std::string& plan) {
    static const std::regex node(
        R"(Scan.* on parcels_(?:outbox|deliveries).*rows=(\d+) loops=(\d+))");
    static const std::regex any_node(R"(\(actual)");
    static const std::regex removed(R"(Rows Removed by (?:Filter|Index Recheck): (\d+))");
    std::istringstream lines(plan);
    std::int64_t sum = 0;
    std::int64_t loops = 0;
    for (std::string line; std::getline(lines, line);) {
        std::smatch match;
        if (std::regex_search(line, match, node)) {
            loops = std::stoll(match[2]);
            sum += std::stoll(match[1]) * loops;
        } else if (std::regex_search(line, any_node)) {
            loops = 0;
        } else if (std::regex_search(line, match, removed)) {
            sum += std::stoll(match[1]) * loops;
        }
    }
    return sum;
}

TEST(relay_in_postgres, visits_as_many_rows_as_it_may_change_under_any_plan) {
    const connection on;
    on.run("CREATE SCHEMA relay_plans; SET search_path = relay_plans; SET jit = off");
    on.run(std::string{sm::detail::catalog_of<parcels::machine, sm::dialect_of_postgres>().schema});
    on.run(
        "ALTER TABLE parcels_outbox SET (autovacuum_enabled = false); "
        "ALTER TABLE parcels_deliveries SET (autovacuum_enabled = false); " +
        filling(in_postgres));
    const auto statements =
        listing::of(sm::detail::relay_catalog_of<parcels::machine, sm::dialect_of_postgres>());
    for (const char* statistics : {"", "ANALYZE"})
        for (const char* mode : {"force_generic_plan", "force_custom_plan"})
            for (const char* join : {"tidscan", "hashjoin", "mergejoin", "nestloop"}) {
                on.run(statistics);
                on.run(std::string{"RESET ALL; SET search_path = relay_plans; SET jit = off; SET "
                                   "plan_cache_mode = "} +
                       mode + "; SET enable_" + join + " = off");
                for (const listing::entry& each : statements) {
                    if (walks(each.heading)) continue;
                    // Without statistics the planner sorts what is old, as it does for other
                    // sweeps.
                    const bool guesses = *statistics == '\0' && each.heading == "prune" &&
                                         mode == std::string_view{"force_custom_plan"};
                    if (guesses) continue;
                    std::string types;
                    std::string values;
                    for (const auto& wanted : each.what->parameters) {
                        types.append(types.empty() ? "" : ", ").append(type_name(wanted.type));
                        values.append(values.empty() ? "" : ", ")
                            .append(literal(wanted, each.heading, "now()"));
                    }
                    on.run("BEGIN; PREPARE asked(" + types + ") AS " + std::string{each.text()});
                    const std::string plan = on.run(
                        "EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) EXECUTE asked(" + values + ")");
                    on.run("ROLLBACK; DEALLOCATE asked");
                    EXPECT_EQ(plan.find("Seq Scan on parcels_outbox"), plan.npos)
                        << each.heading << "\n"
                        << plan;
                    EXPECT_EQ(plan.find("Seq Scan on parcels_deliveries"), plan.npos)
                        << each.heading << "\n"
                        << plan;
                    EXPECT_LE(visited(plan), 20 * rows_of(each.heading) + 100)
                        << each.heading << " " << statistics << " " << mode << " without " << join
                        << "\n"
                        << plan;
                }
            }
}

}  // namespace
}  // namespace plans
