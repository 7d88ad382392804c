// What PostgreSQL does for each statement, under every kind of plan that a server may choose.
#include "population.hpp"

#include <golden/listing.hpp>
#include <open.hpp>

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <algorithm>
#include <cstdlib>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace plans {
namespace {

const sm::detail::catalog& statements =
    sm::detail::catalog_of<queue::machine, sm::dialect_of_postgres>();

// For each row that a call may change: in the search, and in the change by index and by row, both
// of which meet what the change of the search before has left.
constexpr std::int64_t visits_a_row = 4;
constexpr std::int64_t visits_besides = 20;
// Pages of the table and of its indexes that are touched for one row.
constexpr std::int64_t pages_a_row = 45;
constexpr std::int64_t pages_besides = 120;

std::string moment_in(int seconds) {
    return "now() + interval '" + std::to_string(seconds) + " seconds'";
}

struct explained {
    std::string text;
    std::int64_t visited = 0;  // rows, those that a filter removed included
    std::int64_t pages = 0;
    std::int64_t returned = 0;
};

std::int64_t number_in(const std::smatch& match, std::size_t group) {
    return match[group].matched ? std::stoll(match[group]) : 0;
}

explained read_plan(const std::string& text) {
    static const std::regex node(R"((\w[\w ]*Scan).* on (\w+).*actual rows=(\d+) loops=(\d+))");
    static const std::regex root(R"(actual rows=(\d+) loops=(\d+))");
    static const std::regex removed(R"(Rows Removed by (?:Filter|Index Recheck): (\d+))");
    static const std::regex buffers(R"(Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?)");
    explained found{text};
    std::istringstream lines(text);
    std::int64_t loops = 0;
    bool first = true;
    for (std::string line; std::getline(lines, line);) {
        std::smatch match;
        if (first && std::regex_search(line, match, root)) found.returned = number_in(match, 1);
        if (std::regex_search(line, match, node)) {
            loops = number_in(match, 4);
            if (match[2].str().starts_with("queue_jobs"))
                found.visited += number_in(match, 3) * loops;
        }
        if (std::regex_search(line, match, removed)) found.visited += number_in(match, 1) * loops;
        // The root's counts include those of all below it.
        if (found.pages == 0 && std::regex_search(line, match, buffers))
            found.pages = number_in(match, 1) + number_in(match, 2);
        first = false;
    }
    return found;
}

std::string_view type_name(sm::column_type type) {
    switch (type) {
        case sm::column_type::boolean: return "boolean";
        case sm::column_type::int32: return "integer";
        case sm::column_type::int64: return "bigint";
        case sm::column_type::real: return "double precision";
        case sm::column_type::bytes: return "bytea";
        case sm::column_type::time: return "timestamptz";
        default: return "text";
    }
}

/// The queue machine's tables, without rows.
class schema_of_queue {
public:
    explicit schema_of_queue(const std::string& name) : schema_(name) {
        const char* const server = std::getenv("STATEMACHINE_TEST_CONNINFO");
        if (server == nullptr)
            throw std::runtime_error(
                "set STATEMACHINE_TEST_CONNINFO, or run by "
                "scripts/postgres-server run --fast -- COMMAND");
        handle_ = PQconnectdb(server);
        PQsetNoticeReceiver(
            handle_, [](void*, const PGresult*) {}, nullptr);
        run("CREATE SCHEMA " + schema_ + "; SET search_path = " + schema_);
        run(std::string{statements.schema});
        // Statistics come when the test says so.
        for (const char* table : {"queue_jobs", "queue_jobs_log", "queue_jobs_tokens"})
            run(std::string{"ALTER TABLE "} + table + " SET (autovacuum_enabled = false)");
    }
    ~schema_of_queue() {
        PQclear(PQexec(handle_, ("ROLLBACK; DROP SCHEMA " + schema_ + " CASCADE").c_str()));
        PQfinish(handle_);
    }
    schema_of_queue(const schema_of_queue&) = delete;
    schema_of_queue& operator=(const schema_of_queue&) = delete;

    void fill() const {
        run(filling({"generate_series(:first, :last) AS n (i)", moment_in,
                     " * interval '1 millisecond'", " OVERRIDING SYSTEM VALUE", "'\\x00'"}) +
            "SELECT setval(pg_get_serial_sequence('queue_jobs', 'id'), 1000000)");
    }

    std::string run(const std::string& sql) const {
        PGresult* const reply = PQexec(handle_, sql.c_str());
        const std::string words = PQresultErrorMessage(reply);
        std::string lines;
        for (int i = 0; i < PQntuples(reply); ++i)
            lines.append(PQgetvalue(reply, i, 0)).append("\n");
        PQclear(reply);
        if (!words.empty()) throw std::runtime_error(words + sql);
        return lines;
    }

    void prepare(const listing::entry& what, const std::string& name) const {
        std::string types;
        for (const auto& each : what.what->parameters)
            types.append(types.empty() ? "" : ", ").append(full_type(each));
        run("PREPARE " + name + in_brackets(types) + " AS " + std::string{what.text()});
    }

    /// Runs what was prepared in a transaction that is undone.
    /// @param front  priority and moment of the first due job, where it is known
    explained explain(const listing::entry& what, const std::string& name, int limit,
                      const std::array<std::string, 2>& front = {}) const {
        using sm::detail::slot;
        std::string values;
        for (const auto& each : what.what->parameters) {
            std::string text = literal(each, what.heading, limit, moment_in(0));
            if (!front[0].empty() && each.from == slot::front_priority) text = front[0];
            if (!front[1].empty() && each.from == slot::front_run_at) text = front[1];
            values.append(values.empty() ? "" : ", ")
                .append(text)
                .append(each.many ? "::" + full_type(each) : "");
        }
        run("ROLLBACK; BEGIN");
        const std::string plan =
            run("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, SUMMARY OFF) EXECUTE " + name +
                in_brackets(values));
        run("ROLLBACK");
        return read_plan(plan);
    }

private:
    static std::string full_type(const sm::detail::parameter& of) {
        return std::string{type_name(of.type)} + (of.many ? "[]" : "");
    }
    static std::string in_brackets(const std::string& list) {
        return list.empty() ? list : "(" + list + ")";
    }

    PGconn* handle_ = nullptr;
    std::string schema_;
};

/// How many jobs a statement with this limit gets at.
int rows_of(const std::string& heading, int limit) {
    const bool many = heading.ends_with("next") || heading.ends_with("front") ||
                      heading == "expire" || heading.ends_with("used up") ||
                      heading.find(" many") != heading.npos || heading == "find keys";
    return many ? limit : 1;
}

void expect_few_visits(const explained& plan, const std::string& heading, int limit,
                       std::int64_t other_pages = pages_besides) {
    const int rows = rows_of(heading, limit);
    EXPECT_LE(plan.visited, visits_a_row * rows + visits_besides)
        << heading << " of " << limit << "\n"
        << plan.text;
    EXPECT_LE(plan.pages, pages_a_row * rows + other_pages) << heading << " of " << limit << "\n"
                                                            << plan.text;
    const int found = heading == "history" ? std::min(limit, 2) : rows;
    const bool recovers = heading.find("adopt") != std::string::npos;
    EXPECT_EQ(plan.returned, recovers ? 0 : found) << heading << " of " << limit << "\n"
                                                   << plan.text;
}

struct circumstances {
    bool statistics;
    const char* plan_cache_mode;
    const char* join_that_is_off;
};

void PrintTo(const circumstances& under, std::ostream* out) {
    *out << (under.statistics ? "with" : "without") << " statistics, " << under.plan_cache_mode
         << ", without " << under.join_that_is_off;
}

class postgres_plans : public testing::TestWithParam<circumstances> {
protected:
    static void SetUpTestSuite() {
        schema = std::make_unique<schema_of_queue>("plans_" + std::to_string(getpid()));
        schema->fill();
    }
    static void TearDownTestSuite() { schema.reset(); }

    void SetUp() override {
        if (GetParam().statistics && !analyzed) schema->run("ANALYZE");
        analyzed = GetParam().statistics;
        // Each change that was undone has left dead rows in front of the next.
        schema->run("VACUUM (INDEX_CLEANUP ON) queue_jobs");
        schema->run(std::string{"SET plan_cache_mode = "} + GetParam().plan_cache_mode);
        for (const char* join : {"hashjoin", "mergejoin", "nestloop"})
            schema->run(std::string{"SET enable_"} + join + " = " +
                        (join == std::string_view{GetParam().join_that_is_off} ? "off" : "on"));
    }

    static std::unique_ptr<schema_of_queue> schema;
    static bool analyzed;
};
std::unique_ptr<schema_of_queue> postgres_plans::schema;
bool postgres_plans::analyzed = false;

TEST_P(postgres_plans, visit_as_many_rows_as_they_may_change) {
    for (const listing::entry& each : listing::of(statements))
        for (const int limit : {1, 50}) {
            // After a lost reply: as many rows as there are leases, or log rows where those are
            // fewer; and a join that has no other way without nested loops.
            const bool recovers = each.heading.find("adopt") != std::string::npos;
            if (each.heading.ends_with("adopt claimed")) continue;
            if (each.heading.ends_with("front") && limit > 1) continue;
            if (recovers && std::string_view{GetParam().join_that_is_off} == "nestloop") continue;
            schema->prepare(each, "asked");
            const explained plan = schema->explain(each, "asked", limit);
            schema->run("DEALLOCATE asked");
            EXPECT_EQ(plan.text.find("Seq Scan on queue_jobs"), std::string::npos)
                << each.heading << "\n"
                << plan.text;
            // An operator's walk along the primary key.
            if (each.heading == "list") continue;
            // Without statistics the planner expects fewer rows than the batch may take, and rather
            // sorts what is due. It is so until autovacuum first looks at the table.
            const bool guesses =
                !GetParam().statistics && limit > 1 &&
                std::string_view{GetParam().plan_cache_mode} == "force_custom_plan";
            if (!guesses) expect_few_visits(plan, each.heading, limit);
        }
}

// A kept statement may be planned on the empty table of a new service, and its plan is kept while
// the table grows.
TEST(plans_of_a_new_table, visit_as_few_rows_when_it_has_grown) {
    const schema_of_queue schema("grown_" + std::to_string(getpid()));
    schema.run(sm::postgres::session_settings(std::chrono::minutes(2)));
    const auto all = listing::of(statements);
    const auto name = [](std::size_t i) { return "kept_" + std::to_string(i); };
    for (std::size_t i = 0; i < all.size(); ++i) {
        schema.prepare(all[i], name(i));
        schema.explain(all[i], name(i), 1);
    }
    schema.fill();
    // What earlier statements left, as a vacuum would have everything planned anew.
    constexpr std::int64_t pages_of_dead_rows = 300;
    for (std::size_t i = 0; i < all.size(); ++i)
        for (const int limit : {1, 50}) {
            const std::string& heading = all[i].heading;
            if (heading == "list" || heading.ends_with("adopt claimed")) continue;
            if (heading.ends_with("front") && limit > 1) continue;
            expect_few_visits(schema.explain(all[i], name(i), limit), heading, limit,
                              pages_of_dead_rows);
        }
    EXPECT_EQ(schema.run("SELECT count(*) FROM pg_prepared_statements WHERE custom_plans > 0 OR "
                         "generic_plans = 0"),
              "0\n");
}

// Until a vacuum, an index holds the places of all jobs that were claimed since the last one.
TEST(plans_of_claims, that_know_the_front_pass_by_what_was_claimed) {
    const schema_of_queue schema("front_" + std::to_string(getpid()));
    schema.fill();
    schema.run("SET plan_cache_mode = force_generic_plan; SET jit = off");
    // The way down from what waits for its time leads past it, too. Moved in a copy: a vacuum
    // leaves what transactions of others may still see.
    schema.run("CREATE TEMP TABLE moved AS SELECT * FROM queue_jobs; UPDATE moved SET run_at = " +
               moment_in(3600) + " WHERE priority > 0; TRUNCATE queue_jobs; " +
               "INSERT INTO queue_jobs OVERRIDING SYSTEM VALUE SELECT * FROM moved");
    schema.run("UPDATE queue_jobs SET state = 'running', run_at = " + moment_in(3600) +
               ", lease_until = " + moment_in(3600) +
               " WHERE priority = 0 AND state = 'queued' AND run_at < " + moment_in(-4000));
    std::string first =
        schema.run("SELECT min(run_at) FROM queue_jobs WHERE priority = 0 AND state = 'queued'");
    first.pop_back();
    const auto all = listing::of(statements);
    const auto named = [&](const std::string& heading) {
        return *std::find_if(all.begin(), all.end(),
                             [&](const auto& each) { return each.heading == heading; });
    };
    const listing::entry next = named("claim next");
    schema.prepare(next, "next");
    const explained from_all = schema.explain(next, "next", 1);
    EXPECT_EQ(from_all.returned, 1) << from_all.text;
    EXPECT_GT(from_all.pages, 200) << "nothing was in the way:\n" << from_all.text;
    const explained from_front = schema.explain(next, "next", 1, {"0", "'" + first + "'"});
    EXPECT_EQ(from_front.returned, 1) << from_front.text;
    EXPECT_LE(from_front.pages, pages_a_row + pages_besides) << from_front.text;
}

// Those without statistics come first: a table cannot be made to forget them.
std::vector<circumstances> all_circumstances() {
    std::vector<circumstances> all;
    for (const bool statistics : {false, true})
        for (const char* mode : {"force_generic_plan", "force_custom_plan"})
            for (const char* join : {"none", "hashjoin", "mergejoin", "nestloop"})
                all.push_back({statistics, mode, join});
    return all;
}

std::string name_of(const testing::TestParamInfo<circumstances>& info) {
    return std::string{info.param.statistics ? "with" : "without"} + "_statistics_" +
           info.param.plan_cache_mode + "_without_" + info.param.join_that_is_off;
}

INSTANTIATE_TEST_SUITE_P(each, postgres_plans, testing::ValuesIn(all_circumstances()), name_of);

}  // namespace
}  // namespace plans
