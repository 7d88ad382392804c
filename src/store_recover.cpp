// What a call does when the reply to its change was lost.
//
//     sent --(reply)--> answered
//      |
//      +--(connection lost)--> in doubt --(the log has the nonce)-----------> applied, by this call
//                                 |                                           ^             ^
//                                 +--(it has not)--> sent again: changed a row+             |
//                                                         |                                 |
//                                                         +--changed none: the log has it---+
//                                                               |
//                                                               +--it has not: the first sending
//                                                                  may still be under way
//
// A look into the log alone would be wrong: the first sending may be on its way to the server, or
// wait there for a lock. The second one queues up behind it, on the lock of the row.
#include "judge.hpp"
#include "replies.hpp"
#include "store_call.hpp"

#include <algorithm>
#include <thread>

namespace statemachine::detail {
namespace {

// Pauses between two sendings, while a server restarts or fails over.
class pauses {
public:
    explicit pauses(steady_time until) : until_(until) {}

    // Waits; false when the deadline has come.
    bool next() {
        using namespace std::chrono_literals;
        const auto now = std::chrono::steady_clock::now();
        if (now >= until_) return false;
        if (length_.count() > 0) std::this_thread::sleep_until(std::min(now + length_, until_));
        length_ = std::min(length_ == 0ms ? 2ms : length_ * 2, 200ms);
        return true;
    }

private:
    steady_time until_;
    std::chrono::milliseconds length_{};
};

// Whether nobody can tell by this reply what became of the change.
bool is_lost(const error& cause) {
    return cause.what_is_known() == fate::unknown && cause.code() != errc::unreadable_change;
}

// Whether the same statement would fail in the same way again.
bool stays(const error& cause) { return cause.what_is_known() == fate::not_applied; }

bool removes_jobs(const spec& declared) {
    return std::ranges::any_of(declared.states,
                               [](const state_spec& each) { return each.keep > 0; });
}

}  // namespace

result<store_core::applied_plan> store_core::apply_surely(const plan& change, const call& values,
                                                          row_sink on_row, const recovery& how) {
    std::optional<error> lost = how.lost;
    if (!lost) {
        auto sent = apply(change, values, on_row, how.missed);
        if (sent || !is_lost(sent.error())) return sent;
        lost = std::move(sent).error();
    }
    if (!session_->reconnects()) return *std::move(lost);
    for (pauses wait(values.until); wait.next();) {
        // What the log has is not sent again: a claim would fit once more when its lease is over.
        // Where nothing can be under way any more, the log knows it all.
        const bool may_send_again = how.again == resend::guarded;
        if (how.adopt != nullptr && (may_send_again || !statements_->speech->remote)) {
            if (how.restart) (*how.restart)();
            auto known = query(*how.adopt, values, on_row);
            if (!known && stays(known.error())) break;
            if (!known) continue;
            if (known.value() > 0)
                return applied_plan{known.value(), session_->assure(values.until), {}};
        }
        if (how.restart) (*how.restart)();
        if (may_send_again) {
            auto again = apply(change, values, on_row);
            if (again && again.value().rows > 0) return again;
            if (again && how.adopt == nullptr)
                return applied_plan{0, ending::committed, std::move(lost)};
            if (!again && again.error().code() == errc::unreadable_change) return again;
            if (!again && !stays(again.error())) continue;
        }
        if (how.adopt == nullptr) break;
        if (how.restart) (*how.restart)();
        auto found = query(*how.adopt, values, on_row);
        if (!found && stays(found.error())) break;
        if (!found) continue;
        if (found.value() > 0)
            return applied_plan{found.value(), session_->assure(values.until), {}};
        return applied_plan{0, ending::committed, std::move(lost)};
    }
    return *std::move(lost);
}

result<answer<raw_change>> store_core::resolve_quietly(std::int64_t id, std::string_view token) {
    if (auto fine = check_name("token", token); !fine) return fine.error();
    call values(*session_);
    values.id = id;
    values.token = token;
    error last(errc::deadline_passed, "no answer came before the deadline; resolve it again");
    for (pauses wait(values.until); wait.next();) {
        auto settled = settle_token(values);
        if (settled) return settled;
        if (settled.error().what_is_known() == fate::not_applied) return settled;
        last = settled.error();
        if (!session_->reconnects()) break;
    }
    return answer_of<raw_change>(std::move(last));
}

result<answer<raw_change>> store_core::settle_token(const call& values) {
    // Whether tokens of the job may have been forgotten; a job that is gone answers nothing.
    const auto ask = [&](executor& transaction) -> result<std::optional<bool>> {
        std::optional<bool> forgotten;
        auto asked = run_in(transaction, statements_->may_be_forgotten, values,
                            [&](std::span<const value> row) { forgotten = row[0].integer() != 0; });
        if (!asked) return std::move(asked).error();
        return forgotten;
    };
    // Making the token void and asking whether it was forgotten are one transaction: tokens may be
    // forgotten in between, and a void one would then hide what they stood for.
    bool made_void = false;
    bool may_be_forgotten = false;
    const auto body = [&](executor& transaction) -> result<verdict> {
        may_be_forgotten = false;
        auto inserted =
            run_in(transaction, statements_->void_token, values, [](std::span<const value>) {});
        if (!inserted) return std::move(inserted).error();
        made_void = inserted.value() > 0;
        if (!made_void) return verdict::commit;
        auto asked = ask(transaction);
        if (!asked) return std::move(asked).error();
        // The job may be removed between the two.
        may_be_forgotten = asked.value().value_or(true);
        return may_be_forgotten ? verdict::roll_back : verdict::commit;
    };
    auto ended = session_->transact(access::write, values.until, body);
    if (!ended) return std::move(ended).error();
    if (may_be_forgotten) return answer<raw_change>(status::forgotten, reason::none);
    if (made_void) return answer<raw_change>(status::rejected, reason::never_applied);
    std::optional<settled_token> token;
    bool has_job = false;
    const auto look = [&](executor& transaction) -> result<verdict> {
        auto found = look_at_token(transaction, values);
        if (!found) return std::move(found).error();
        token = std::move(found).value();
        if (token) return verdict::commit;
        auto asked = ask(transaction);
        if (!asked) return std::move(asked).error();
        has_job = asked.value().has_value();
        return verdict::commit;
    };
    if (auto looked = session_->transact(access::read, values.until, look); !looked)
        return std::move(looked).error();
    if (!token) {
        // A token that was in the way is gone by now, or the job may have been removed with it.
        if (has_job || (values.id > 0 && removes_jobs(*statements_->declared)))
            return answer<raw_change>(status::forgotten, reason::none);
        return answer<raw_change>(status::rejected, reason::not_found);
    }
    if (token->version == 0) return answer<raw_change>(status::rejected, reason::never_applied);
    return answer<raw_change>(status::already_applied, recorded_change(values.id, *token));
}

}  // namespace statemachine::detail
