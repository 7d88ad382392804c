// One SQLite handle with its compiled statements.
//
// Statements run through the C API on owned and borrowed handles alike: SQLiteCpp cannot wrap a
// foreign sqlite3*, keeps no statements, and reports a busy database by an exception that costs
// five times the code it carries. SQLiteCpp opens and closes the owned handle.
#pragma once

#include "errors.hpp"
#include "lock_wait.hpp"

#include <statemachine/session.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace SQLite {
class Database;
}

namespace statemachine::sqlite {

struct finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
};

/// A statement that SQLite has compiled, with room for the row that it is at.
struct compiled {
    std::unique_ptr<sqlite3_stmt, finalize> handle;
    std::size_t parameters = 0;
    std::size_t columns = 0;
    std::vector<value> row;
    bool running = false;
};

/// Not thread-safe; its address is known to SQLite, so it stays where it is.
class connection {
public:
    explicit connection(std::unique_ptr<SQLite::Database> owned);
    explicit connection(sqlite3* borrowed) noexcept;
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    bool borrowed() const noexcept { return owned_ == nullptr; }
    sqlite3* handle() const noexcept { return handle_; }
    bool in_transaction() const noexcept;

    /// How an owned handle waits for other processes; a borrowed one waits as its owner set.
    lock_wait& waiting() noexcept { return lock_wait_; }

    /// Runs a statement, or each command of a text that is not to be kept, to its end.
    result<std::size_t> execute(const statement& what, std::span<const value> parameters,
                                row_sink on_row, stage when = stage::running);

    /// Runs a kept statement that neither takes parameters nor returns rows.
    result<void> command(const statement& what, stage when = stage::running);

    /// Finalizes all kept statements.
    void forget_statements() noexcept { kept_.clear(); }

    /// Lets go of the handle and its statements without a call to SQLite, for the child of a fork.
    void abandon() noexcept;

private:
    result<compiled*> keep(const statement& what);
    result<std::size_t> run_each(const statement& what, std::span<const value> parameters,
                                 row_sink on_row);
    result<std::size_t> run(compiled& what, std::span<const column_type> types,
                            std::span<const value> parameters, row_sink on_row, stage when);

    std::unique_ptr<SQLite::Database> owned_;
    sqlite3* handle_;
    std::unordered_map<const char*, compiled> kept_;  // by the address of the text
    lock_wait lock_wait_;
};

}  // namespace statemachine::sqlite
