// Where contenders of several threads and processes wait for each other, so that they start at
// once.
#pragma once

#include <atomic>
#include <cstdint>

namespace conformance {

/// Counters in memory that other processes can map. Each lane is a gate of its own.
class starting_gate {
public:
    static constexpr int lanes = 16;

    starting_gate();
    /// Joins the gate of another process by the descriptor that was inherited.
    explicit starting_gate(int descriptor);
    ~starting_gate();
    starting_gate(const starting_gate&) = delete;
    starting_gate& operator=(const starting_gate&) = delete;

    /// Waits until all of the lane are here for the n-th time, counted from 0. It spins, so that
    /// whoever waits starts the moment that the last one comes.
    /// @throw std::runtime_error when someone gave up, or after a minute
    void pass(int lane, int participants, int nth);

    /// Lets the others fail instead of waiting for one that will not come.
    void give_up() noexcept;

    int descriptor() const noexcept { return descriptor_; }

private:
    struct alignas(64) counter {
        std::atomic<std::uint32_t> arrived{0};
    };
    struct shared {
        counter lane[lanes];
        std::atomic<bool> broken{false};
    };

    void map();

    int descriptor_;
    shared* memory_ = nullptr;
};

}  // namespace conformance
