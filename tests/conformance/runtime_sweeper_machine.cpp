#include "runtime_sweeper_machine.hpp"

#include "store_on.hpp"

namespace conformance {

template sm::store<forgetting::machine> store_on<forgetting::machine>(on_sqlite&,
                                                                      const sm::store_options&);
template sm::store<forgetting::machine> store_on<forgetting::machine>(on_postgres&,
                                                                      const sm::store_options&);
template sm::store<remembering::machine> store_on<remembering::machine>(on_sqlite&,
                                                                        const sm::store_options&);
template sm::store<remembering::machine> store_on<remembering::machine>(on_postgres&,
                                                                        const sm::store_options&);

}  // namespace conformance
