// What calls give back: runs, changes, records, log entries. Plain values, yours to keep.
#pragma once

#include <statemachine/observer.hpp>
#include <statemachine/sweep_result.hpp>
#include <statemachine/value.hpp>

namespace statemachine {

/// A job that this process may act on until `lease_until`. `epoch` is the fence number: it grows
/// with each claim of the job, and every write of the run carries it. Hand it to outside systems
/// that can refuse a smaller number than they have seen.
template <class State, class Job>
struct run {
    std::int64_t id = 0;
    std::int64_t epoch = 0;
    std::int64_t version = 0;
    State state{};
    int attempts = 0;         ///< claims counted so far, this one included
    timestamp lease_until{};  ///< by the database's clock
    std::string owner;
    Job job{};
};

/// A transition that happened.
template <class State>
struct change {
    std::int64_t id = 0;
    std::int64_t version = 0;  ///< the version that the job reached by it
    std::int64_t epoch = 0;
    State from{};
    State to{};
    timestamp at{};  ///< when, by the database's clock
    int attempts = 0;
    timestamp run_at{};                      ///< when the job is due again, where it waits
    std::optional<timestamp> lease_until{};  ///< while the run keeps its lease
};

/// A job that a submit made, or that its key belonged to already.
template <class State>
struct submitted {
    std::int64_t id = 0;
    State state{};
    std::int64_t version = 0;
};

/// A lease after its renewal.
struct lease {
    std::int64_t id = 0;
    std::int64_t epoch = 0;
    timestamp until{};
};

/// A job as it stands in the table.
template <class State, class Job>
struct record {
    std::int64_t id = 0;
    State state{};
    std::int64_t version = 0;
    std::int64_t epoch = 0;
    int attempts = 0;
    std::optional<std::string> owner;
    std::optional<timestamp> lease_until;
    timestamp run_at{};
    int priority = 0;
    std::optional<std::string> key;
    std::optional<std::string> error;
    timestamp created_at{};
    timestamp changed_at{};
    Job job{};
};

/// One line of a job's history. Names, not states: the log may be older than the declaration.
struct log_entry {
    std::int64_t version = 0;
    std::string event;  ///< or the library's `submit`, `expire`, `exhaust`
    std::optional<std::string> from;
    std::string to;
    std::int64_t epoch = 0;
    std::optional<std::string> actor;
    timestamp at{};
    std::optional<timestamp> lease_until;
};

/// The version at which a control event expects the job.
struct version {
    std::int64_t number;
};
/// A control event that applies whatever happened to the job since it was read.
struct any_version_t {};
inline constexpr any_version_t any_version{};

/// How a job is submitted.
struct submit_options {
    std::string_view key{};             ///< the same key never makes a second job; empty: no key
    std::int32_t priority = 0;          ///< higher is claimed first
    std::chrono::milliseconds delay{};  ///< from now, by the database's clock
    std::optional<timestamp> run_at{};  ///< not before this moment; goes before `delay`
    std::string_view actor{};           ///< written to the log
};

struct claim_options {
    std::string_view
        owner;  ///< who runs it, 1 to 128 bytes: shown to operators, written to the log
};

struct control_options {
    std::string_view token{};  ///< names this intended change; the same token never changes twice
    std::string_view actor{};  ///< written to the log
};

struct list_options {
    std::int64_t after = 0;  ///< continue behind this id
    std::int64_t limit = 100;
};

struct history_options {
    std::int64_t after = 0;  ///< continue behind this version
    std::int64_t limit = 1000;
};

struct sweep_options {
    std::int64_t limit = 500;  ///< rows of each kind in one call
    std::string_view actor = "sweep";
};

/// Limits of one store, checked before anything is sent.
struct store_options {
    std::size_t max_payload = 1 << 20;  ///< bytes of all texts and byte strings of one call
    std::size_t max_batch = 10'000;     ///< jobs or runs in one call
    observer* watch = nullptr;          ///< is told of each call; it outlives the store
};

}  // namespace statemachine
