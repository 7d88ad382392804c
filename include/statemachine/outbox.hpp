// The outbox for those who look after it.
//
//     sm::outbox<transcode::machine> events{db};
//     const auto parked = events.parked("webhooks").value();
//     for (const auto& each : parked)
//         if (receiver_was_mended(each.error)) events.unpark("webhooks", each);
#pragma once

#include <statemachine/detail/relay_core.hpp>
#include <statemachine/store.hpp>

namespace statemachine {

/// All members may be called from several threads at once.
template <const auto& Machine>
class outbox {
    static_assert(verify<Machine>());
    static_assert(detail::described<Machine>::value.emits(),
                  "statemachine: no transition of this machine emits anything: set `.emit`");

public:
    using parked_type = detail::of_machine<Machine, parked_event>;

    /// @param database  outlives this object
    template <database_like Database>
    explicit outbox(Database& database)
        : core_(detail::relay_catalog_of<Machine, Database::dialect>(), database.connection()) {}

    /// The events that the group did not take, in the order of their jobs. It walks what is open.
    result<std::vector<parked_type>> parked(std::string_view group, std::int64_t limit = 100) {
        return core_.parked(group, limit);
    }

    /// Has a parked event delivered again, with all its tries, before the later ones of its job
    /// that are still open.
    /// @param parked  as it was read
    /// @return false when it is no longer parked as it was read
    result<bool> unpark(std::string_view group, const parked_event& parked) {
        return core_.unpark(group, parked);
    }

    /// Gives a parked event up for this group.
    /// @return false when it is no longer parked as it was read
    result<bool> discard(std::string_view group, const parked_event& parked) {
        return core_.discard(group, parked);
    }

    /// Ends a group: it gets no more events, and those that wait for it are dropped. One that joins
    /// under the name later is a new group.
    /// @return false when there is no such group
    result<bool> leave(std::string_view group) { return core_.leave(group); }

    /// Deletes events that are older than `memory.events` and delivered to every group; parked ones
    /// stay. Without that memory events live as long as their job, and this does nothing.
    /// @param limit  the most of each generation of groups; those of one moment go together
    /// @return how many were deleted
    result<std::size_t> prune(std::int64_t limit = 500) { return core_.prune(limit); }

private:
    detail::of_machine<Machine, detail::outbox_core> core_;
};

}  // namespace statemachine
