// What differs between databases, as data. A backend is one constexpr `dialect` and one `session`.
#pragma once

#include <statemachine/value.hpp>

#include <span>
#include <string_view>

namespace statemachine {

/// What a migration and the check at start need besides.
struct schema_dialect {
    /// Lists what there is of the table that parameter 1 names, in rows of four texts: what it is
    /// (`table`, `column`, `index`, `states`), its name, its type or definition, and its traits out
    /// of `hidden`, `mandatory`, `filled`, `counted`, `invalid`.
    std::string_view found;
    bool replaces_checks;           ///< a CHECK can be replaced; elsewhere triggers do its work
    bool relaxes_columns;           ///< a column can lose its NOT NULL
    bool aligns_columns;            ///< a number behind a text is padded, and found more slowly
    std::string_view not_valid;     ///< appended to a CHECK that is validated later
    std::string_view concurrently;  ///< builds an index beside writers; empty: they wait
    std::string_view lock_wait;  ///< precedes the milliseconds to wait for locks; empty: no limit
    std::string_view lock_mode;  ///< locks a table against other migrations; empty: not needed
    std::string_view bytes_open, bytes_close;  ///< around the hexadecimal digits of a constant
    std::string_view time_open, time_close;    ///< around the milliseconds of a constant
    std::string_view explain;                  ///< precedes a statement whose plan is wanted
    std::span<const column_type> plan_types;   ///< what that returns; the last one is the text
};

/// The differences that the renderer needs. All members are SQL fragments unless they say
/// otherwise.
struct dialect {
    std::string_view name;         ///< "sqlite", "postgres": for messages and golden files
    char placeholder;              ///< what stands before a parameter's number: `?` or `$`
    std::string_view search_now;   ///< the moment to search with; empty: bound by the session
    std::string_view write_now;    ///< the moment to write; empty: bound by the session
    std::string_view millisecond;  ///< appended to a number of milliseconds that is added to a time
    bool one_statement;            ///< a change, its log row and its token fit in one statement
    bool arrays;                   ///< a statement over many rows takes arrays as parameters
    bool remote;                   ///< a reply can be lost, and a request can arrive late
    bool pins_indexes;             ///< `INDEXED BY` is understood and needed
    bool keeps_dead_entries;       ///< an index is walked over what is gone, until a vacuum
    bool reads_back;  ///< to read one changed row by a statement costs less than RETURNING
    std::string_view inserted_id;      ///< the id of the row that was inserted last, if so
    std::string_view fails_at_once;    ///< ends NOT NULL and keys that keep no copy to undo
    std::string_view lock_candidates;  ///< ends the search for rows to change
    std::string_view waits_briefly;  ///< a true condition: from then on the transaction fails where
                                     ///< it waited a moment for a row; empty: none does
    std::string_view least;          ///< the function that takes the smaller of two
    std::string_view greatest;       ///< the function that takes the larger of two
    std::string_view bytewise;       ///< appended to a text operand of an ordering comparison
    std::string_view id_column;      ///< type and constraints of the job's id
    std::string_view table_options;  ///< follows the column list of the job table
    std::string_view side_table_options;   ///< follows the column list of log, tokens and outbox
    std::string_view queue_table_options;  ///< follows the column list of the deliveries
    std::string_view boolean_type, int32_type, int64_type, real_type, text_type, bytes_type,
        time_type;
    bool checks_types;  ///< booleans and 32-bit integers have to be held to their range
    schema_dialect schema;

    constexpr std::string_view type_name(column_type type) const {
        switch (type) {
            case column_type::boolean: return boolean_type;
            case column_type::int32: return int32_type;
            case column_type::int64: return int64_type;
            case column_type::real: return real_type;
            case column_type::bytes: return bytes_type;
            case column_type::time: return time_type;
            default: return text_type;
        }
    }
};

}  // namespace statemachine
