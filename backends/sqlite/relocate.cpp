// A database on its way to another file.
//
// The write lock is held from before the copy until the old file refuses writers, in one
// transaction of the old file: no commit falls between the two. Only then does the copy get its
// name, so that never two files at once take writes.
#include "errors.hpp"
#include "file.hpp"
#include "relocated.hpp"

#include <statemachine/sqlite.hpp>

#include <sqlite3.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace statemachine::sqlite {
namespace {

namespace fs = std::filesystem;

struct closes {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close(handle); }
    void operator()(char* text) const noexcept { sqlite3_free(text); }
};
using handle = std::unique_ptr<sqlite3, closes>;
using sql_text = std::unique_ptr<char, closes>;

result<handle> open_for(int access, const fs::path& file) {
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &opened, access, nullptr);
    handle owned(opened);
    if (code != SQLITE_OK) return translate(code, {}, stage::preparing);
    sqlite3_extended_result_codes(opened, 1);
    return owned;
}

// By a connection that reads: the one that holds the write lock cannot be copied from.
result<void> copy_pages(const fs::path& from, const fs::path& to) {
    auto source = open_for(SQLITE_OPEN_READONLY, from);
    if (!source) return std::move(source).error();
    auto target = open_for(SQLITE_OPEN_READWRITE, to);
    if (!target) return std::move(target).error();
    sqlite3* const into = target.value().get();
    sqlite3_backup* const running = sqlite3_backup_init(into, "main", source.value().get(), "main");
    if (running == nullptr) return latest_failure(into, stage::running);
    const int code = sqlite3_backup_step(running, -1);
    const int ended = sqlite3_backup_finish(running);
    if (code == SQLITE_DONE && ended == SQLITE_OK) return success();
    return translate(code == SQLITE_DONE ? ended : code, {}, stage::running);
}

result<void> run(sqlite3* on, const char* sql, int (*row)(void*, int, char**, char**) = nullptr,
                 void* given = nullptr) {
    if (sqlite3_exec(on, sql, row, given, nullptr) == SQLITE_OK) return success();
    return latest_failure(on, stage::running);
}

int take_text(void* into, int, char** values, char**) {
    static_cast<std::string*>(into)->append(values[0] != nullptr ? values[0] : "");
    return 0;
}

/// Where the database was moved to; empty: it was not.
result<std::string> moved_to(sqlite3* on) {
    std::string table;
    std::string place;
    auto done = run(on, "SELECT name FROM sqlite_schema WHERE name = 'statemachine_moved'",
                    take_text, &table);
    if (done && !table.empty())
        done = run(on, "SELECT place FROM statemachine_moved", take_text, &place);
    if (!done) return std::move(done).error();
    return place;
}

// A connection that is open notices neither a rename nor a deletion of its file, but each change of
// a row runs the triggers.
result<void> refuse_writers(sqlite3* on, const fs::path& place) {
    std::string script;
    const auto write = [](void* into, int, char** values, char**) {
        for (const char* change : {"INSERT", "UPDATE", "DELETE"}) {
            const sql_text one(sqlite3_mprintf(
                "CREATE TRIGGER \"statemachine_moved_%w_%s\" BEFORE %s ON \"%w\" BEGIN "
                "SELECT RAISE(ABORT, '%s'); END;",
                values[0], change, change, values[0], std::string(moved_away).c_str()));
            if (!one) return 1;
            static_cast<std::string*>(into)->append(one.get());
        }
        return 0;
    };
    auto done = run(on,
                    "SELECT name FROM sqlite_schema WHERE type = 'table' AND "
                    "substr(name, 1, 7) <> 'sqlite_' AND sql NOT LIKE 'CREATE VIRTUAL %'",
                    write, &script);
    if (!done) return done;
    const sql_text remember(
        sqlite3_mprintf("CREATE TABLE statemachine_moved (place TEXT NOT NULL) STRICT; "
                        "INSERT INTO statemachine_moved VALUES (%Q);",
                        place.c_str()));
    if (!remember) return translate(SQLITE_NOMEM, {}, stage::running);
    return run(on, (script + remember.get()).c_str());
}

error not_there(const fs::path& file, const char* why) {
    return {errc::cannot_open, sentence({"'", file.native(), "' ", why})};
}

result<void> copy_anew(const fs::path& from, const fs::path& part, const options& how) {
    std::error_code ignored;
    for (const char* beside : {"", "-journal", "-wal", "-shm"})
        fs::remove(part.native() + beside, ignored);
    options made = how;
    made.create = true;
    auto ready = ready_file(part, made, &lies_on_network);
    if (!ready) return std::move(ready).error();
    return copy_pages(from, ready.value());
}

// A hard link, unlike a rename, replaces nothing.
result<void> put_in_place(const fs::path& part, const fs::path& to) {
    std::error_code ignored;
    if (fs::exists(part, ignored)) {
        if (link(part.c_str(), to.c_str()) != 0 && errno != EEXIST)
            return not_there(to, "cannot be made; the copy is complete, call this again");
        unlink(part.c_str());
    }
    if (!fs::exists(to, ignored))
        return not_there(to, "was made by an earlier move and is not there any more");
    const int directory = ::open(to.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool kept = directory >= 0 && fsync(directory) == 0;
    if (directory >= 0) close(directory);
    if (!kept) return error(errc::io_error, "the new directory could not be made durable");
    return success();
}

}  // namespace

result<void> relocate(const std::string& from, const std::string& to, options how) {
    options reading = how;
    reading.create = false;
    reading.allow_network_file_system = true;
    auto source = open(from, reading);
    if (!source) return std::move(source).error();
    std::error_code failed;
    const fs::path place = fs::weakly_canonical(to, failed);
    if (failed) return not_there(to, "cannot be reached; give the path of a file");
    const fs::path part = place.native() + ".moving";

    auto moved = source.value().transaction([&](transaction& inside) -> result<void> {
        auto before = moved_to(inside.handle());
        if (!before) return std::move(before).error();
        if (before.value() == place.native()) return success();
        if (!before.value().empty()) return not_there(from, "was moved elsewhere before");
        if (fs::exists(place, failed))
            return error(
                errc::already_exists,
                "there is a file at the new place; give the path of one that is not there");
        if (auto copied = copy_anew(from, part, how); !copied) return copied;
        return refuse_writers(inside.handle(), place);
    });
    if (!moved) return std::move(moved).error();
    return put_in_place(part, place);
}

}  // namespace statemachine::sqlite
