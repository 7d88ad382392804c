// Where the nonces and the jitter of a thread come from.
#pragma once

#include <cstdint>

namespace statemachine::detail {

// While one stands, its thread draws from a seed instead of the operating system, so that a
// simulation can be repeated. Seeds of threads that share a database must differ: their nonces do
// then.
class [[gnu::visibility("default")]] seeded_chance {
public:
    explicit seeded_chance(std::uint64_t seed) noexcept;
    ~seeded_chance();
    seeded_chance(const seeded_chance&) = delete;
    seeded_chance& operator=(const seeded_chance&) = delete;

    std::uint64_t next() noexcept;

private:
    std::uint64_t state_;
    seeded_chance* before_;
};

}  // namespace statemachine::detail
