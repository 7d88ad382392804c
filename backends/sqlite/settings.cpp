#include "settings.hpp"

#include <sqlite3.h>

#include <string>

namespace statemachine::sqlite {
namespace {

struct defence {
    int option;
    int wanted;
    const char* name;
};

constexpr defence defences[] = {
    {SQLITE_DBCONFIG_DEFENSIVE, 1, "defensive"},
    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, "trusted schema"},
    {SQLITE_DBCONFIG_DQS_DML, 0, "double-quoted strings"},
    {SQLITE_DBCONFIG_DQS_DDL, 0, "double-quoted strings in the schema"},
    {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, "extension loading"},
};

struct pragma {
    std::string_view text;  // sets it where it can be set, and returns what holds
    std::string_view wanted;
    const char* name;
};

constexpr pragma pragmas[] = {
    {"PRAGMA foreign_keys = ON; PRAGMA foreign_keys", "1", "foreign_keys"},
    // The comparison of text goes by its bytes, which are in another order under UTF-16.
    {"PRAGMA encoding", "UTF-8", "encoding"},
};

constexpr pragma pragma_of(durability sync) {
    switch (sync) {
        case durability::off:
            return {"PRAGMA synchronous = OFF; PRAGMA synchronous", "0", "synchronous"};
        case durability::normal:
            return {"PRAGMA synchronous = NORMAL; PRAGMA synchronous", "1", "synchronous"};
        default: return {"PRAGMA synchronous = FULL; PRAGMA synchronous", "2", "synchronous"};
    }
}

error does_not_hold(std::string_view name) {
    return {errc::misconfigured,
            sentence({"the setting '", name,
                      "' does not hold on this database or in this build of SQLite; use another"})};
}

result<void> set(connection& on, const pragma& one) {
    // Some pragmas answer with a number, some with a text.
    static constexpr column_type as_text[] = {column_type::text};
    static constexpr column_type as_number[] = {column_type::int64};
    const bool number = one.wanted.size() == 1;
    bool holds = false;
    const auto done = on.execute(
        {.text = one.text, .results = number ? as_number : as_text, .prepared = false}, {},
        [&](std::span<const value> row) {
            holds = number ? row[0].integer() == one.wanted[0] - '0' : row[0].text() == one.wanted;
        });
    if (!done) return done.error();
    if (!holds) return does_not_hold(one.name);
    return success();
}

}  // namespace

result<void> settle(connection& on, const options& how, bool in_memory) {
    for (const defence& one : defences) {
        int holds = -1;
        const int code = sqlite3_db_config(on.handle(), one.option, one.wanted, &holds);
        if (code != SQLITE_OK || holds != one.wanted) return does_not_hold(one.name);
    }
    if (auto done = set(on, pragma_of(how.sync)); !done) return done;
    const pragma journal{"PRAGMA journal_mode = WAL", in_memory ? "memory" : "wal", "journal_mode"};
    // Two that switch a new file at the same time are refused without a call of the busy handler.
    auto switched = set(on, journal);
    for (bool first = true; !switched && switched.error().code() == errc::busy; first = false) {
        if (!on.waiting().pause(first)) break;
        switched = set(on, journal);
    }
    if (!switched) return switched;
    for (const pragma& one : pragmas)
        if (auto done = set(on, one); !done) return done;
    return success();
}

}  // namespace statemachine::sqlite
