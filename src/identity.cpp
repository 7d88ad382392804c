#include "identity.hpp"

#include <statemachine/detail/chance.hpp>

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid.hpp>

#include <bit>
#include <cstring>

namespace statemachine::detail {
namespace {

constexpr char recipe = '1';

thread_local seeded_chance* chance_of_thread = nullptr;

// Lengths stand in front of contents, so that no two lists of values encode alike.
class encoding {
public:
    void add(std::string_view name, const value& content) {
        add(name);
        bytes_.push_back(static_cast<char>(content.type()));
        bytes_.push_back(content.is_null() ? 0 : 1);
        if (content.is_null()) return;
        if (is_view(content.type()))
            add(content.text());
        else if (content.type() == column_type::real)
            add(std::bit_cast<std::uint64_t>(content.real()));
        else
            add(static_cast<std::uint64_t>(content.integer()));
    }

    std::string digest() const {
        // Version 5 of RFC 9562: SHA-1 cut to 122 bits, from a library that Outcome's users have.
        const boost::uuids::name_generator_sha1 digest_in{boost::uuids::ns::oid()};
        const boost::uuids::uuid digest = digest_in(bytes_.data(), bytes_.size());
        std::array<char, 16> bytes{};
        std::memcpy(bytes.data(), &*digest.begin(), bytes.size());
        return recipe + hexadecimal(bytes);
    }

private:
    void add(std::string_view text) {
        add(static_cast<std::uint64_t>(text.size()));
        bytes_.append(text);
    }
    void add(std::uint64_t number) {
        for (unsigned shift = 0; shift < 64; shift += 8)
            bytes_.push_back(static_cast<char>(number >> shift & 0xFFU));
    }

    std::string bytes_;
};

}  // namespace

std::string hexadecimal(std::span<const char> bytes) {
    std::string text;
    for (const char each : bytes) {
        const auto byte = static_cast<unsigned char>(each);
        text.push_back("0123456789abcdef"[byte >> 4U]);
        text.push_back("0123456789abcdef"[byte & 15U]);
    }
    return text;
}

seeded_chance::seeded_chance(std::uint64_t seed) noexcept
    : state_(seed), before_(chance_of_thread) {
    chance_of_thread = this;
}

seeded_chance::~seeded_chance() { chance_of_thread = before_; }

// SplitMix64 of Steele, Lea and Flood, 2014.
std::uint64_t seeded_chance::next() noexcept {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
    return mixed ^ (mixed >> 31U);
}

std::array<char, 16> make_nonce() {
    std::array<char, 16> nonce{};
    if (chance_of_thread != nullptr) {
        const std::uint64_t drawn[] = {chance_of_thread->next(), chance_of_thread->next()};
        std::memcpy(nonce.data(), drawn, sizeof drawn);
        return nonce;
    }
    boost::uuids::random_generator_pure random;
    const boost::uuids::uuid made = random();
    std::memcpy(nonce.data(), &*made.begin(), nonce.size());
    return nonce;
}

double make_share() {
    const std::array<char, 16> nonce = make_nonce();
    std::uint64_t bits = 0;
    std::memcpy(&bits, nonce.data() + 8, sizeof bits);  // the first half holds the version's bits
    return static_cast<double>(bits >> 13U & 0xFFFFFFFFU) / 4294967296.0;
}

std::string fingerprint_of_job(const spec& declared, const void* job) {
    bool chosen = false;
    for (const column& each : declared.columns) chosen = chosen || has(each.flags, identity);
    encoding content;
    for (const column& each : declared.columns)
        if (!chosen || has(each.flags, identity)) {
            // A column that is added later, or renamed, leaves the jobs that exist as they are.
            const value held = each.field->read(job);
            if (!held.is_null())
                content.add(each.formerly.empty() ? each.name : each.formerly, held);
        }
    return content.digest();
}

std::string fingerprint_of_inputs(const spec& declared, int event, const void* inputs) {
    encoding content;
    const type_identity owner = declared.events[static_cast<std::size_t>(event)].inputs;
    const auto add = [&](const node& part) {
        if (part.what == operation::read && part.field->owner == owner)
            content.add(part.field->spelling, part.field->read(inputs));
    };
    for (const rule_spec& rule : declared.rules) {
        if (rule.event != event) continue;
        for (std::size_t i = 0; i < rule.when->size(); ++i) add((*rule.when)[i]);
        for (const effect& each : *rule.then) add(each.content);
    }
    return content.digest();
}

}  // namespace statemachine::detail
