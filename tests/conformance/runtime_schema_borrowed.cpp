// A migration inside the caller's own transaction: it holds once that commits.
#include "runtime_schema.hpp"

#include <libpq-fe.h>
#include <sqlite3.h>

namespace conformance {
namespace {

using migrated_on_sqlite = on_orders<sqlite_backend>;
using migrated_on_postgres = on_orders<postgres_backend>;

template <class Native>
std::string migrate_on(Native& native) {
    sm::schema<orders::wider::machine> tables{native};
    const auto done = tables.migrate();
    if (!done) return told(done);
    return tables.check().value().fits() ? "fits" : "differs";
}

TEST_F(migrated_on_sqlite, in_a_transaction_of_the_caller_undone_with_it) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(place.where().c_str(), &handle), SQLITE_OK);
    sqlite3_exec(handle, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
    {
        auto borrowed = sm::sqlite::borrow(handle).value();
        EXPECT_EQ(migrate_on(borrowed), "fits");
    }
    sqlite3_exec(handle, "ROLLBACK", nullptr, nullptr, nullptr);
    sqlite3_close(handle);
    EXPECT_EQ(place.number("SELECT count(*) FROM orders_schema"), 1);
    EXPECT_FALSE(schema<orders::wider::machine>().check().value().fits());
}

TEST_F(migrated_on_postgres, in_a_transaction_of_the_caller_undone_with_it) {
    PGconn* const mine = PQconnectdb(place.conninfo().c_str());
    for (const char* ending : {"ROLLBACK", "COMMIT"}) {
        PQclear(PQexec(mine, "BEGIN"));
        {
            auto borrowed = sm::postgres::borrow(mine).value();
            EXPECT_EQ(migrate_on(borrowed), "fits");
        }
        EXPECT_EQ(PQtransactionStatus(mine), PQTRANS_INTRANS);
        const bool undone = std::string{ending} == "ROLLBACK";
        PQclear(PQexec(mine, ending));
        EXPECT_EQ(place.number("SELECT count(*) FROM orders_schema"), undone ? 1 : 2);
    }
    PQfinish(mine);
    EXPECT_TRUE(schema<orders::wider::machine>().check().value().fits());
}

}  // namespace
}  // namespace conformance
