// A database that is moved while others write to it loses nothing, and the old file takes no more.
#include "errors.hpp"
#include "relocated.hpp"
#include "sqlite_fixture.hpp"

#include <statemachine/sqlite.hpp>

#include <fstream>
#include <thread>

#include <sys/stat.h>

namespace lite = statemachine::sqlite;
using namespace sqlite_test;

namespace {

namespace fs = std::filesystem;

std::string told(const sm::result<void>& did) {
    return did ? "success" : std::string(to_string(did.error().code()));
}

std::int64_t number(const fs::path& file, const char* sql) {
    return std::stoll(raw(file).ask(sql));
}

void make_notes(const fs::path& file) {
    raw made(file);
    made.run(
        "PRAGMA journal_mode = WAL; CREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT; "
        "CREATE TABLE \"odd \"\"name\" (id INTEGER) STRICT");
}

// Commits numbers from 1 until it is refused, by a connection of its own.
struct writer {
    std::int64_t acknowledged = 0;
    std::string refusal{};

    void run(const fs::path& file) {
        auto db = lite::open(file).value();
        while (refusal.empty()) {
            const auto did = db.transaction([&](lite::transaction& tx) -> sm::result<void> {
                const auto sql =
                    "INSERT INTO notes VALUES (" + std::to_string(acknowledged + 1) + ")";
                if (sqlite3_exec(tx.handle(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK)
                    return sm::success();
                return sm::error(errc::work_failed, sqlite3_errmsg(tx.handle()));
            });
            if (did)
                ++acknowledged;
            else
                refusal = did.error().message();
        }
    }
};

TEST(sqlite_relocate, loses_no_commit_of_a_writer_that_goes_on) {
    const directory dir;
    make_notes(dir / "old.db");
    writer busy;
    std::thread writing([&] { busy.run(dir / "old.db"); });
    for (int i = 0; i < 10'000 && number(dir / "old.db", "SELECT count(*) FROM notes") < 20; ++i)
        std::this_thread::sleep_for(1ms);
    const auto moved = lite::relocate(dir / "old.db", dir / "new.db");
    writing.join();
    EXPECT_EQ(told(moved), "success");
    EXPECT_GE(busy.acknowledged, 20);
    EXPECT_NE(busy.refusal.find("was moved"), std::string::npos) << busy.refusal;
    EXPECT_EQ(number(dir / "new.db", "SELECT count(*) FROM notes"), busy.acknowledged);
    EXPECT_EQ(number(dir / "new.db", "SELECT max(id) FROM notes"), busy.acknowledged);
    EXPECT_EQ(number(dir / "old.db", "SELECT count(*) FROM notes"), busy.acknowledged);
    EXPECT_FALSE(fs::exists(dir / "new.db.moving"));
}

TEST(sqlite_relocate, refuses_each_change_of_the_old_file_and_none_of_the_new) {
    const directory dir;
    make_notes(dir / "old.db");
    { raw(dir / "old.db").run("INSERT INTO notes VALUES (1)"); }
    ASSERT_EQ(told(lite::relocate(dir / "old.db", dir / "new.db")), "success");
    for (const char* const change :
         {"INSERT INTO notes VALUES (2)", "INSERT OR IGNORE INTO notes VALUES (1)",
          "UPDATE notes SET id = id + 5", "DELETE FROM notes",
          "INSERT INTO \"odd \"\"name\" VALUES (1)"}) {
        EXPECT_EQ(raw(dir / "old.db").run(change), SQLITE_CONSTRAINT) << change;
        EXPECT_EQ(raw(dir / "new.db").run(change), SQLITE_OK) << change;
    }
    EXPECT_EQ(number(dir / "old.db", "SELECT count(*) FROM notes"), 1);
    struct stat status {};
    ASSERT_EQ(stat((dir / "new.db").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(sqlite_relocate, tells_a_writer_of_the_old_file_to_open_the_new_one) {
    const auto told_by_trigger =
        lite::translate(SQLITE_CONSTRAINT_TRIGGER, lite::moved_away, lite::stage::running);
    EXPECT_EQ(told_by_trigger.code(), errc::cannot_open);
    EXPECT_NE(told_by_trigger.message().find("was moved"), std::string::npos);
}

TEST(sqlite_relocate, is_taken_up_where_it_was_cut_short) {
    const directory dir;
    make_notes(dir / "old.db");
    std::ofstream(dir / "new.db.moving") << "half a copy";
    ASSERT_EQ(told(lite::relocate(dir / "old.db", dir / "new.db")), "success");
    // As if it had died after the old file was closed to writers and before the copy got its name.
    fs::rename(dir / "new.db", dir / "new.db.moving");
    EXPECT_EQ(told(lite::relocate(dir / "old.db", dir / "new.db")), "success");
    EXPECT_EQ(number(dir / "new.db", "SELECT count(*) FROM notes"), 0);
    EXPECT_EQ(told(lite::relocate(dir / "old.db", dir / "new.db")), "success");
}

TEST(sqlite_relocate, replaces_nothing_and_moves_once) {
    const directory dir;
    make_notes(dir / "old.db");
    make_notes(dir / "other.db");
    EXPECT_EQ(told(lite::relocate(dir / "old.db", dir / "other.db")), "already_exists");
    EXPECT_EQ(told(lite::relocate(dir / "none.db", dir / "new.db")), "cannot_open");
    EXPECT_EQ(told(lite::relocate(dir / "old.db", dir / "none/new.db")), "cannot_open");
    EXPECT_EQ(raw(dir / "old.db").run("INSERT INTO notes VALUES (1)"), SQLITE_OK);
    EXPECT_EQ(told(lite::relocate(dir / "old.db", dir / "new.db")), "success");
    EXPECT_EQ(told(lite::relocate(dir / "old.db", dir / "third.db")), "cannot_open");
}

}  // namespace
