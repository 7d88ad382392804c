#include "declared_changes.hpp"

#include <statemachine/testing/check.hpp>

#include <array>

namespace statemachine::testing {
namespace {

constexpr std::size_t shown_at_most = 5;

/// The rows that break a promise, with the columns that tell which they are.
struct question {
    int invariant;
    std::string promise;
    std::vector<std::string> columns;
    std::string from_where;
};

std::vector<question> questions_about_the_log(const allowed& machine) {
    const std::string jobs = machine.table();
    const std::string log = machine.table("_log");
    const std::string claims = " IN " + list_of(machine.claims);
    const std::string leased = " IN " + list_of(machine.leased);
    const std::vector<std::string> entry{"l.job", "l.version", "l.event", "l.epoch"};
    const std::vector<std::string> job{"j.id", "j.state", "j.version", "j.epoch"};
    return {
        {1, "every state is declared", job,
         jobs + " j WHERE state NOT IN " + list_of(machine.states)},
        {1, "the log of each job starts with its submission", entry,
         log + " l WHERE (version = 1) <> (event = 'submit') OR "
               "(version = 1) <> (from_state IS NULL)"},
        {1, "the log has no gap", entry,
         log + " l WHERE version > 1 AND NOT EXISTS (SELECT 1 FROM " + log +
             " p WHERE p.job = l.job AND p.version = l.version - 1 AND "
             "p.to_state = l.from_state)"},
        {1, "the log ends in the state of the row, and each version has its entry", job,
         jobs + " j WHERE NOT EXISTS (SELECT 1 FROM " + log +
             " l WHERE l.job = j.id AND l.version = j.version AND l.to_state = j.state AND "
             "l.epoch = j.epoch) OR version <> (SELECT count(*) FROM " +
             log + " l WHERE l.job = j.id)"},
        {1, "a terminal state is left by nothing", entry,
         log + " l WHERE from_state IN " + list_of(machine.terminal)},
        {2, "each change carries the epoch of the latest claim, and the epoch counts the claims",
         entry,
         log + " l WHERE epoch <> (SELECT count(*) FROM " + log +
             " c WHERE c.job = l.job AND c.version <= l.version AND c.event" + claims + ")"},
        {2, "a job has an owner and a lease exactly while it is leased", job,
         jobs + " j WHERE (state" + leased + ") <> (lease_until IS NOT NULL) OR (state" + leased +
             ") <> (owner IS NOT NULL)"},
        {6, "a log belongs to a job", entry,
         log + " l WHERE NOT EXISTS (SELECT 1 FROM " + jobs + " j WHERE j.id = l.job)"},
    };
}

std::vector<question> questions_about_edited_columns(const allowed& machine) {
    const std::string log = machine.table("_log");
    const std::vector<std::string> entry{"l.job", "l.version", "l.event", "l.epoch"};
    const std::string ends_early =
        log + " l JOIN " + log +
        " p ON p.job = l.job AND p.version = l.version - 1 WHERE l.from_state IN " +
        list_of(machine.leased) + " AND (p.lease_until IS NULL OR l.at < p.lease_until)";
    return {
        {2, "nobody claims a job before its lease has run out", entry,
         ends_early + " AND l.event IN " + list_of(machine.claims)},
        {8, "nobody hands a job back before its lease has run out", entry,
         ends_early + " AND l.event IN ('expire', 'exhaust')"},
        {6,
         "attempts count claims",
         {"j.id", "j.attempts", "j.epoch"},
         machine.table() + " j WHERE attempts > epoch"},
    };
}

std::vector<question> questions_about_names(const allowed& machine) {
    const std::string jobs = machine.table();
    const std::string log = machine.table("_log");
    const std::string tokens = machine.table("_tokens");
    std::vector<question> all{
        // A token that `resolve` made void has version 0.
        {3,
         "each token stands for one entry of the log",
         {"t.job", "t.token", "t.version"},
         tokens + " t WHERE version > 0 AND NOT EXISTS (SELECT 1 FROM " + log +
             " l WHERE l.job = t.job AND l.version = t.version AND l.event = t.event)"},
        {4,
         "a change has one token",
         {"t.job", "t.version", "count(*)"},
         tokens + " t WHERE version > 0 GROUP BY t.job, t.version HAVING count(*) > 1"},
        {5,
         "a key belongs to one job",
         {"j.key", "count(*)"},
         jobs + " j WHERE key IS NOT NULL GROUP BY j.key HAVING count(*) > 1"},
    };
    if (machine.most_attempts > 0)
        all.push_back({6,
                       "attempts stay within the maximum",
                       {"j.id", "j.attempts"},
                       jobs + " j WHERE attempts < 0 OR attempts > " +
                           std::to_string(machine.most_attempts)});
    return all;
}

std::string any_of(const std::set<changed>& changes) {
    std::string text{"(1 = 0"};
    for (const auto& [event, from, to] : changes)
        text += " OR (l.event = '" + event + "' AND l.from_state = '" + from +
                "' AND l.to_state = '" + to + "')";
    return text + ")";
}

// Of the change itself. What ends a lost run on the way is another part of the same version.
std::vector<question> questions_about_events(const allowed& machine) {
    const std::string log = machine.table("_log");
    const std::string outbox = machine.table("_outbox");
    const std::string own = " l.job = o.job AND l.version = o.version ";
    return {
        {7,
         "each emitting change has one event",
         {"l.job", "l.version", "l.event"},
         log + " l WHERE " + any_of(machine.emitting) + " AND (SELECT count(*) FROM " + outbox +
             " o WHERE part = 1 AND" + own + (machine.forgets_events ? ") > 1" : ") <> 1")},
        {7,
         "no other change has one",
         {"o.job", "o.version", "o.topic"},
         outbox + " o JOIN " + log + " l ON" + own + "WHERE part = 1 AND " +
             any_of(machine.silent)},
        {7,
         "no event is without its change",
         {"o.job", "o.version", "o.topic"},
         outbox + " o WHERE NOT EXISTS (SELECT 1 FROM " + log + " l WHERE" + own + ")"},
    };
}

breach breach_of(const question& asked, const table_rows& rows) {
    breach made{asked.invariant, asked.promise, {}};
    for (const auto& row : rows) {
        std::string& line = made.shown_by.emplace_back();
        for (std::size_t i = 0; i < row.size(); ++i)
            line += (i > 0 ? ", " : "") + asked.columns[i] + " = " + row[i];
    }
    return made;
}

void ask_all(const std::vector<question>& questions, const table_reader& read,
             std::vector<breach>& found) {
    for (const question& each : questions) {
        std::string sql{"SELECT "};
        for (const std::string& column : each.columns)
            sql += (&column != each.columns.data() ? ", " : "") + ("CAST(" + column + " AS TEXT)");
        sql += " FROM " + each.from_where + " LIMIT " + std::to_string(shown_at_most);
        const table_rows rows = read(sql, each.columns.size());
        if (!rows.empty()) found.push_back(breach_of(each, rows));
    }
}

}  // namespace

table_reader reader_of(session& database) {
    return [&database](const std::string& sql, std::size_t columns) {
        table_rows rows;
        const std::vector<column_type> types(columns, column_type::text);
        const statement asked{sql, types, false};
        const auto look = [&](executor& transaction) -> result<verdict> {
            auto done = transaction.execute(asked, {}, [&](std::span<const value> row) {
                auto& texts = rows.emplace_back();
                for (const value& each : row)
                    texts.emplace_back(each.is_null() ? "null" : each.text());
            });
            if (!done) return std::move(done).error();
            return verdict::commit;
        };
        database.transact(access::read, look).value();
        return rows;
    };
}

std::string breach::text() const {
    std::string all = "invariant " + std::to_string(invariant) + ": " + promise;
    for (const std::string& each : shown_by) all += "\n    " + each;
    return all;
}

std::vector<breach> check_rows(const detail::spec& declared, const table_reader& read,
                               row_edits made) {
    const allowed machine(declared);
    std::vector<breach> found;
    ask_all(questions_about_the_log(machine), read, found);
    ask_all(questions_about_names(machine), read, found);
    if (made == row_edits::none) ask_all(questions_about_edited_columns(machine), read, found);
    if (declared.emits()) ask_all(questions_about_events(machine), read, found);
    const table_rows changes =
        read("SELECT DISTINCT event, from_state, to_state FROM " + machine.table("_log"), 3);
    breach undeclared{1, "every change is declared", {}};
    for (const auto& row : changes)
        if (!machine.changes.contains({row[0], row[1], row[2]}))
            undeclared.shown_by.push_back(row[0] + ": " + row[1] + " -> " + row[2]);
    if (!undeclared.shown_by.empty()) found.push_back(std::move(undeclared));
    return found;
}

}  // namespace statemachine::testing
