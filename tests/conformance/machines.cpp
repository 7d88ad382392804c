#include "store_on.hpp"
#include "typed.hpp"

namespace conformance {

using sm::store;
using limits = const sm::store_options&;
using inside_sqlite = suite_transaction<sm::sqlite::transaction>;
using inside_postgres = suite_transaction<sm::postgres::transaction>;
using inside_borrowed_sqlite = sm::sqlite::transaction;
using inside_borrowed_postgres = sm::postgres::transaction;

template store<queue::machine> store_on<queue::machine>(on_sqlite&, limits);
template store<gate::machine> store_on<gate::machine>(on_sqlite&, limits);
template store<retrying::machine> store_on<retrying::machine>(on_sqlite&, limits);
template store<typed::machine> store_on<typed::machine>(on_sqlite&, limits);

template store<queue::machine> store_on<queue::machine>(on_postgres&, limits);
template store<gate::machine> store_on<gate::machine>(on_postgres&, limits);
template store<retrying::machine> store_on<retrying::machine>(on_postgres&, limits);
template store<typed::machine> store_on<typed::machine>(on_postgres&, limits);

template store<queue::machine> store_on<queue::machine>(inside_sqlite&, limits);
template store<queue::machine> store_on<queue::machine>(inside_borrowed_sqlite&, limits);
template store<gate::machine> store_on<gate::machine>(inside_sqlite&, limits);
template store<queue::machine> store_on<queue::machine>(inside_postgres&, limits);
template store<queue::machine> store_on<queue::machine>(inside_borrowed_postgres&, limits);
template store<gate::machine> store_on<gate::machine>(inside_postgres&, limits);

template store<queue::machine> store_on<queue::machine>(sm::sqlite::database&, limits);
template store<queue::machine> store_on<queue::machine>(sm::postgres::database&, limits);

}  // namespace conformance
