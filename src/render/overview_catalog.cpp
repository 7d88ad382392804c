// Every statement of an overview.
#include "overview.hpp"
#include "shelf.hpp"

#include <statemachine/detail/catalog.hpp>

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

const overview_catalog& render_overview_catalog(const spec& declared, const dialect& speech) {
    return (new overview_statements(declared, speech))->all;
}

}  // namespace statemachine::detail
