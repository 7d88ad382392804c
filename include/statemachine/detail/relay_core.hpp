// The relay without its types; the bodies are compiled once, in src/.
#pragma once

#include <statemachine/delivery.hpp>
#include <statemachine/detail/callback.hpp>
#include <statemachine/detail/catalog.hpp>
#include <statemachine/session.hpp>

#include <mutex>
#include <stop_token>
#include <vector>

namespace statemachine::detail {

// What became of an event that the callable was given.
enum class taken : unsigned char {
    unmarked,  // the callable took it, and the relay has to note that
    marked,    // noted in the callable's own transaction
    too_late,  // another relay holds it now: nothing was done
};
struct lease_watch {
    steady_time until;
    std::stop_token stop;
};
using deliverer = callback<result<taken>(const emission&)>;

class [[gnu::visibility("default")]] relay_core {
public:
    relay_core(const relay_catalog& statements, session& database, relay_options how)
        : statements_(&statements), session_(&database), how_(std::move(how)) {}
    relay_core(const relay_core&) = delete;
    relay_core& operator=(const relay_core&) = delete;

    result<void> join();
    result<relayed> deliver_some(const deliverer& deliver);
    result<relayed> run(const std::stop_token& stop, const deliverer& deliver);

    // Notes that the event was taken, by whoever still holds it.
    result<bool> mark_delivered(session & on, const emission& event) const;

private:
    class crew;

    result<void> check() const;
    result<void> try_to_join();
    result<void> prepare();
    result<std::vector<emission>> claim(relayed & done) const;
    result<void> deliver(const emission& event, const lease_watch& lease, const deliverer& how,
                         relayed& done) const;
    result<void> deliver_quietly(const emission& event, const lease_watch& lease,
                                 const deliverer& how, relayed& done) const;
    result<void> note_failure(const emission& event, std::string_view why, relayed& done) const;
    result<void> give_back(const emission& event) const;
    std::chrono::milliseconds delay_of(const emission& event) const;

    const relay_catalog* statements_;
    session* session_;
    relay_options how_;
    std::mutex preparing_;
    bool joined_ = false;
    steady_time serve_again_{};
};

// What operators and sweepers do with the outbox.
class [[gnu::visibility("default")]] outbox_core {
public:
    outbox_core(const relay_catalog& statements, session& database)
        : statements_(&statements), session_(&database) {}

    result<std::vector<parked_event>> parked(std::string_view group, std::int64_t limit);
    result<bool> unpark(std::string_view group, const parked_event& parked);
    result<bool> discard(std::string_view group, const parked_event& parked);
    result<bool> leave(std::string_view group);
    result<std::size_t> prune(std::int64_t limit);

private:
    const relay_catalog* statements_;
    session* session_;
};

}  // namespace statemachine::detail
