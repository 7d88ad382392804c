// How a sweeper forgets tokens and log entries beyond their memory.
#pragma once

#include "sweep.hpp"

namespace statemachine::detail {

// Before tokens are forgotten it is written down up to when: `resolve` looks there. What was
// forgotten stays so when the memory grows or the clock is set back.
inline void write_forget_up_to(sql_writer& out, const spec& declared) {
    const auto moment = [&] { write_moment_before(out, declared.memory.tokens.count()); };
    out << "UPDATE ";
    out.name(declared.table, "_sweeps")
        << " SET \"ended_at\" = " << out.speech().greatest << "(coalesce(\"ended_at\", ";
    moment();
    out << "), ";
    moment();
    out << ")\nWHERE \"name\" = 'tokens'\nRETURNING \"ended_at\"";
}

template <class Moment>
void write_forget(sql_writer& out, const spec& declared, std::string_view suffix,
                  std::string_view second, Moment moment) {
    out << "DELETE FROM ";
    out.name(declared.table, suffix)
        << " WHERE (\"job\", \"" << second << "\") IN (SELECT \"job\", \"" << second << "\" FROM ";
    out.name(declared.table, suffix) << " WHERE \"at\" <= ";
    moment();
    out << "\nORDER BY \"at\" LIMIT ";
    out.put(slot::limit, column_type::int64) << ")\nRETURNING \"job\"";
}
// Nothing that is younger than what was written down, however long the statement before took.
inline void write_forget_tokens(sql_writer& out, const spec& declared) {
    write_forget(out, declared, "_tokens", "token", [&] {
        out << "(SELECT \"ended_at\" FROM ";
        out.name(declared.table, "_sweeps") << " WHERE \"name\" = 'tokens')";
    });
}
inline void write_forget_log(sql_writer& out, const spec& declared) {
    write_forget(out, declared, "_log", "version", [&] {
        out.search_now() << " - ";
        write_milliseconds(out, declared.memory.log.count());
    });
}

// ---- the indexes of all that is old

inline void write_index_by_age(sql_writer& out, const spec& declared, std::string_view suffix) {
    out << "CREATE INDEX IF NOT EXISTS \"" << declared.table << suffix << "_age\" ON ";
    out.name(declared.table, suffix) << " (\"at\");\n";
}

inline void write_retention_indexes(sql_writer& out, const spec& declared) {
    for (std::size_t i = 0; i < declared.states.size(); ++i) {
        if (declared.states[i].keep == 0) continue;
        out << "CREATE INDEX IF NOT EXISTS ";
        write_kept_index_name(out, declared, static_cast<int>(i));
        out << " ON ";
        out.name(declared.table) << " ";
        write_kept_index(out, declared, static_cast<int>(i));
        out << ";\n";
    }
    if (declared.memory.tokens.count() > 0) write_index_by_age(out, declared, "_tokens");
    if (declared.memory.log.count() > 0) write_index_by_age(out, declared, "_log");
}

}  // namespace statemachine::detail
