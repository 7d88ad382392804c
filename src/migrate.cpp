// A migration goes through these transactions, and may be cut short after each:
//
//     read: does all fit, or is this declaration an older one?  -> done
//     write: tables, columns, states and the row of history, all or nothing
//     for each index that a table lacks: what was begun and not completed is dropped under a lock
//         that builders hold, then it is built without a transaction, beside writers
//     write: old rows are held against the states; then indexes that nobody needs are dropped
//
// Two that migrate at once take turns at the lock of the history table.
#include "checks.hpp"
#include "identity.hpp"
#include "migrate_plan.hpp"

#include <statemachine/detail/schema_core.hpp>
#include <statemachine/detail/store_core.hpp>

#include <thread>

namespace statemachine::detail {

namespace {

constexpr int collisions = 5;

// Another migration got in between. The second of two that create the same table is told so by an
// error of the catalog, and who looks at an index that is just dropped by an internal one.
bool is_collision(errc why) {
    return why == errc::unique_violated || why == errc::already_exists || why == errc::deadlock ||
           why == errc::serialization_failure || why == errc::unexpected;
}

// Reads in a transaction, again where others changed the tables meanwhile.
template <class Read>
result<ending> read_tables(session& database, steady_time until, Read read) {
    const auto body = [&](executor& transaction) -> result<verdict> {
        if (auto done = read(transaction); !done) return std::move(done).error();
        return verdict::commit;
    };
    for (int collided = 0;;) {
        auto ended = database.transact(access::read, until, body);
        if (ended || !is_collision(ended.error().code()) || ++collided == collisions) return ended;
    }
}

}  // namespace

std::string_view schema_core::ddl() const noexcept { return statements_->schema; }

struct schema_core::attempt {
    attempt(const catalog& statements, const migrate_options& chosen)
        : declared(*statements.declared),
          speech(*statements.speech),
          ddl(statements.schema),
          tables(read_ddl(statements.schema)),
          history(std::string{declared.table} + "_schema"),
          options(chosen),
          until(std::chrono::steady_clock::now() + chosen.deadline) {}

    result<void> look(executor& transaction) {
        auto there = look_at_schema(transaction, speech, tables);
        if (!there) return std::move(there).error();
        found = std::move(there).value();
        auto had = look_at_history(transaction, found, declared.table);
        if (!had) return std::move(had).error();
        past = std::move(had).value();
        return success();
    }

    // What weighs so much or more.
    result<void> refuse_from(weight least) const {
        std::string sentences;
        for (const difference& each : compare(declared, tables, found))
            if (each.how >= least)
                sentences.append(sentences.empty() ? "" : "; ").append(each.sentence);
        if (!sentences.empty()) return error(errc::schema_drifted, std::move(sentences));
        return success();
    }

    bool settled() const {
        if (past.empty()) return false;
        if (is_superseded(ddl, past)) return refuse_from(weight::pending).has_value();
        return past.back().ddl == ddl && refuse_from(weight::ranged) &&
               obsolete_indexes(tables, ddl, past, found).empty();
    }

    result<void> run(executor& transaction, std::string statement) {
        auto done = transaction.execute({statement, {}, false}, {}, [](std::span<const value>) {});
        if (!done) return std::move(done).error();
        made.changes.push_back(std::move(statement));
        return success();
    }

    result<void> wait_briefly_for_locks(executor& transaction) const {
        if (speech.schema.lock_wait.empty()) return success();
        const std::string text =
            std::string{speech.schema.lock_wait} + std::to_string(options.lock_wait.count());
        return silently(transaction, text);
    }

    result<void> lock(executor& transaction, std::string_view table) const {
        if (speech.schema.lock_mode.empty()) return success();
        return silently(transaction,
                        "LOCK TABLE " + quoted(table) + std::string{speech.schema.lock_mode});
    }

    result<void> silently(executor& transaction, const std::string& statement) const {
        auto done = transaction.execute({statement, {}, false}, {}, [](std::span<const value>) {});
        if (!done) return std::move(done).error();
        return success();
    }

    // Runs `step` in a transaction until it gets its locks and collides with no other migration.
    template <class Step>
    result<ending> transact(session& database, Step step) {
        for (int collided = 0;;) {
            const std::size_t changes = made.changes.size();
            const auto body = [&](executor& transaction) -> result<verdict> {
                if (auto set = wait_briefly_for_locks(transaction); !set)
                    return std::move(set).error();
                if (auto done = step(transaction); !done) return std::move(done).error();
                return verdict::commit;
            };
            auto ended = database.transact(access::write, until, body);
            if (ended) return ended;
            made.changes.resize(changes);
            const errc why = ended.error().code();
            if (is_collision(why) && ++collided == collisions) return ended;
            if (!is_collision(why) && why != errc::busy) return ended;
            if (!pause()) return ended;
        }
    }

    // Lets those who waited behind the lock go first.
    bool pause() const {
        const auto length =
            std::chrono::microseconds(static_cast<std::int64_t>(20'000 + 80'000 * make_share()));
        if (std::chrono::steady_clock::now() + length + options.lock_wait >= until) return false;
        std::this_thread::sleep_for(length);
        return true;
    }

    const spec& declared;
    const dialect& speech;
    std::string_view ddl;
    declared_schema tables;
    std::string history;
    migrate_options options;
    steady_time until;
    found_schema found{};
    std::vector<past_declaration> past{};
    migration made{};
    bool inside_callers = false;  // the caller's own transaction is around all of it
};

namespace {

result<void> refuse_removed_states(executor& transaction, const spec& declared) {
    static constexpr column_type state_and_count[] = {column_type::text, column_type::int64};
    std::string lists;
    auto rows = transaction.execute(
        {count_removed_states(declared), state_and_count, false}, {},
        [&](std::span<const value> row) {
            lists.append(lists.empty() ? "" : ", ").append(std::to_string(row[1].integer()));
            lists.append(" in '").append(row[0].text()).append("'");
        });
    if (!rows) return std::move(rows).error();
    if (lists.empty()) return success();
    return error(errc::schema_drifted,
                 "jobs of '" + std::string{declared.table} +
                     "' are in states that the declaration does not have (" + lists +
                     "): declare them, rename them by `formerly`, or move the jobs on first");
}

result<void> refuse_beyond(executor& transaction, const spec& declared, const limited& number) {
    static constexpr column_type count[] = {column_type::int64};
    std::int64_t jobs = 0;
    auto rows = transaction.execute({count_beyond(declared, number), count, false}, {},
                                    [&](std::span<const value> row) { jobs = row[0].integer(); });
    if (!rows) return std::move(rows).error();
    if (jobs == 0) return success();
    return error(errc::schema_drifted,
                 "the column '" + number.column + "' of '" + std::string{declared.table} +
                     "' holds numbers that its member cannot take, in so many jobs: " +
                     std::to_string(jobs) + "; change them, or give the member a wider type");
}

}  // namespace

result<void> schema_core::change_tables_once(executor& transaction, attempt& now) {
    const declared_table* const history = find_named(now.tables.tables, now.history);
    if (auto made = now.silently(transaction, std::string{history->statement}); !made) return made;
    if (auto locked = now.lock(transaction, now.history); !locked) return locked;
    if (auto looked = now.look(transaction); !looked) return looked;
    now.made.superseded = is_superseded(now.ddl, now.past);
    if (now.made.superseded) return now.refuse_from(weight::pending);

    auto planned = plan_migration(*statements_, now.tables, now.found);
    if (!planned) return std::move(planned).error();
    for (std::string& each : planned.value().together)
        if (auto done = now.run(transaction, std::move(each)); !done) return done;
    for (const declared_object& each : now.tables.first_rows)
        if (auto done = now.silently(transaction, std::string{each.statement}); !done) return done;
    if (planned.value().counts_removed)
        if (auto fine = refuse_removed_states(transaction, now.declared); !fine) return fine;
    for (const limited& each : planned.value().narrowed)
        if (auto fine = refuse_beyond(transaction, now.declared, each); !fine) return fine;
    if (now.past.empty() || now.past.back().ddl != now.ddl)
        if (auto noted = note(transaction, now); !noted) return noted;
    if (auto looked = now.look(transaction); !looked) return looked;
    return now.refuse_from(weight::harmful);
}

result<void> schema_core::note(executor& transaction, attempt& now) {
    const std::int64_t number = now.past.empty() ? 1 : now.past.back().number + 1;
    std::string changes;
    for (const std::string& each : now.made.changes) changes.append(each).append(";\n");
    const auto parameter = [&](int index) {
        return std::string(1, now.speech.placeholder) + std::to_string(index);
    };
    const std::string moment =
        now.speech.write_now.empty() ? parameter(5) : std::string{now.speech.write_now};
    const std::string text =
        "INSERT INTO " + quoted(now.history) +
        " (\"number\", \"library\", \"declaration\", \"changes\", \"at\") VALUES (" + parameter(1) +
        ", " + parameter(2) + ", " + parameter(3) + ", " + parameter(4) + ", " + moment + ")";
    const value values[] = {
        value::integer(column_type::int64, number),
        value::view(column_type::text, STATEMACHINE_VERSION),
        value::view(column_type::text, now.ddl), value::view(column_type::text, changes),
        value::integer(column_type::time, transaction.now().time_since_epoch().count())};
    const std::size_t count = now.speech.write_now.empty() ? 5 : 4;
    auto added =
        transaction.execute({text, {}, false}, {values, count}, [](std::span<const value>) {});
    if (!added) return std::move(added).error();
    return success();
}

result<void> schema_core::change_tables(attempt& now) {
    auto ended = now.transact(
        *session_, [&](executor& transaction) { return change_tables_once(transaction, now); });
    if (!ended) return std::move(ended).error();
    now.inside_callers = ended.value() == ending::provisional;
    return success();
}

// Whoever builds an index holds the same lock, so what is incomplete now was left behind.
result<std::vector<std::string>> schema_core::missing_indexes(attempt& now) {
    const auto incomplete = [&](auto each_table, auto each_index) -> result<void> {
        for (const found_table& table : now.found) {
            bool first = true;
            for (const declared_object& wanted : now.tables.indexes) {
                if (wanted.table != table.name) continue;
                const found_object* const there = find_named(table.indexes, wanted.name);
                if (there != nullptr && !there->invalid) continue;
                if (first)
                    if (auto fine = each_table(table.name); !fine) return fine;
                first = false;
                if (auto fine = each_index(wanted, there); !fine) return fine;
            }
        }
        return success();
    };
    const auto nothing = [](auto&&...) -> result<void> { return success(); };
    std::vector<std::string> missing;
    const auto drop = [&](executor& transaction) {
        return [&](const declared_object& wanted, const found_object* there) -> result<void> {
            missing.push_back(now.inside_callers
                                  ? std::string{wanted.statement}
                                  : built_concurrently(now.speech, wanted.statement));
            if (there == nullptr) return success();
            return now.run(transaction, "DROP INDEX " + quoted(wanted.name));
        };
    };
    auto ended = now.transact(*session_, [&](executor& transaction) -> result<void> {
        missing.clear();
        if (auto looked = now.look(transaction); !looked) return looked;
        const auto lock = [&](std::string_view table) { return now.lock(transaction, table); };
        if (auto locked = incomplete(lock, nothing); !locked) return locked;
        if (auto looked = now.look(transaction); !looked) return looked;
        return incomplete(nothing, drop(transaction));
    });
    if (!ended) return std::move(ended).error();
    return missing;
}

result<void> schema_core::build_indexes(attempt& now) {
    for (bool waited = false;; waited = !waited) {
        auto missing = missing_indexes(now);
        if (!missing) return std::move(missing).error();
        if (missing.value().empty()) return success();
        // Of several that find the same at once, as when a service starts, one goes ahead and the
        // others then wait for its lock: two builders would wait for each other.
        const bool alone = now.inside_callers || now.speech.schema.concurrently.empty();
        if (!waited && !alone && now.pause()) continue;
        waited = true;
        const auto body = [&](executor& transaction) -> result<verdict> {
            auto built = now.run(transaction, missing.value().front());
            if (!built) return std::move(built).error();
            return verdict::commit;
        };
        auto ended = session_->transact(access::single, now.until, body);
        // Two builders may wait for each other; the one that lost finds the index of the other, or
        // drops its own half and begins again.
        if (!ended && ended.error().code() != errc::deadlock && ended.error().code() != errc::busy)
            return std::move(ended).error();
        if (!ended && !now.pause()) return std::move(ended).error();
    }
}

result<void> schema_core::tidy(attempt& now) {
    if (now.speech.schema.replaces_checks) {
        auto held = now.transact(*session_, [&](executor& transaction) -> result<void> {
            if (auto looked = now.look(transaction); !looked) return looked;
            for (const found_table& table : now.found)
                for (const found_object& each : table.states)
                    if (each.invalid)
                        if (auto done = now.run(transaction, "ALTER TABLE " + quoted(table.name) +
                                                                 " VALIDATE CONSTRAINT " +
                                                                 quoted(each.name));
                            !done)
                            return done;
            return success();
        });
        if (!held) return std::move(held).error();
    }
    auto dropped = now.transact(*session_, [&](executor& transaction) -> result<void> {
        // Another that drops the same index would be told that there is none.
        if (auto locked = now.lock(transaction, now.history); !locked) return locked;
        if (auto looked = now.look(transaction); !looked) return looked;
        for (const std::string& each : obsolete_indexes(now.tables, now.ddl, now.past, now.found))
            if (auto done = now.run(transaction, "DROP INDEX " + quoted(each)); !done) return done;
        if (auto looked = now.look(transaction); !looked) return looked;
        return now.refuse_from(weight::pending);
    });
    if (!dropped) return std::move(dropped).error();
    return success();
}

result<std::optional<migration>> schema_core::find_settled(attempt& now) {
    auto ended = read_tables(*session_, now.until,
                             [&](executor& transaction) { return now.look(transaction); });
    if (!ended) return std::move(ended).error();
    if (!now.settled()) return std::optional<migration>{};
    return std::optional<migration>{{now.past.back().number, {}, is_superseded(now.ddl, now.past)}};
}

result<migration> schema_core::migrate(const migrate_options& options) {
    constexpr std::chrono::milliseconds least{1};  // PostgreSQL takes 0 for no limit
    if (options.deadline < least || options.deadline > a_year || options.lock_wait < least ||
        options.lock_wait > a_day)
        return error(errc::invalid_argument,
                     "a migration takes a deadline of a millisecond to a year, and a lock_wait of "
                     "a millisecond to a day");
    attempt now(*statements_, options);
    auto settled = find_settled(now);
    if (!settled) return std::move(settled).error();
    if (settled.value()) return *std::move(settled).value();
    if (auto done = change_tables(now); !done) return std::move(done).error();
    if (!now.made.superseded) {
        if (auto done = build_indexes(now); !done) return std::move(done).error();
        if (auto done = tidy(now); !done) return std::move(done).error();
    }
    now.made.number = now.past.back().number;
    return std::move(now.made);
}

result<schema_report> schema_core::check() {
    const attempt limits(*statements_, {});
    found_schema found;
    const auto look = [&](executor& transaction) -> result<void> {
        auto there = look_at_schema(transaction, limits.speech, limits.tables);
        if (!there) return std::move(there).error();
        found = std::move(there).value();
        return success();
    };
    auto ended = read_tables(*session_, session_->call_deadline(), look);
    if (!ended) return std::move(ended).error();
    schema_report report;
    for (difference& each : compare(limits.declared, limits.tables, found))
        (each.how == weight::remark ? report.remarks : report.differences)
            .push_back(std::move(each.sentence));
    return report;
}

result<void> store_core::migrate() {
    auto done = schema_core(*statements_, *session_).migrate({});
    if (!done) return std::move(done).error();
    return success();
}

}  // namespace statemachine::detail
