#include "connection.hpp"

#include "values.hpp"

#include <SQLiteCpp/Database.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdint>
#include <limits>
#include <string>

namespace statemachine::sqlite {
namespace {

constexpr std::string_view blank = " \t\r\n;";

// Resets a statement on every way out, or it would hold its locks beyond the transaction.
class execution {
public:
    explicit execution(compiled& what) noexcept : what_(what) { what_.running = true; }
    ~execution() { end(); }
    execution(const execution&) = delete;
    execution& operator=(const execution&) = delete;

    int end() noexcept {
        if (!what_.running) return SQLITE_OK;
        what_.running = false;
        return sqlite3_reset(what_.handle.get());
    }

private:
    compiled& what_;
};

result<compiled> compile(sqlite3* handle, std::string_view& text, unsigned flags) {
    if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        return translate(SQLITE_TOOBIG, {}, stage::preparing);
    sqlite3_stmt* prepared = nullptr;
    const char* rest = nullptr;
    const int code = sqlite3_prepare_v3(handle, text.data(), static_cast<int>(text.size()), flags,
                                        &prepared, &rest);
    if (code != SQLITE_OK) return latest_failure(handle, stage::preparing);
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));

    compiled done;
    done.handle.reset(prepared);
    if (prepared != nullptr) {
        done.parameters = static_cast<std::size_t>(sqlite3_bind_parameter_count(prepared));
        done.columns = static_cast<std::size_t>(sqlite3_column_count(prepared));
    }
    return done;
}

// Processes that were forked from one have the same addresses.
std::uint32_t seed_of(const void* object) {
    const auto address = reinterpret_cast<std::uintptr_t>(object);
    return static_cast<std::uint32_t>(address >> 4) ^ (static_cast<std::uint32_t>(getpid()) << 12);
}

error wrong_shape(const char* what) {
    return {errc::unexpected, std::string("a statement ") + what + "; report it as a defect"};
}

}  // namespace

void finalize::operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }

connection::connection(std::unique_ptr<SQLite::Database> owned)
    : owned_(std::move(owned)), handle_(owned_->getHandle()), lock_wait_(seed_of(this)) {
    // Not SQLite's own timeout: it backs off to pauses of 100 ms, and knows no deadline of a call.
    sqlite3_busy_handler(
        handle_,
        [](void* self, int tried) {
            return static_cast<connection*>(self)->lock_wait_.pause(tried == 0) ? 1 : 0;
        },
        this);
}

connection::connection(sqlite3* borrowed) noexcept : handle_(borrowed), lock_wait_(seed_of(this)) {}

connection::~connection() {
    forget_statements();  // before the handle: SQLite refuses to close one with statements
}

bool connection::in_transaction() const noexcept { return sqlite3_get_autocommit(handle_) == 0; }

void connection::abandon() noexcept {
    for (auto& [text, kept] : kept_) static_cast<void>(kept.handle.release());
    static_cast<void>(owned_.release());
}

result<std::size_t> connection::execute(const statement& what, std::span<const value> parameters,
                                        row_sink on_row, stage when) {
    if (!what.prepared) return run_each(what, parameters, on_row);
    const auto kept = keep(what);
    if (!kept) return kept.error();
    // Run again from its own row sink: the kept one is in the middle of its rows.
    if (kept.value()->running) return run_each(what, parameters, on_row);
    return run(*kept.value(), what.results, parameters, on_row, when);
}

result<void> connection::command(const statement& what, stage when) {
    const auto done = execute(
        what, {}, [](std::span<const value>) {}, when);
    if (!done) return done.error();
    return success();
}

result<compiled*> connection::keep(const statement& what) {
    if (const auto found = kept_.find(what.text.data()); found != kept_.end())
        return &found->second;
    std::string_view text = what.text;
    auto fresh = compile(handle_, text, SQLITE_PREPARE_PERSISTENT);
    if (!fresh) return fresh.error();
    if (fresh.value().handle == nullptr || text.find_first_not_of(blank) != std::string_view::npos)
        return wrong_shape("that is to be kept holds no command, or several");
    if (fresh.value().columns != what.results.size())
        return wrong_shape("returns another number of columns than it declares");
    fresh.value().row.resize(what.results.size());
    return &kept_.emplace(what.text.data(), std::move(fresh.value())).first->second;
}

result<std::size_t> connection::run_each(const statement& what, std::span<const value> parameters,
                                         row_sink on_row) {
    std::size_t rows = 0;
    std::string_view text = what.text;
    while (!text.empty()) {
        auto next = compile(handle_, text, 0);
        if (!next) return next.error();
        compiled& command = next.value();
        if (command.handle == nullptr) continue;  // only blanks or a comment were left of the text
        if (!what.results.empty() && command.columns != 0 && command.columns != what.results.size())
            return wrong_shape("returns another number of columns than it declares");
        const auto types = command.columns == 0 ? std::span<const column_type>{} : what.results;
        command.row.resize(types.size());
        const auto done = run(command, types, parameters, on_row, stage::running);
        if (!done) return done.error();
        rows += done.value();
    }
    return rows;
}

result<std::size_t> connection::run(compiled& what, std::span<const column_type> types,
                                    std::span<const value> parameters, row_sink on_row,
                                    stage when) {
    sqlite3_stmt* const handle = what.handle.get();
    // Numbers that the text does not use may be given; one that it uses and nobody gives is NULL to
    // SQLite.
    if (what.parameters > parameters.size())
        return wrong_shape("was given fewer parameters than it uses");
    execution running(what);
    for (std::size_t i = 0; i < what.parameters; ++i)
        if (const int code = bind(handle, i, parameters[i]); code != SQLITE_OK)
            return code == not_a_number ? nan_refused(i) : latest_failure(handle_, when);

    std::size_t rows = 0;
    int code = SQLITE_ROW;
    const int changes = sqlite3_total_changes(handle_);
    // To the end even when the rows are all there: a row of RETURNING is no commit.
    while ((code = sqlite3_step(handle)) == SQLITE_ROW) {
        for (std::size_t i = 0; i < types.size(); ++i)
            if (!read(handle, i, types[i], what.row[i])) return misfit(handle, i);
        on_row(std::span<const value>(what.row));
        ++rows;
    }
    if (code != SQLITE_DONE) return latest_failure(handle_, when);
    if (running.end() != SQLITE_OK) return latest_failure(handle_, when);
    if (what.columns > 0) return rows;
    // What is no change leaves the number of the change before.
    const bool changed = sqlite3_total_changes(handle_) != changes;
    return changed ? static_cast<std::size_t>(sqlite3_changes(handle_)) : 0;
}

}  // namespace statemachine::sqlite
