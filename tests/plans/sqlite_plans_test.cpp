// What SQLite does for each statement: which index it takes, and how many steps that costs.
#include "population.hpp"

#include <golden/listing.hpp>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <stdexcept>

namespace plans {
namespace {

// Steps of the virtual machine for each row that a call may change, with all that goes with it:
// its candidates, the update of four indexes, and the columns that come back.
constexpr int steps_a_row = 500;
constexpr int rows_besides = 4;

std::int64_t now_in_milliseconds() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::string moment_in(int seconds) {
    return std::to_string(now_in_milliseconds() + seconds * std::int64_t{1000});
}

const sm::detail::catalog& statements =
    sm::detail::catalog_of<queue::machine, sm::dialect_of_sqlite>();

class filled_database {
public:
    filled_database() {
        if (sqlite3_open(":memory:", &handle_) != SQLITE_OK) throw std::runtime_error("no memory");
        run(std::string{statements.schema});
        run("BEGIN;" +
            filling({"(WITH RECURSIVE n (i) AS (SELECT :first UNION ALL SELECT i + 1 "
                     "FROM n WHERE i < :last) SELECT i FROM n)",
                     moment_in, "", "", "x'00'"}) +
            "COMMIT");
    }
    ~filled_database() { sqlite3_close(handle_); }
    filled_database(const filled_database&) = delete;
    filled_database& operator=(const filled_database&) = delete;

    void run(const std::string& sql) const {
        if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
            throw std::runtime_error(sqlite3_errmsg(handle_));
    }

    std::vector<std::string> plan_of(std::string_view text) const {
        std::vector<std::string> lines;
        sqlite3_stmt* const asked = prepared("EXPLAIN QUERY PLAN " + std::string{text});
        while (sqlite3_step(asked) == SQLITE_ROW)
            lines.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(asked, 3)));
        sqlite3_finalize(asked);
        return lines;
    }

    struct cost {
        int steps;
        int scanned;  // steps of a full scan
        int rows;
    };

    /// Runs the statement, and undoes it.
    cost cost_of(const listing::entry& what, int limit) const {
        run("BEGIN");
        sqlite3_stmt* const running = prepared(std::string{what.text()});
        bind(running, what, limit);
        cost found{};
        int code = 0;
        while ((code = sqlite3_step(running)) == SQLITE_ROW) ++found.rows;
        const std::string words = sqlite3_errmsg(handle_);
        found.steps = sqlite3_stmt_status(running, SQLITE_STMTSTATUS_VM_STEP, 0);
        found.scanned = sqlite3_stmt_status(running, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0);
        if (!what.text().starts_with("SELECT") && found.rows == 0)
            found.rows = sqlite3_changes(handle_);
        sqlite3_finalize(running);
        run("ROLLBACK");
        if (code != SQLITE_DONE) throw std::runtime_error(what.heading + ": " + words);
        return found;
    }

private:
    sqlite3_stmt* prepared(const std::string& text) const {
        sqlite3_stmt* made = nullptr;
        if (sqlite3_prepare_v2(handle_, text.c_str(), -1, &made, nullptr) != SQLITE_OK)
            throw std::runtime_error(sqlite3_errmsg(handle_));
        return made;
    }

    void bind(sqlite3_stmt* into, const listing::entry& what, int limit) const {
        int number = 0;
        for (const auto& each : what.what->parameters) {
            ++number;
            const std::string text = literal(each, what.heading, limit, moment_in(0));
            if (text == "NULL")
                sqlite3_bind_null(into, number);
            else if (each.type == sm::column_type::bytes)
                sqlite3_bind_blob(into, number, "bytes", 5, SQLITE_STATIC);
            else if (text.front() == '\'')
                sqlite3_bind_text(into, number, text.c_str() + 1, static_cast<int>(text.size()) - 2,
                                  SQLITE_TRANSIENT);
            else if (text == "FALSE")
                sqlite3_bind_int(into, number, 0);
            else if (each.type == sm::column_type::real)
                sqlite3_bind_double(into, number, std::stod(text));
            else
                sqlite3_bind_int64(into, number, std::stoll(text));
        }
    }

    sqlite3* handle_ = nullptr;
};

class sqlite_plans : public testing::TestWithParam<bool> {
protected:
    static void SetUpTestSuite() { database = std::make_unique<filled_database>(); }
    static void TearDownTestSuite() { database.reset(); }

    void SetUp() override {
        if (GetParam())
            database->run("ANALYZE");
        else
            database->run("DROP TABLE IF EXISTS sqlite_stat1; ANALYZE sqlite_schema");
    }

    static std::unique_ptr<filled_database> database;
};
std::unique_ptr<filled_database> sqlite_plans::database;

TEST_P(sqlite_plans, search_every_table_by_an_index) {
    for (const listing::entry& each : listing::of(statements))
        for (const std::string& line : database->plan_of(each.text())) {
            EXPECT_TRUE(!line.starts_with("SCAN queue_jobs") ||
                        line.find(" USING ") != std::string::npos)
                << each.heading << ": " << line;
            EXPECT_EQ(line.find("AUTOMATIC"), std::string::npos) << each.heading << ": " << line;
            EXPECT_EQ(line.find("TEMP B-TREE"), std::string::npos) << each.heading << ": " << line;
        }
}

TEST_P(sqlite_plans, take_the_index_that_is_made_for_the_search) {
    const std::pair<std::string_view, std::string_view> expected[] = {
        {"expire", "queue_jobs_leases_"},
        {"claim adopt claimed", "queue_jobs_leases_"},
        {"claim next", "queue_jobs_claim_due_"},
        {"claim used up", "queue_jobs_claim_used_up_"},
        {"refine next", "queue_jobs_refine_due_"},
        {"refine used up", "queue_jobs_refine_used_up_"},
        {"find key", "queue_jobs_key"},
    };
    for (const auto& [heading, index] : expected) {
        std::string plan;
        for (const listing::entry& each : listing::of(statements))
            if (each.heading == heading)
                for (const std::string& line : database->plan_of(each.text())) plan += line + "\n";
        EXPECT_NE(plan.find(index), std::string::npos) << heading << ":\n" << plan;
    }
}

TEST_P(sqlite_plans, cost_as_much_as_the_rows_that_they_may_change) {
    for (const listing::entry& each : listing::of(statements)) {
        // An operator's walk along the primary key, and one along the leases after a lost reply.
        if (each.heading == "list" || each.heading.ends_with("adopt claimed")) continue;
        for (const int limit : {1, 10, 100}) {
            const auto cost = database->cost_of(each, limit);
            const bool many = each.heading.ends_with("next") || each.heading == "expire" ||
                              each.heading.ends_with("used up");
            const int rows = many ? limit : 1;
            EXPECT_LE(cost.steps, steps_a_row * (rows + rows_besides)) << each.heading;
            EXPECT_LE(cost.scanned, rows + rows_besides) << each.heading;
            EXPECT_TRUE(!many || cost.rows == limit) << each.heading << ": " << cost.rows;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(statistics, sqlite_plans, testing::Bool(),
                         [](const auto& each) { return each.param ? "present" : "absent"; });

}  // namespace
}  // namespace plans
