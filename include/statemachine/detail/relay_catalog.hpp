// Every statement of a machine's outbox in one dialect, rendered at compile time.
#pragma once

#include <statemachine/detail/catalog.hpp>
#include <statemachine/detail/render_delivery.hpp>
#include <statemachine/detail/render_group.hpp>

namespace statemachine::detail {

struct relay_catalog {
    const spec* declared;
    const dialect* speech;
    compiled_statement join, rejoin, leave, clear;
    compiled_statement next_generation, serve, raise;
    compiled_statement claim, delivered, not_delivered, not_begun;
    compiled_statement parked, unpark, discard;
    compiled_statement prune;
};

template <const auto& Machine, const dialect& Speech>
struct relay_catalog_of {
    template <auto Write>
    using text = rendered<Machine, Speech, Write>;

    static constexpr std::array row{column_type::int64};
    static constexpr std::array name{column_type::text};
    static constexpr std::array parking{column_type::time};

    static constexpr relay_catalog make() {
        relay_catalog made{};
        made.declared = &described<Machine>::value;
        made.speech = &Speech;
        made.join = text<write_join>::returning(name);
        made.rejoin = text<write_rejoin>::returning(name);
        made.leave = text<write_leave>::returning(name);
        made.clear = text<write_clear>::returning({});
        made.next_generation = text<write_next_generation>::returning(row);
        if constexpr (!Speech.one_statement) made.serve = text<write_serve>::returning({});
        made.raise = text<write_raise>::returning(row);
        made.claim = text<write_claim_deliveries>::returning(delivery_types);
        made.delivered = text<write_delivered>::returning(row);
        made.not_delivered = text<write_not_delivered>::returning(parking);
        made.not_begun = text<write_not_begun>::returning(row);
        made.parked = text<write_parked>::returning(parked_types);
        made.unpark = text<write_unpark>::returning(row);
        made.discard = text<write_discard>::returning(row);
        if constexpr (described<Machine>::value.memory.events.count() > 0)
            made.prune = text<write_prune_events>::returning(row);
        return made;
    }
    static constexpr relay_catalog value = make();
};

}  // namespace statemachine::detail
