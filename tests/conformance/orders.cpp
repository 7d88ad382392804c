#include "orders.hpp"

namespace conformance::orders {

template <const auto& Machine, class Database>
sm::store<Machine> store_on(Database& database) {
    return sm::store<Machine>{database};
}
template <const auto& Machine, class Database>
sm::schema<Machine> schema_on(Database& database) {
    return sm::schema<Machine>{database};
}

using on_sqlite = sqlite_backend::database;
using on_postgres = postgres_backend::database;
using sm::schema;
using sm::store;

template store<first::machine> store_on<first::machine>(on_sqlite&);
template store<wider::machine> store_on<wider::machine>(on_sqlite&);
template store<renamed::machine> store_on<renamed::machine>(on_sqlite&);
template store<first::machine> store_on<first::machine>(on_postgres&);
template store<wider::machine> store_on<wider::machine>(on_postgres&);
template store<renamed::machine> store_on<renamed::machine>(on_postgres&);

template schema<first::machine> schema_on<first::machine>(on_sqlite&);
template schema<wider::machine> schema_on<wider::machine>(on_sqlite&);
template schema<renamed::machine> schema_on<renamed::machine>(on_sqlite&);
template schema<narrower::machine> schema_on<narrower::machine>(on_sqlite&);
template schema<stricter::machine> schema_on<stricter::machine>(on_sqlite&);
template schema<weightless::machine> schema_on<weightless::machine>(on_sqlite&);
template schema<heavier::machine> schema_on<heavier::machine>(on_sqlite&);
template schema<heavier_renamed::machine> schema_on<heavier_renamed::machine>(on_sqlite&);
template schema<first::machine> schema_on<first::machine>(on_postgres&);
template schema<wider::machine> schema_on<wider::machine>(on_postgres&);
template schema<renamed::machine> schema_on<renamed::machine>(on_postgres&);
template schema<narrower::machine> schema_on<narrower::machine>(on_postgres&);
template schema<stricter::machine> schema_on<stricter::machine>(on_postgres&);
template schema<weightless::machine> schema_on<weightless::machine>(on_postgres&);
template schema<heavier::machine> schema_on<heavier::machine>(on_postgres&);
template schema<heavier_renamed::machine> schema_on<heavier_renamed::machine>(on_postgres&);

}  // namespace conformance::orders
