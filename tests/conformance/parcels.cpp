#include "parcels.hpp"

#include "store_on.hpp"

namespace conformance {

using sm::store;
using limits = const sm::store_options&;

template store<parcels::machine> store_on<parcels::machine>(on_sqlite&, limits);
template store<parcels::machine> store_on<parcels::machine>(on_postgres&, limits);

namespace parcels {

template <class Database>
std::unique_ptr<relay_type> relay_on(Database& database, sm::relay_options how,
                                     callable_type callable) {
    return std::make_unique<relay_type>(database, std::move(how), std::move(callable));
}
template <class Database>
sm::outbox<machine> outbox_on(Database& database) {
    return sm::outbox<machine>{database};
}

template std::unique_ptr<relay_type> relay_on(on_sqlite&, sm::relay_options, callable_type);
template std::unique_ptr<relay_type> relay_on(on_postgres&, sm::relay_options, callable_type);
template std::unique_ptr<relay_type> relay_on(forgetful<on_sqlite>&, sm::relay_options,
                                              callable_type);
template std::unique_ptr<relay_type> relay_on(forgetful<on_postgres>&, sm::relay_options,
                                              callable_type);
template sm::outbox<machine> outbox_on(on_sqlite&);
template sm::outbox<machine> outbox_on(on_postgres&);

}  // namespace parcels
}  // namespace conformance
