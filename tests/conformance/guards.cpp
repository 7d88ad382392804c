#include "guards.hpp"

#include "store_on.hpp"

namespace conformance {

template sm::store<guards::machine> store_on<guards::machine>(on_sqlite&, const sm::store_options&);
template sm::store<guards::machine> store_on<guards::machine>(on_postgres&,
                                                              const sm::store_options&);

}  // namespace conformance
