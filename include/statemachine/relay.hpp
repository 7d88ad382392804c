// Delivers the events of one machine's outbox to a group of consumers.
//
//     {.on = complete, .from = claimed, .to = completed, .emit = "video_ready"},   // the
//     declaration
//
//     sm::relay<transcode::machine> webhooks{
//         db, {.group = "webhooks"}, [&](const sm::emitted<transcode::machine>& event) {
//             return post(url, event.id, event.topic, event.read().value()->job);  // result<void>
//         }};
//     auto ended = webhooks.run(stop);                     // on a thread of yours, until the stop
//
// Each group gets each event at least once, in order per job: while an event is tried again, the
// later ones of its job wait, and all others go on. Receivers tell a repeated delivery by
// `event.id`. An event that was tried too often is parked with its reason (outbox.hpp), and the
// later ones of its job go on. Any number of relays may serve one group, in any processes; one that
// dies or freezes loses its events to the others when their lease is over, and cannot mark them
// then. No lock and no transaction is held while the callable runs.
//
// A callable that takes a transaction as well gets each event exactly once: what it writes there
// commits with the mark of the delivery, or not at all.
//
//     sm::relay<transcode::machine> ledger{
//         db, {.group = "ledger"}, [](sm::sqlite::transaction& tx, const auto& event) {
//             return insert_line(tx.handle(), event.job, event.at);                // result<void>
//         }};
#pragma once

#include <statemachine/detail/relay_core.hpp>
#include <statemachine/store.hpp>

namespace statemachine {

/// An event of this machine, and a way to its job.
template <const auto& Machine>
class emitted : public emission {
public:
    using record_type = typename store<Machine>::record_type;

    emitted(const emission& event, store<Machine>& jobs) : emission(event), jobs_(&jobs) {}

    /// The job as it stands now, which may be further on; empty when it is gone.
    result<std::optional<record_type>> read() const { return jobs_->read(job); }

private:
    store<Machine>* jobs_;
};

/// All members may be called from several threads at once.
template <const auto& Machine>
class relay {
    static_assert(verify<Machine>());
    static_assert(detail::described<Machine>::value.emits(),
                  "statemachine: no transition of this machine emits anything: set `.emit`");

public:
    using event_type = emitted<Machine>;
    using relayed_type = detail::of_machine<Machine, relayed>;

    /// @param database  outlives the relay
    /// @param callable  takes the event, or a transaction of the database and the event; returns
    ///                  `result<void>`: an error (or an exception) has it tried again. `run` calls
    ///                  it from several threads at once
    template <database_like Database, class Callable>
    relay(Database& database, relay_options how, Callable callable)
        : jobs_(database),
          core_(detail::relay_catalog_of<Machine, Database::dialect>(), database.connection(),
                std::move(how)) {
        if constexpr (std::is_invocable_r_v<result<void>, Callable&, const event_type&>)
            deliver_ = [this, callable = std::move(callable)](const emission& event) mutable {
                return taken_by(callable(event_type{event, jobs_}));
            };
        else
            deliver_ = [this, &database,
                        callable = std::move(callable)](const emission& event) mutable {
                return deliver_inside(database, callable, event);
            };
    }

    /// Makes the group known, so that it gets every event emitted from then on. `run` and
    /// `deliver_some` do it, too; a deployment may do it before the first relay starts. What a
    /// known group is given as `from` is not looked at again.
    /// @return `errc::invalid_argument` for options out of range
    result<void> join() { return core_.join(); }

    /// Delivers until the stop, and waits for the callables at work then.
    /// @return what was done; or the error that a person has to mend: it ended the relay
    result<relayed_type> run(const std::stop_token& stop) { return core_.run(stop, deliver_); }

    /// Delivers what is due, one batch at the most, on this thread.
    result<relayed_type> deliver_some() { return core_.deliver_some(deliver_); }

private:
    using taken = detail::of_machine<Machine, detail::taken>;

    static result<taken> taken_by(const result<void>& done) {
        if (!done) return done.error();
        return taken::unmarked;
    }

    // Marked first: whoever lost the event learns it before the callable has run, and nobody else
    // takes it as long as the transaction is open.
    template <class Database, class Callable>
    result<taken> deliver_inside(Database& database, Callable& callable, const emission& event) {
        bool held = false;
        auto ended = database.transaction([&](auto& inside) -> result<verdict> {
            auto marked = core_.mark_delivered(inside.connection(), event);
            if (!marked) return std::move(marked).error();
            held = marked.value();
            if (!held) return verdict::roll_back;
            store<Machine> jobs{inside};
            result<void> done = callable(inside, event_type{event, jobs});
            if (!done) return std::move(done).error();
            return verdict::commit;
        });
        if (!ended) return std::move(ended).error();
        return held ? taken::marked : taken::too_late;
    }

    store<Machine> jobs_;
    detail::of_machine<Machine, detail::relay_core> core_;
    detail::callback<result<taken>(const emission&)> deliver_;
};

}  // namespace statemachine
