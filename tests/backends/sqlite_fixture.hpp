// A fresh directory, other processes, and short ways to run statements.
#pragma once

#include <statemachine/sqlite.hpp>

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sqlite_test {

namespace sm = statemachine;
using sm::column_type;
using sm::ending;
using sm::errc;
using sm::statement;
using sm::value;
using sm::verdict;
using namespace std::chrono_literals;

class directory {
public:
    directory() {
        std::string name = (std::filesystem::temp_directory_path() / "sqlite-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) std::abort();
        path_ = std::filesystem::canonical(name);
    }
    ~directory() {
        std::error_code ignored;
        std::filesystem::permissions(path_, std::filesystem::perms::owner_all, ignored);
        std::filesystem::remove_all(path_, ignored);
    }
    directory(const directory&) = delete;
    directory& operator=(const directory&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(const char* name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

/// A handle that the library knows nothing of.
class raw {
public:
    explicit raw(const std::filesystem::path& file) {
        if (sqlite3_open(file.c_str(), &handle_) != SQLITE_OK) std::abort();
    }
    ~raw() { sqlite3_close(handle_); }
    raw(const raw&) = delete;
    raw& operator=(const raw&) = delete;

    sqlite3* get() const { return handle_; }
    int run(const char* sql) const { return sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr); }
    std::string ask(const char* sql) const {
        sqlite3_stmt* asked = nullptr;
        std::string answer = "no answer";
        if (sqlite3_prepare_v2(handle_, sql, -1, &asked, nullptr) == SQLITE_OK &&
            sqlite3_step(asked) == SQLITE_ROW && sqlite3_column_text(asked, 0) != nullptr)
            answer = reinterpret_cast<const char*>(sqlite3_column_text(asked, 0));
        sqlite3_finalize(asked);
        return answer;
    }
    int close() { return sqlite3_close(std::exchange(handle_, nullptr)); }

private:
    sqlite3* handle_ = nullptr;
};

/// A line of signals between two processes.
class line {
public:
    line() {
        if (pipe(ends_) != 0) std::abort();
    }
    ~line() {
        close(ends_[0]);
        close(ends_[1]);
    }
    line(const line&) = delete;
    line& operator=(const line&) = delete;

    void signal() const {
        if (write(ends_[1], "x", 1) != 1) std::abort();
    }
    void await() const {
        char one = 0;
        if (read(ends_[0], &one, 1) != 1) std::abort();
    }

private:
    int ends_[2]{};
};

class child {
public:
    template <class Body>
    explicit child(Body body) : id_(fork()) {
        if (id_ == 0) _exit(body());
    }
    ~child() {
        if (id_ > 0) exit_code();
    }
    child(const child&) = delete;
    child& operator=(const child&) = delete;

    int exit_code() {
        int status = 0;
        while (waitpid(id_, &status, 0) < 0 && errno == EINTR) {
        }
        id_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
    }

private:
    pid_t id_;
};

inline auto open_descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
}

constexpr int went_well = 200;

template <class Result>
int code_of(const Result& done) {
    return done ? went_well : static_cast<int>(done.error().code());
}

inline int code_of(errc code) { return static_cast<int>(code); }

inline auto no_rows = [](std::span<const value>) {};

/// One statement in a transaction of its own.
inline sm::result<ending> run(sm::sqlite::database& db, const statement& what,
                              std::span<const value> parameters = {}, sm::row_sink on_row = no_rows,
                              sm::access need = sm::access::write) {
    return db.connection().transact(need, [&](sm::executor& inside) -> sm::result<verdict> {
        const auto done = inside.execute(what, parameters, on_row);
        if (!done) return done.error();
        return verdict::commit;
    });
}

inline sm::result<ending> run(sm::sqlite::database& db, std::string_view script) {
    return run(db, statement{.text = script, .results = {}, .prepared = false});
}

/// The first column of the first row, as text.
inline std::string ask(sm::sqlite::database& db, std::string_view sql,
                       column_type type = column_type::text) {
    std::string answer = "no answer";
    const column_type types[] = {type};
    const auto done = run(
        db, statement{.text = sql, .results = types, .prepared = false}, {},
        [&](std::span<const value> row) {
            answer = is_view(type) ? std::string(row[0].text()) : std::to_string(row[0].integer());
        },
        sm::access::read);
    return done ? answer : std::string(to_string(done.error().code()));
}

inline std::string number(sm::sqlite::database& db, std::string_view sql) {
    return ask(db, sql, column_type::int64);
}

}  // namespace sqlite_test
