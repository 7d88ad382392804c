#include "client.hpp"

#include <thread>

namespace faults {
namespace {

constexpr auto rest = 5ms;
constexpr std::size_t most_held = 8;
constexpr int most_sendings = 3;
constexpr std::uint64_t spread_of_keys = 6;

bool is_troubled(const sm::outcome& got) { return got.retryable() || got.unknown(); }

}  // namespace

std::string token_of(std::string_view event, const run_type& run) {
    return std::string(event) + "-" + std::to_string(run.id) + "-" + std::to_string(run.epoch);
}

template <class Content>
bool client::settled(const sm::result<Content>& got) {
    bool troubled = !got;
    if constexpr (std::is_base_of_v<sm::outcome, Content>)
        troubled = troubled || is_troubled(got.value());
    if (troubled) std::this_thread::sleep_for(rest);
    return !troubled;
}

template <class Call>
void client::insist(Call call) {
    // Whoever gives up leaves the answer open, and `resolve` has to tell.
    const auto most = below(2) == 0 ? 1 : most_sendings;
    for (int sent = 0; sent < most && !settled(call()); ++sent) {
    }
}

void client::act() {
    switch (below(8)) {
        case 0:
        case 1: return submit();
        case 2:
        case 3: return claim();
        case 4:
            if (below(4) == 0) return cancel();
            [[fallthrough]];
        default:
            if (held_.empty()) return claim();
            if (held_.size() > 1 && below(8) == 0) return fire_both();
            use(held_[below(held_.size())]);
    }
}

// All clients count up the same keys at about the same pace, so that they meet.
void client::submit() {
    const auto number = ++submitted_ + below(spread_of_keys);
    const std::string key = below(8) == 0 ? "" : "key-" + std::to_string(number);
    const auto priority = static_cast<std::int32_t>(below(3));
    insist([&] {
        auto got = jobs_.submit({.payload = key}, {.key = key, .priority = priority});
        if (got && got.value()) latest_ = got.value()->id;
        return got;
    });
}

void client::claim() {
    if (below(4) == 0 && latest_ > 0) {
        auto got = jobs_.claim_by_id(work::claim, latest_);
        if (settled(got) && got.value()) keep(*std::move(got).value());
    } else if (below(2) == 0) {
        auto got = jobs_.claim(work::claim);
        if (settled(got) && got.value()) keep(*std::move(got).value());
    } else {
        auto got = jobs_.claim_many(work::claim, 3);
        if (settled(got) && got.value())
            for (run_type& each : *got.value()) keep(std::move(each));
    }
}

void client::keep(run_type run) {
    if (held_.size() >= most_held) held_.erase(held_.begin());
    held_.push_back(std::move(run));
}

void client::use(const run_type& run) {
    const auto percent = static_cast<std::int32_t>(below(100));
    switch (below(10)) {
        case 0: settled(jobs_.renew(run)); break;
        case 1: settled(jobs_.renew(work::progress, run, {percent})); break;
        case 2: settled(jobs_.renew_many(std::span(held_))); break;
        case 3: settled(jobs_.fire(work::release, run)); break;
        case 4: insist([&] { return jobs_.fire(work::fail, run, token_of("fail", run)); }); break;
        case 5:
            if (below(4) == 0) settled(jobs_.resolve(run.id, token_of("complete", run)));
            [[fallthrough]];
        default: finish(run);
    }
}

void client::finish(const run_type& run) {
    const auto send = [&] {
        return jobs_.fire(work::complete, run, {jobs_.client()}, token_of("complete", run));
    };
    insist(send);
    if (below(3) == 0) settled(send());
}

void client::fire_both() {
    std::vector<sm::store<work::machine>::step<work::outcome>> steps;
    for (const auto* run : {&held_[held_.size() - 2], &held_.back()})
        steps.push_back({*run, {jobs_.client()}, token_of("complete", *run)});
    for (const auto& each : jobs_.fire_many(work::complete, std::move(steps))) settled(each);
}

void client::cancel() {
    if (latest_ == 0) return;
    const std::string token = jobs_.client() + "-" + std::to_string(++cancelled_);
    insist([&] { return jobs_.control(work::cancel, latest_, sm::any_version, token); });
}

}  // namespace faults
