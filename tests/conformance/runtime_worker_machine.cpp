#include "runtime_worker_machine.hpp"
#include "store_on.hpp"

namespace conformance {

template sm::store<working::machine> store_on<working::machine>(on_sqlite&,
                                                                const sm::store_options&);
template sm::store<working::machine> store_on<working::machine>(on_postgres&,
                                                                const sm::store_options&);

}  // namespace conformance
