// Any bytes as the columns, keys, tokens and inputs of a job: what is taken comes back as it was,
// and what is not is refused before anything is stored.
#pragma once

#include <statemachine/statemachine.hpp>

#include <bit>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace fuzz {

namespace sm = statemachine;

enum class state { open, shut };
using enum state;

struct job {
    std::string text{};
    std::optional<std::string> maybe_text{};
    sm::bytes raw{};
    sm::json document{};
    double real = 0;
    std::int64_t large = 0;
    std::optional<std::int32_t> small{};
    std::optional<sm::timestamp> moment{};
};
struct note {
    std::string text;
};

constexpr sm::event<note> write{"write"};
constexpr sm::event<> close{"close"};

inline constexpr sm::column columns[] = {
    {"text", sm::field<&job::text>},   {"maybe_text", sm::field<&job::maybe_text>},
    {"raw", sm::field<&job::raw>},     {"document", sm::field<&job::document>},
    {"real", sm::field<&job::real>},   {"large", sm::field<&job::large>},
    {"small", sm::field<&job::small>}, {"moment", sm::field<&job::moment>},
};
inline constexpr sm::named<state> states[] = {{open, "open"}, {shut, "shut", sm::terminal}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = write,
     .from = open,
     .to = open,
     .control = true,
     .then = {sm::set<&job::text>(sm::field<&note::text>)}},
    {.on = close, .from = open, .to = shut, .control = true},
};
inline constexpr sm::machine<state, job> machine{.table = "fuzz_jobs",
                                                 .initial = open,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions};

/// Takes values off the front of some bytes; zeros when they are used up.
class source {
public:
    explicit source(std::string_view bytes) : bytes_(bytes) {}

    std::uint64_t number() {
        std::array<char, 8> taken{};
        const std::string_view next = take(taken.size());
        std::memcpy(taken.data(), next.data(), next.size());
        return std::bit_cast<std::uint64_t>(taken);
    }
    std::string text() { return std::string(take(take_byte())); }
    bool coin() { return take_byte() % 2 != 0; }

private:
    std::size_t take_byte() {
        const std::string_view one = take(1);
        return one.empty() ? 0 : static_cast<unsigned char>(one[0]);
    }
    std::string_view take(std::size_t count) {
        const std::string_view taken = bytes_.substr(0, count);
        bytes_.remove_prefix(taken.size());
        return taken;
    }
    std::string_view bytes_;
};

/// Whether it is UTF-8 without NUL, by the table of the Unicode standard (3-7).
inline bool is_text(std::string_view text) {
    const auto at = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    for (std::size_t i = 0; i < text.size();) {
        const unsigned lead = at(i);
        if (lead == 0 || (lead >= 0x80 && lead < 0xC2) || lead > 0xF4) return false;
        const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        if (length > 1 && (at(i + 1) < low || at(i + 1) > high)) return false;
        for (std::size_t k = 2; k < length; ++k)
            if (at(i + k) < 0x80 || at(i + k) > 0xBF) return false;
        i += length;
    }
    return true;
}

inline bool is_name(std::string_view text) {
    constexpr std::string_view allowed =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-";
    return !text.empty() && text.size() <= 128 &&
           text.find_first_not_of(allowed) == std::string_view::npos;
}

inline bool is_moment(const std::optional<sm::timestamp>& moment) {
    constexpr std::int64_t first = -62'135'596'800'000;  // year 1
    constexpr std::int64_t last = 253'402'300'799'999;   // the end of year 9999
    const auto at = moment.value_or(sm::timestamp{}).time_since_epoch().count();
    return at >= first && at <= last;
}

inline job job_of(source& from) {
    job made;
    made.text = from.text();
    if (from.coin()) made.maybe_text = from.text();
    for (const char each : from.text()) made.raw.push_back(static_cast<std::byte>(each));
    made.document.text = from.text();
    made.real = std::bit_cast<double>(from.number());
    made.large = std::bit_cast<std::int64_t>(from.number());
    if (from.coin()) made.small = static_cast<std::int32_t>(from.number());
    if (from.coin())
        made.moment = sm::timestamp{std::chrono::milliseconds{
            std::bit_cast<std::int64_t>(from.number()) % 300'000'000'000'000}};
    return made;
}

inline bool is_sound(const job& given) {
    return is_text(given.text) && is_text(given.maybe_text.value_or("")) &&
           is_text(given.document.text) && !std::isnan(given.real) && is_moment(given.moment);
}

inline bool same(const job& a, const job& b) {
    return a.text == b.text && a.maybe_text == b.maybe_text && a.raw == b.raw &&
           a.document == b.document && a.real == b.real && a.large == b.large &&
           a.small == b.small && a.moment == b.moment;
}

inline void require(bool holds, const char* what) {
    if (!holds) throw std::logic_error(what);
}

/// Fires with any token and input, twice.
inline void fire_twice(sm::store<machine>& jobs, std::int64_t id, source& from) {
    const std::string token = from.text();
    const note given{from.text()};
    const auto fire = [&](const note& with) {
        return jobs.fire(write, id, sm::any_version, with, {.token = token});
    };
    const auto did = fire(given);
    require(bool(did) == (is_text(given.text) && (token.empty() || is_name(token))),
            "an event is taken exactly if its token and its input are sound");
    if (!did) return;
    require(did.value().applied(), "a sound event applies");
    require(jobs.read(id).value()->job.text == given.text, "an input is stored as it was given");
    if (token.empty()) return;
    require(fire(given).value().already_applied(), "the same token is the same change");
    require(fire({given.text + "!"}).value().reason() == sm::reason::token_reused,
            "another input by the same token is refused");
}

/// @return whether the job was taken; throws what does not hold
inline bool round_trip(sm::store<machine>& jobs, std::string_view bytes) {
    source from(bytes);
    const std::string key = from.text();
    const job given = job_of(from);
    const auto made = jobs.submit(given, {.key = key});
    const bool sound = is_sound(given) && (key.empty() || is_name(key));
    require(bool(made) == sound, "a job is taken exactly if all of it is sound");
    if (!made) return false;
    const bool fresh = made.value().applied();
    if (fresh)
        require(same(jobs.read(made.value()->id).value()->job, given),
                "a job comes back as it was");
    if (!key.empty() && fresh)
        require(jobs.submit(given, {.key = key}).value().already_applied(),
                "the same key and content is the same job");
    if (fresh) fire_twice(jobs, made.value()->id, from);
    return true;
}

}  // namespace fuzz
