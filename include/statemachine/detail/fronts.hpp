// Where the search for due jobs may begin.
//
// PostgreSQL keeps an index entry of each job that was claimed until a vacuum, and a search from
// the beginning walks over all of them: after 200,000 claims it takes twenty times as long. While
// many claims are made, one looks for the first due job and the others begin there. After some
// hundred jobs, which a search would walk over again, one looks from there on, and after a second
// from the beginning: what was given an earlier moment meanwhile is met by then, or at once when
// nothing else is due.
#pragma once

#include <statemachine/value.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace statemachine::detail {

struct front {
    std::int64_t priority;
    timestamp run_at;
};

// Thread-safe. Claims are told apart by the address of their statements.
class [[gnu::visibility("default")]] fronts {
public:
    using clock = std::chrono::steady_clock;

    struct advice {
        std::optional<front> begin;
        bool look = false;  // it is this call's turn to look for the front, from `begin` on
        std::uint64_t round = 0;
    };

    // What a claim that is about to begin should do.
    advice ask(const void* claim, clock::time_point now);

    // The claim found so many jobs: to look is worth it only where there are many such claims.
    void succeeded(const void* claim, std::size_t jobs);

    // What a look has found: claims begin there, unless they began anew since it was advised.
    void found(const void* claim, const front& begin, std::uint64_t round);

    // Claims begin at the beginning.
    void forget(const void* claim);

private:
    struct known {
        const void* claim;
        std::optional<front> begin{};
        clock::time_point since{};
        bool looked = false;  // from the beginning, since then
        std::size_t claims = 0;
        std::size_t passed = 0;   // jobs that were claimed from there on
        std::uint64_t round = 0;  // another each time that claims begin at the beginning
    };
    known& of(const void* claim);

    std::mutex mutex_;
    std::vector<known> all_;
};

}  // namespace statemachine::detail
