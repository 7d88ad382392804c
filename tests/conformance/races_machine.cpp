#include "races.hpp"
#include "store_on.hpp"

namespace conformance {

using sm::store;
using limits = const sm::store_options&;

template store<racing::machine> store_on<racing::machine>(on_sqlite&, limits);
template store<racing::machine> store_on<racing::machine>(on_postgres&, limits);

}  // namespace conformance
