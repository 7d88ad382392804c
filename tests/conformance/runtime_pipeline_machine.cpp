#include "runtime_pipeline_machine.hpp"
#include "store_on.hpp"

namespace conformance {

template sm::store<clips::machine> store_on<clips::machine>(on_sqlite&, const sm::store_options&);
template sm::store<clips::machine> store_on<clips::machine>(on_postgres&, const sm::store_options&);

}  // namespace conformance
