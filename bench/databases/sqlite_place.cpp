#include "databases/place.hpp"

#include <filesystem>
#include <stdexcept>

namespace bench {
namespace {

std::string fresh_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "bench-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no directory " + name);
    return name;
}

void run(sqlite3* on, const std::string& sql) {
    if (sqlite3_exec(on, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        throw std::runtime_error(sql + ": " + sqlite3_errmsg(on));
}

}  // namespace

sqlite_place::sqlite_place(durability sync) : file_(fresh_directory() + "/jobs.db"), sync_(sync) {}

sqlite_place::~sqlite_place() {
    std::error_code ignored;
    std::filesystem::remove_all(std::filesystem::path(file_).parent_path(), ignored);
}

sqlite_place::database sqlite_place::open(int) const {
    statemachine::sqlite::options how;
    how.deadline = std::chrono::seconds(60);
    if (sync_ == durability::relaxed) how.sync = statemachine::sqlite::durability::off;
    return statemachine::sqlite::open(file_, how).value();
}

sqlite_place::handle sqlite_place::connect() const {
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(file_.c_str(), &opened,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    handle made(opened);
    if (code != SQLITE_OK) throw std::runtime_error(file_ + " cannot be opened");
    sqlite3_busy_timeout(opened, 60'000);
    run(opened, "PRAGMA journal_mode = WAL");
    run(opened,
        std::string("PRAGMA synchronous = ") + (sync_ == durability::full ? "FULL" : "OFF"));
    return made;
}

void sqlite_place::execute(const std::string& sql) const { run(connect().get(), sql); }

std::int64_t sqlite_place::number(const std::string& sql) const { return std::stoll(text(sql)); }

std::string sqlite_place::text(const std::string& sql) const {
    const handle on = connect();
    sqlite3_stmt* asked = nullptr;
    if (sqlite3_prepare_v2(on.get(), sql.c_str(), -1, &asked, nullptr) != SQLITE_OK ||
        sqlite3_step(asked) != SQLITE_ROW) {
        sqlite3_finalize(asked);
        throw std::runtime_error(sql + ": " + sqlite3_errmsg(on.get()));
    }
    const std::string found = reinterpret_cast<const char*>(sqlite3_column_text(asked, 0));
    sqlite3_finalize(asked);
    return found;
}

std::string sqlite_place::columns(const std::string& table) const {
    return text("SELECT group_concat('\"' || name || '\"') FROM pragma_table_info('" + table +
                "') WHERE name <> 'id'");
}

std::uintmax_t sqlite_place::wal_bytes() const {
    return std::filesystem::file_size(file_ + "-wal");
}

void send(const sqlite_place::handle& on, const std::string& sql) { run(on.get(), sql); }

void sqlite_place::end_leases(const std::string& table) const {
    execute("UPDATE " + table +
            " SET lease_until = lease_until - 86400000, run_at = run_at - 86400000 "
            "WHERE lease_until IS NOT NULL");
}

}  // namespace bench
