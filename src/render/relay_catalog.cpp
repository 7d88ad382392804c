// Every statement of an outbox.
#include "delivery.hpp"
#include "group.hpp"
#include "shelf.hpp"

namespace statemachine::detail {
namespace {

constexpr std::array row{column_type::int64};
constexpr std::array name{column_type::text};
constexpr std::array parking{column_type::time};

struct relay_statements {
    relay_statements(const spec& declared, const dialect& speech) : on(declared, speech) {
        all.declared = &declared;
        all.speech = &speech;
        all.join = on.statement(name, write_join);
        all.rejoin = on.statement(name, write_rejoin);
        all.leave = on.statement(name, write_leave);
        all.clear = on.statement({}, write_clear);
        all.next_generation = on.statement(row, write_next_generation);
        if (!speech.one_statement) all.serve = on.statement({}, write_serve);
        all.raise = on.statement(row, write_raise);
        all.claim = on.statement(delivery_types, write_claim_deliveries);
        all.delivered = on.statement(row, write_delivered);
        all.not_delivered = on.statement(parking, write_not_delivered);
        all.not_begun = on.statement(row, write_not_begun);
        all.parked = on.statement(parked_types, write_parked);
        all.unpark = on.statement(row, write_unpark);
        all.discard = on.statement(row, write_discard);
        if (declared.memory.events.count() > 0) all.prune = on.statement(row, write_prune_events);
    }

    relay_catalog all{};
    shelf on;
};

}  // namespace

const relay_catalog& rendered(place_of<relay_catalog>& place, const spec& declared,
                              const dialect& speech) {
    return kept_in<relay_statements>(place, declared, speech);
}

}  // namespace statemachine::detail
