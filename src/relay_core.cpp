// Groups, claims and marks of deliveries.
#include "checks.hpp"
#include "identity.hpp"
#include "relay_call.hpp"
#include "replies.hpp"

#include <algorithm>
#include <cmath>

namespace statemachine::detail {
namespace {

constexpr std::int64_t served_at_once = 500;
constexpr int rounds_of_serving = 20;
constexpr std::chrono::seconds between_servings{5};

error out_of_range(const char* what) { return {errc::invalid_argument, what}; }

// Cut between characters: the database refuses half a one.
std::string_view beginning_of(std::string_view text, std::size_t most) {
    if (text.size() <= most) return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
    return text.substr(0, most);
}

result<std::size_t> raise(session& on, const relay_catalog& statements, std::int64_t generation) {
    relay_values values;
    values.generation = generation;
    values.limit = served_at_once;
    if (statements.serve.sql.text.empty())
        return send_alone(on, access::single, statements.raise, values);
    std::size_t count = 0;
    auto ended = on.transact(access::write, [&](executor& transaction) -> result<verdict> {
        const auto nothing = [](std::span<const value>) {};
        auto served = send(transaction, statements.serve, values, nothing);
        if (!served) return std::move(served).error();
        auto raised = send(transaction, statements.raise, values, nothing);
        if (!raised) return std::move(raised).error();
        count = raised.value();
        return verdict::commit;
    });
    if (!ended) return std::move(ended).error();
    return count;
}

// Serves groups that came later what was emitted without them. Whether there may be more.
result<bool> serve_later_groups(session& on, const relay_catalog& statements) {
    std::int64_t behind = -1;
    for (int round = 0; round < rounds_of_serving;) {
        auto next = next_generation(on, statements, behind);
        if (!next) return std::move(next).error();
        if (!next.value()) return false;
        behind = *next.value();
        for (;;) {
            auto raised = raise(on, statements, behind);
            if (!raised) return std::move(raised).error();
            if (raised.value() == 0) break;
            if (++round == rounds_of_serving) return true;
        }
    }
    return true;
}

}  // namespace

result<void> relay_core::check() const {
    using namespace std::chrono_literals;
    if (auto fine = check_name("group", how_.group); !fine) return fine;
    if (how_.lease < 1ms || how_.lease > 24h)
        return out_of_range("a relay's lease lies between a millisecond and a day");
    if (how_.tries < 1 || how_.tries > 1000)
        return out_of_range("a relay tries an event between 1 and 1000 times");
    if (how_.retry.first < 0ms || how_.retry.cap < how_.retry.first || how_.retry.cap > 24h * 365)
        return out_of_range("a relay's retry begins at 0 or later and ends within a year");
    if (!(how_.retry.jitter >= 0 && how_.retry.jitter <= 1))
        return out_of_range("a relay's retry takes a jitter between 0 and 1");
    if (how_.batch < 1 || how_.batch > 1000 || how_.threads < 1 || how_.threads > 256)
        return out_of_range("a relay takes batches of 1 to 1000 events and 1 to 256 threads");
    if (how_.poll < 1ms || how_.poll > 1h)
        return out_of_range("a relay's poll lies between a millisecond and an hour");
    return success();
}

result<void> relay_core::try_to_join() {
    relay_values values;
    values.consumer = how_.group;
    if (how_.from == from::beginning) values.starts_at = timestamp{};
    auto joined = send_alone(*session_, access::single, statements_->join, values);
    if (!joined) return std::move(joined).error();
    if (joined.value() > 0) return success();
    auto ended = session_->transact(access::write, [&](executor& transaction) -> result<verdict> {
        for (const compiled_statement* each : {&statements_->clear, &statements_->rejoin})
            if (auto sent = send(transaction, *each, values, [](std::span<const value>) {}); !sent)
                return std::move(sent).error();
        return verdict::commit;
    });
    if (!ended) return std::move(ended).error();
    return success();
}

result<void> relay_core::join() {
    if (auto fine = check(); !fine) return fine;
    // Another group that joined at the same time has taken the generation.
    for (int attempt = 0;; ++attempt) {
        auto joined = try_to_join();
        if (joined || joined.error().code() != errc::unique_violated || attempt == 16)
            return joined;
    }
}

// Joins once, and looks now and then for what was emitted without the group: by changes that were
// in flight when it joined.
result<void> relay_core::prepare() {
    const std::lock_guard lock(preparing_);
    if (!joined_) {
        if (auto joined = join(); !joined) return joined;
        joined_ = true;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now < serve_again_) return success();
    auto more = serve_later_groups(*session_, *statements_);
    if (!more) return std::move(more).error();
    if (!more.value()) serve_again_ = now + between_servings;
    return success();
}

result<std::vector<emission>> relay_core::claim(relayed& done) const {
    relay_values values;
    values.consumer = how_.group;
    values.tries = how_.tries;
    values.delay = how_.lease.count();
    values.limit = static_cast<std::int64_t>(how_.batch);
    std::vector<emission> events;
    auto claimed = send_alone(*session_, access::single, statements_->claim, values,
                              [&](std::span<const value> row) {
                                  if (!row[7].is_null())
                                      ++done.parked;
                                  else
                                      events.push_back(emission_of(*statements_->declared, row));
                              });
    if (!claimed) return std::move(claimed).error();
    // An UPDATE returns its rows in no order.
    std::sort(events.begin(), events.end(), [](const emission& a, const emission& b) {
        return a.at != b.at ? a.at < b.at : a.job < b.job;
    });
    return events;
}

result<bool> relay_core::mark_delivered(session& on, const emission& event) const {
    auto marked =
        send_alone(on, access::single, statements_->delivered, values_of(how_.group, event));
    if (!marked) return std::move(marked).error();
    return marked.value() > 0;
}

std::chrono::milliseconds relay_core::delay_of(const emission& event) const {
    const double doubled =
        static_cast<double>(how_.retry.first.count()) * std::exp2(std::min(event.tries - 1, 40));
    const double capped = std::min(doubled, static_cast<double>(how_.retry.cap.count()));
    const double delay = capped * (1 + how_.retry.jitter * make_share());
    return std::chrono::milliseconds{static_cast<std::int64_t>(delay)};
}

result<void> relay_core::note_failure(const emission& event, std::string_view why,
                                      relayed& done) const {
    constexpr std::size_t longest = 1000;
    relay_values values = values_of(how_.group, event);
    values.error = is_plain_utf8(why) ? beginning_of(why, longest)
                                      : std::string_view{"the error's text is not plain UTF-8"};
    values.tries = how_.tries;
    values.delay = delay_of(event).count();
    bool parked = false;
    auto noted = send_alone(*session_, access::single, statements_->not_delivered, values,
                            [&](std::span<const value> row) { parked = !row[0].is_null(); });
    if (!noted) return std::move(noted).error();
    if (noted.value() == 0)
        ++done.lost;
    else if (parked)
        ++done.parked;
    else
        ++done.failed;
    return success();
}

result<void> relay_core::give_back(const emission& event) const {
    auto given =
        send_alone(*session_, access::single, statements_->not_begun, values_of(how_.group, event));
    if (!given) return std::move(given).error();
    return success();
}

}  // namespace statemachine::detail
