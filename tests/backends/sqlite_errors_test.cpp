#include "errors.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>

namespace {

namespace sm = statemachine;
using sm::errc;
using sm::fate;
using sm::sqlite::stage;
using sm::sqlite::translate;

struct row {
    int code;
    errc what;
};

constexpr row rows[] = {
    {SQLITE_ERROR, errc::unexpected},
    {SQLITE_INTERNAL, errc::unexpected},
    {SQLITE_PERM, errc::permission_denied},
    {SQLITE_ABORT, errc::transaction_aborted},
    {SQLITE_ABORT_ROLLBACK, errc::transaction_aborted},
    {SQLITE_BUSY, errc::busy},
    {SQLITE_BUSY_RECOVERY, errc::busy},
    {SQLITE_BUSY_SNAPSHOT, errc::busy},
    {SQLITE_BUSY_TIMEOUT, errc::busy},
    {SQLITE_LOCKED, errc::busy},
    {SQLITE_LOCKED_SHAREDCACHE, errc::busy},
    {SQLITE_NOMEM, errc::overloaded},
    {SQLITE_READONLY, errc::read_only},
    {SQLITE_READONLY_RECOVERY, errc::read_only},
    {SQLITE_READONLY_CANTLOCK, errc::read_only},
    {SQLITE_READONLY_ROLLBACK, errc::read_only},
    {SQLITE_READONLY_CANTINIT, errc::read_only},
    {SQLITE_READONLY_DBMOVED, errc::cannot_open},
    {SQLITE_READONLY_DIRECTORY, errc::cannot_open},
    {SQLITE_INTERRUPT, errc::cancelled},
    {SQLITE_IOERR, errc::io_error},
    {SQLITE_IOERR_READ, errc::io_error},
    {SQLITE_IOERR_WRITE, errc::io_error},
    {SQLITE_IOERR_FSYNC, errc::io_error},
    {SQLITE_IOERR_SHMMAP, errc::io_error},
    {SQLITE_IOERR_CORRUPTFS, errc::io_error},
    {SQLITE_IOERR_NOMEM, errc::overloaded},
    {SQLITE_CORRUPT, errc::corrupt},
    {SQLITE_CORRUPT_INDEX, errc::corrupt},
    {SQLITE_NOTFOUND, errc::unexpected},
    {SQLITE_FULL, errc::disk_full},
    {SQLITE_CANTOPEN, errc::cannot_open},
    {SQLITE_CANTOPEN_ISDIR, errc::cannot_open},
    {SQLITE_CANTOPEN_FULLPATH, errc::cannot_open},
    {SQLITE_PROTOCOL, errc::busy},
    {SQLITE_SCHEMA, errc::busy},
    {SQLITE_TOOBIG, errc::too_large},
    {SQLITE_CONSTRAINT, errc::constraint_violated},
    {SQLITE_CONSTRAINT_CHECK, errc::constraint_violated},
    {SQLITE_CONSTRAINT_FOREIGNKEY, errc::constraint_violated},
    {SQLITE_CONSTRAINT_NOTNULL, errc::constraint_violated},
    {SQLITE_CONSTRAINT_PRIMARYKEY, errc::unique_violated},
    {SQLITE_CONSTRAINT_ROWID, errc::unique_violated},
    {SQLITE_CONSTRAINT_TRIGGER, errc::constraint_violated},
    {SQLITE_CONSTRAINT_FUNCTION, errc::constraint_violated},
    {SQLITE_CONSTRAINT_VTAB, errc::constraint_violated},
    {SQLITE_CONSTRAINT_UNIQUE, errc::unique_violated},
    {SQLITE_CONSTRAINT_DATATYPE, errc::invalid_value},
    {SQLITE_MISMATCH, errc::invalid_value},
    {SQLITE_MISUSE, errc::unexpected},
    {SQLITE_NOLFS, errc::io_error},
    {SQLITE_AUTH, errc::permission_denied},
    {SQLITE_FORMAT, errc::corrupt},
    {SQLITE_RANGE, errc::unexpected},
    {SQLITE_NOTADB, errc::corrupt},
    {77, errc::unexpected},
};

TEST(sqlite_errors, give_each_result_code_its_meaning) {
    for (const row& one : rows) {
        const sm::error got = translate(one.code, "", stage::running);
        EXPECT_EQ(to_string(got.code()), to_string(one.what)) << one.code;
        EXPECT_EQ(got.native(), std::to_string(one.code));
    }
}

TEST(sqlite_errors, say_what_to_do) {
    for (const row& one : rows) {
        const std::string text = translate(one.code, "", stage::running).message();
        EXPECT_NE(text.find(';'), std::string::npos) << text;
        EXPECT_EQ(text.find(". "), std::string::npos) << text;
    }
}

TEST(sqlite_errors, tell_a_missing_schema_from_a_drifted_one) {
    const auto code = [](const char* text) {
        return translate(SQLITE_ERROR, text, stage::preparing).code();
    };
    EXPECT_EQ(code("no such table: main.jobs"), errc::schema_missing);
    EXPECT_EQ(code("no such column: j.epoch"), errc::schema_drifted);
    EXPECT_EQ(code("table jobs has no column named nonce"), errc::schema_drifted);
    EXPECT_EQ(code("no such index: jobs_due"), errc::schema_drifted);
    EXPECT_EQ(code("no query solution"), errc::schema_drifted);
    EXPECT_EQ(code("near \"SELEC\": syntax error"), errc::unexpected);
}

TEST(sqlite_errors, leave_open_whether_a_commit_that_the_disk_failed_happened) {
    for (const int code : {SQLITE_IOERR_FSYNC, SQLITE_IOERR_SHMSIZE, SQLITE_NOMEM}) {
        EXPECT_EQ(translate(code, "", stage::committing).what_is_known(), fate::unknown) << code;
        EXPECT_NE(translate(code, "", stage::running).what_is_known(), fate::unknown) << code;
    }
}

TEST(sqlite_errors, know_that_a_commit_which_found_the_disk_full_did_not_happen) {
    EXPECT_EQ(translate(SQLITE_FULL, "", stage::committing).what_is_known(), fate::not_applied);
    EXPECT_EQ(translate(SQLITE_BUSY, "", stage::committing).what_is_known(),
              fate::not_applied_retry);
}

TEST(sqlite_errors, tell_a_number_out_of_range_from_other_checks) {
    const auto code_of = [](int code, const char* text) {
        return translate(code, text, stage::running).code();
    };
    const std::string own = "statemachine: the number does not fit ";
    EXPECT_EQ(code_of(SQLITE_CONSTRAINT_TRIGGER, (own + "width").c_str()), errc::invalid_value);
    for (const std::string& other :
         {std::string{"the number does not fit width"}, own + "'x'", own + "width by 3.5"})
        EXPECT_EQ(code_of(SQLITE_CONSTRAINT_TRIGGER, other.c_str()), errc::constraint_violated);
    EXPECT_EQ(code_of(SQLITE_CONSTRAINT_CHECK, "CHECK constraint failed: width_in_range"),
              errc::invalid_value);
    EXPECT_EQ(code_of(SQLITE_CONSTRAINT_CHECK, "CHECK constraint failed: jobs_state"),
              errc::constraint_violated);
}

TEST(sqlite_errors, name_the_constraint) {
    const sm::error got =
        translate(SQLITE_CONSTRAINT_UNIQUE, "UNIQUE constraint failed: jobs.key", stage::running);
    EXPECT_NE(got.message().find("jobs.key"), std::string::npos);
}

TEST(sqlite_errors, quote_nothing_that_could_hold_a_value) {
    const std::string secret = "bad JSON path: 'secret'";
    for (const row& one : rows) {
        const int primary = one.code & 0xff;
        if (primary == SQLITE_CONSTRAINT) continue;
        EXPECT_EQ(translate(one.code, secret, stage::running).message().find("secret"),
                  std::string::npos)
            << one.code;
    }
    for (const int code :
         {SQLITE_CONSTRAINT_TRIGGER, SQLITE_CONSTRAINT_FUNCTION, SQLITE_CONSTRAINT_VTAB})
        EXPECT_EQ(translate(code, secret, stage::running).message().find("secret"),
                  std::string::npos)
            << code;
}

}  // namespace
