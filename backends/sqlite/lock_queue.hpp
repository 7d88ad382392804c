// The queue of the processes that want a file's write lock.
//
// SQLite gives the lock to whoever asks first once it is free, so that all have to ask again and
// again, and one may wait for long. Here they sleep on two locks in memory that they share: one
// waits inside the first for the second, and the others for the first. Who leaves cannot overtake
// whoever is next.
//
// It makes the lock quick and fair, and no more: a process that does not find the queue, or gives
// it up for a while because it stands still, asks SQLite as ever.
#pragma once

#include "turn.hpp"

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>

namespace statemachine::sqlite {

/// Not thread-safe; the threads and processes that have one each of the same file form the queue.
class lock_queue {
public:
    /// One that lets nobody in.
    lock_queue() noexcept = default;
    /// The queue of a file that exists, or one that lets nobody in where there cannot be one.
    explicit lock_queue(const std::filesystem::path& file) noexcept;
    ~lock_queue();
    lock_queue(lock_queue&& other) noexcept { swap(other); }
    lock_queue& operator=(lock_queue&& other) noexcept {
        swap(other);
        return *this;
    }

    /// Waits to be next, no longer than until the deadline.
    /// @return whether this thread is inside, and has to leave
    bool enter(steady_time deadline) noexcept;
    void leave() noexcept;

    /// Where the processes of this user find the queue; empty where there is none.
    static std::string place_of(const std::filesystem::path& file);

private:
    struct shared;

    void swap(lock_queue& other) noexcept;
    bool open_or_make() noexcept;
    bool use(int descriptor) noexcept;
    bool make() noexcept;

    std::string place_;
    shared* shared_ = nullptr;
    int descriptor_ = -1;  // holds a lock for as long as the queue is in use
    pid_t process_ = 0;
    steady_time avoided_until_{};
    std::chrono::milliseconds avoidance_{};
};

}  // namespace statemachine::sqlite
