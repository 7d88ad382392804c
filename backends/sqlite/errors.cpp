#include "errors.hpp"

#include "relocated.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace statemachine::sqlite {
namespace {

struct entry {
    int code;
    errc what;
    bool quotes;  // SQLite's text names tables, columns and indexes, and never a value
    std::string_view advice;
};

// An extended code stands here only where it means something else than its primary code.
constexpr entry entries[] = {
    {SQLITE_BUSY, errc::busy, false,
     "another connection holds the lock on the database; send the call again"},
    {SQLITE_BUSY_SNAPSHOT, errc::busy, false,
     "another connection has written since this transaction first read; roll it back and send the "
     "call again"},
    {SQLITE_LOCKED, errc::busy, false,
     "a statement of the same connection holds the table; finish it and send the call again"},
    {SQLITE_PROTOCOL, errc::busy, false,
     "too many connections start reading at once; send the call again"},
    {SQLITE_SCHEMA, errc::busy, false,
     "another connection keeps changing the schema; send the call again when it is done"},
    {SQLITE_INTERRUPT, errc::cancelled, false,
     "the statement was interrupted through its handle; send the call again"},
    {SQLITE_NOMEM, errc::overloaded, false,
     "SQLite could not allocate memory; send the call again when there is some"},
    {SQLITE_IOERR_NOMEM, errc::overloaded, false,
     "SQLite could not allocate memory; send the call again when there is some"},
    {SQLITE_TOOBIG, errc::too_large, false,
     "a text, a value or a row is above SQLite's limit; make it smaller"},
    {SQLITE_MISMATCH, errc::invalid_value, false,
     "a value does not fit the type of its column; give one that does"},
    {SQLITE_CONSTRAINT_DATATYPE, errc::invalid_value, true,
     "a value does not fit the type of its column; give one that does"},
    {SQLITE_CONSTRAINT_UNIQUE, errc::unique_violated, true,
     "a unique constraint refuses the change; give other values"},
    {SQLITE_CONSTRAINT_PRIMARYKEY, errc::unique_violated, true,
     "a unique constraint refuses the change; give other values"},
    {SQLITE_CONSTRAINT_ROWID, errc::unique_violated, true,
     "a unique constraint refuses the change; give other values"},
    {SQLITE_CONSTRAINT, errc::constraint_violated, true,
     "a constraint of the table refuses the change; give other values or mend the constraint"},
    // The text of RAISE is an expression from 3.47 on, and functions and virtual tables write what
    // they like: these may show values.
    {SQLITE_CONSTRAINT_TRIGGER, errc::constraint_violated, false,
     "a trigger refuses the change; give other values or mend the trigger"},
    {SQLITE_CONSTRAINT_FUNCTION, errc::constraint_violated, false,
     "a function refuses the change; give other values or mend the function"},
    {SQLITE_CONSTRAINT_VTAB, errc::constraint_violated, false,
     "a virtual table refuses the change; give other values or mend the table"},
    {SQLITE_FULL, errc::disk_full, false,
     "no space is left for the database or its temporary files; free some and send the call again"},
    {SQLITE_IOERR, errc::io_error, false,
     "the disk or the file system failed; look into the kernel's log before going on"},
    {SQLITE_NOLFS, errc::io_error, false,
     "the file system cannot hold a file of this size; move the database to another"},
    {SQLITE_CORRUPT, errc::corrupt, false,
     "the database is damaged or its disk gave wrong bytes; look into the kernel's log, check it "
     "with PRAGMA integrity_check, and restore a backup if it is damaged"},
    {SQLITE_NOTADB, errc::corrupt, false,
     "the file is no SQLite database; give the path of one, or of a new file"},
    {SQLITE_FORMAT, errc::corrupt, false,
     "the file is no SQLite database; give the path of one, or of a new file"},
    {SQLITE_READONLY, errc::read_only, false,
     "the database can only be read; make its file and its directory writable"},
    {SQLITE_READONLY_DIRECTORY, errc::cannot_open, false,
     "the database's directory cannot be written; make it writable for the -wal and -shm files"},
    {SQLITE_READONLY_DBMOVED, errc::cannot_open, false,
     "the database's file was moved or deleted while open; open it again where it is now"},
    {SQLITE_CANTOPEN, errc::cannot_open, false,
     "the database or a file beside it cannot be opened; check the path and the file modes"},
    {SQLITE_PERM, errc::permission_denied, false,
     "the file mode forbids it; make the database readable and writable for this user"},
    {SQLITE_AUTH, errc::permission_denied, false,
     "the handle's authorizer forbids the statement; allow it there"},
    {SQLITE_ABORT, errc::transaction_aborted, false,
     "the transaction was rolled back under a running statement; begin it again"},
    {SQLITE_ERROR, errc::unexpected, true,
     "SQLite refuses the statement; report it with its code and the library's version"},
    {SQLITE_MISUSE, errc::unexpected, false,
     "SQLite was called in a way that it forbids; check that the handle is open and used by one "
     "thread, or report it"},
    {SQLITE_RANGE, errc::unexpected, false,
     "a parameter was bound that the statement does not have; report it"},
};

constexpr entry unlisted{0, errc::unexpected, false,
                         "SQLite failed with a code that has no entry here; report the code"};

struct phrase {
    std::string_view words;
    errc what;
    std::string_view advice;
};

// SQLITE_ERROR alone has no extended codes for these.
constexpr phrase phrases[] = {
    {"no such table", errc::schema_missing,
     "a table does not exist; migrate the database before using it"},
    {"already exists", errc::already_exists,
     "a table or an index of that name exists; look at it, and rename or drop it"},
    {"no such column", errc::schema_drifted,
     "a column does not exist; migrate the database to this declaration"},
    {"has no column named", errc::schema_drifted,
     "a column does not exist; migrate the database to this declaration"},
    {"no such index", errc::schema_drifted,
     "an index does not exist; migrate the database to this declaration"},
    {"no query solution", errc::schema_drifted,
     "an index has other columns or another condition; migrate the database to this declaration"},
};

const entry& entry_of(int code) {
    const auto find = [](int wanted) {
        return std::find_if(std::begin(entries), std::end(entries),
                            [wanted](const entry& one) { return one.code == wanted; });
    };
    if (const auto* exact = find(code); exact != std::end(entries)) return *exact;
    if (const auto* primary = find(code & 0xff); primary != std::end(entries)) return *primary;
    return unlisted;
}

// The frames of a failed commit may be whole in the log, and a recovery after a crash then takes
// them for committed. A full disk is no such case: the frame that commits is the last one written.
bool may_have_committed(int code, stage when) {
    const int primary = code & 0xff;
    return when == stage::committing && (primary == SQLITE_IOERR || primary == SQLITE_NOMEM);
}

std::string quoting(std::string_view advice, std::string_view text) {
    return text.empty() ? std::string(advice) : sentence({advice, " (", text, ")"});
}

// Only a column's name may follow: a trigger of the user's may quote a value.
bool is_beyond_limits(std::string_view text) {
    constexpr std::string_view words = "statemachine: the number does not fit ";
    return text.starts_with(words) &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_", words.size()) ==
               text.npos;
}

}  // namespace

std::string sentence(std::initializer_list<std::string_view> parts) {
    std::string whole;
    for (const std::string_view part : parts) whole += part;
    return whole;
}

error translate(int code, std::string_view text, stage when) {
    std::array<char, 8> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size() - 1, code).ptr;
    const std::string_view native(digits.data(), static_cast<std::size_t>(end - digits.data()));

    if (may_have_committed(code, when))
        return {errc::connection_lost,
                "the disk or the memory failed during the commit, and it may or may not hold after "
                "a restart; resolve the token, or send the same call again",
                native};
    // `relocate` left this behind.
    if (code == SQLITE_CONSTRAINT_TRIGGER && text == moved_away)
        return translate(SQLITE_READONLY_DBMOVED, {}, when);
    // The library's own limits of a column that is narrower than SQLite's integers, and the CHECK
    // that tables had for them before.
    if ((code == SQLITE_CONSTRAINT_TRIGGER && is_beyond_limits(text)) ||
        (code == SQLITE_CONSTRAINT_CHECK && text.ends_with("_in_range")))
        return {errc::invalid_value,
                quoting("a number does not fit its column; give one in range", text), native};
    if ((code & 0xff) == SQLITE_ERROR)
        for (const phrase& known : phrases)
            if (text.find(known.words) != std::string_view::npos)
                return {known.what, quoting(known.advice, text), native};

    const entry& found = entry_of(code);
    // A function that fails while it runs may quote its arguments.
    const bool shows_values = code == SQLITE_ERROR && when != stage::preparing;
    return {found.what,
            quoting(found.advice, found.quotes && !shows_values ? text : std::string_view{}),
            native};
}

error latest_failure(sqlite3* handle, stage when) {
    const char* const text = sqlite3_errmsg(handle);
    return translate(sqlite3_extended_errcode(handle), text != nullptr ? text : "", when);
}

}  // namespace statemachine::sqlite
