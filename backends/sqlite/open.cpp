#include "open.hpp"

#include "connection.hpp"
#include "errors.hpp"
#include "file.hpp"
#include "inheritance.hpp"
#include "session.hpp"
#include "settings.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <string>
#include <utility>

namespace statemachine::sqlite {
namespace {

constexpr int oldest_version = 3'037'000;  // the first with STRICT tables

result<void> check_library() {
    if (sqlite3_libversion_number() < oldest_version)
        return error(errc::misconfigured,
                     "the SQLite of this process is older than 3.37; link a newer one");
    if (sqlite3_threadsafe() == 0)
        return error(errc::misconfigured,
                     "the SQLite of this process was built without thread safety; link another");
    return success();
}

// The only place where an exception of SQLiteCpp can be thrown. The file exists by now, and is not
// made here: SQLite would give it the mode that the umask leaves. No mutex of SQLite's: the
// turnstile lets one thread in.
result<std::unique_ptr<SQLite::Database>> open_handle(const std::string& path) {
    try {
        return std::make_unique<SQLite::Database>(path,
                                                  SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX);
    } catch (const SQLite::Exception& failed) {
        const error known =
            translate(failed.getExtendedErrorCode(), failed.getErrorStr(), stage::preparing);
        if (known.code() != errc::cannot_open) return known;
        return error(errc::cannot_open, sentence({"'", path, "': ", known.message()}),
                     known.native());
    }
}

}  // namespace

database::database(std::unique_ptr<local_session> opened) noexcept : session_(std::move(opened)) {}
database::~database() = default;
database::database(database&&) noexcept = default;
database& database::operator=(database&&) noexcept = default;

session& database::connection() noexcept { return *session_; }

result<ending> database::run_together(function_ref<result<verdict>(sqlite::transaction&)> body) {
    return session_->transact_together([body](session& inside, sqlite3* handle) {
        sqlite::transaction together(inside, handle);
        return body(together);
    });
}

result<database> open_probing(const std::filesystem::path& file, const options& how,
                              file_system_probe on_network) {
    if (auto checked = check_library(); !checked) return checked.error();
    const bool in_memory = file == ":memory:";
    std::string path = ":memory:";
    open_file remembered;
    if (!in_memory) {
        auto ready = ready_file(file, how, on_network);
        if (!ready) return ready.error();
        if (inherited_open(ready.value()))
            return error(errc::used_after_fork,
                         "the parent process had this database open at the fork, and SQLite would "
                         "skip the locks; fork before opening it, or execute the program anew");
        remembered = open_file(ready.value());
        path = ready.value().string();
    }
    auto handle = open_handle(path);
    if (!handle) return handle.error();
    auto owned = std::make_unique<connection>(std::move(handle.value()));
    if (sqlite3_db_readonly(owned->handle(), "main") == 1)
        return translate(SQLITE_READONLY, {}, stage::preparing);
    owned->waiting().wait_until(deadline_of(how));
    if (!in_memory) owned->waiting().use(lock_queue(path));
    if (auto settled = settle(*owned, how, in_memory); !settled) return settled.error();
    return database(std::make_unique<local_session>(std::move(owned), std::move(remembered), how));
}

result<database> open(const std::string& file, options how) {
    return open_probing(file, how, &lies_on_network);
}

result<database> borrow(sqlite3* handle, options how) {
    if (auto checked = check_library(); !checked) return checked.error();
    if (handle == nullptr)
        return error(errc::invalid_argument, "the handle is null; give one that is open");
    return database(
        std::make_unique<local_session>(std::make_unique<connection>(handle), open_file{}, how));
}

result<database> borrow(SQLite::Database& handle, options how) {
    return borrow(handle.getHandle(), how);
}

std::string_view known_defect() noexcept {
    if (!has_wal_reset_defect(sqlite3_libversion_number())) return {};
    return "this version of SQLite can, in rare races of several connections, damage a database in "
           "write-ahead mode (the WAL-reset bug); link 3.51.3 or later, or 3.50.7 or 3.44.6";
}

}  // namespace statemachine::sqlite
