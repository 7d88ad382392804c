// Every statement of an overview.
#include "overview.hpp"
#include "shelf.hpp"

namespace statemachine::detail {
namespace {

struct overview_statements {
    overview_statements(const spec& declared, const dialect& speech) : on(declared, speech) {
        all.states = on.statement(overview_types, write_overview);
        if (declared.emits()) all.stuck = on.statement(stuck_types, write_stuck_events);
    }

    overview_catalog all{};
    shelf on;
};

}  // namespace

const overview_catalog& rendered(place_of<overview_catalog>& place, const spec& declared,
                                 const dialect& speech) {
    return kept_in<overview_statements>(place, declared, speech);
}

}  // namespace statemachine::detail
