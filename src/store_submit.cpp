#include "identity.hpp"
#include "replies.hpp"
#include "store_prepared.hpp"
#include "time_left.hpp"

namespace statemachine::detail {

// The job that a key belongs to: the same job again, or another one. Empty when it is gone.
result<std::optional<answer<raw_submitted>>> store_core::holder_of_key(executor& transaction,
                                                                       const call& values) {
    std::optional<result<answer<raw_submitted>>> holder;
    auto found = run_in(
        transaction, statements_->find_key, values,
        [&](std::span<const value> row) { holder.emplace(holder_of(row, values.fingerprint)); });
    if (!found) return std::move(found).error();
    if (!holder) return std::optional<answer<raw_submitted>>{};
    if (!*holder) return std::move(*holder).error();
    return std::optional{std::move(*holder).value()};
}

// The order of columns is `holder_types`.
result<answer<raw_submitted>> store_core::holder_of(std::span<const value> row,
                                                    std::string_view fingerprint) const {
    if (row[2].text() != fingerprint)
        return answer<raw_submitted>(status::rejected, reason::key_conflict);
    auto state = state_named(row[1].text());
    if (!state) return std::move(state).error();
    return answer<raw_submitted>(status::already_applied,
                                 raw_submitted{row[0].integer(), state.value(), row[3].integer()});
}

result<store_core::prepared_submit> store_core::prepare_submit(const void* job,
                                                               const submit_options& options,
                                                               const std::array<char, 16>& nonce,
                                                               steady_time until) const {
    if (!options.key.empty())
        if (auto fine = check_name("key", options.key); !fine) return fine.error();
    if (!options.actor.empty())
        if (auto fine = check_person("actor", options.actor); !fine) return fine.error();
    constexpr std::chrono::milliseconds longest{std::chrono::hours{24 * 366 * 100}};
    if (options.delay < std::chrono::milliseconds{} || options.delay > longest)
        return error(errc::invalid_argument, "a delay lies between 0 and 100 years");
    if (options.run_at) {
        const auto moment = options.run_at->time_since_epoch().count();
        if (auto fine = check_value("run_at", value::integer(column_type::time, moment)); !fine)
            return fine.error();
    }
    prepared_submit made{{}, call(until)};
    if (!options.key.empty()) made.fingerprint = fingerprint_of_job(*statements_->declared, job);
    made.values.job = job;
    made.values.key = options.key;
    made.values.priority = options.priority;
    made.values.delay = options.delay.count();
    made.values.run_at = options.run_at;
    made.values.actor = options.actor;
    made.values.nonce = nonce;
    return made;
}

result<answer<raw_submitted>> store_core::submit_quietly(const void* job,
                                                         const submit_options& options,
                                                         std::optional<error>& parted) {
    auto prepared = prepare_submit(job, options, make_nonce(), session_->call_deadline());
    if (!prepared) return std::move(prepared).error();
    if (!statements_->submit_shared.sql.text.empty() &&
        can_wait_briefly(prepared.value().values.until))
        if (meeting* const at = session_->meets(); at != nullptr)
            return submit_shared(*at, prepared.value(), parted);
    return submit_one(prepared.value(), {});
}

// A job without a key is not sent again: nothing would tell the second from the first.
result<answer<raw_submitted>> store_core::submit_one(const prepared_submit& prepared,
                                                     std::optional<error> lost) {
    const call values = prepared.ready();
    const resend again = values.key.empty() ? resend::never : resend::guarded;
    const compiled_statement* const adopt =
        values.key.empty() ? nullptr : &statements_->adopt_submit;
    std::optional<error> doubt = std::move(lost);
    for (int attempt = 0; attempt < 2; ++attempt) {
        std::optional<raw_submitted> made;
        auto done =
            apply_surely(statements_->submit, values,
                         [&](std::span<const value> row) { made = new_job(*statements_, row); },
                         {adopt, again, {}, doubt});
        if (done) doubt = done.value().doubt;
        if (!done) return answer_of<raw_submitted>(std::move(done).error());
        if (done.value().rows > 0 && made) {
            session_->wakeups().ring();
            return done_by(done.value().end, *made);
        }
        // In a transaction of its own, which sees what the insert collided with.
        std::optional<answer<raw_submitted>> holder;
        const auto look = [&](executor& transaction) -> result<verdict> {
            auto found = holder_of_key(transaction, values);
            if (!found) return std::move(found).error();
            holder = std::move(found).value();
            return verdict::commit;
        };
        auto looked = session_->transact(access::read, values.until, look);
        if (!looked) return in_doubt(answer_of<raw_submitted>(std::move(looked).error()), doubt);
        // Whoever holds the key keeps an earlier sending out as well.
        if (holder) return *std::move(holder);
    }
    return in_doubt<raw_submitted>(answer<raw_submitted>(status::retryable, kept_changing()),
                                   doubt);
}

}  // namespace statemachine::detail
