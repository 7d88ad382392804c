// One call of the store: what its statements may need, and how that becomes their parameters.
#pragma once

#include "checks.hpp"
#include "render/plans.hpp"

#include <statemachine/detail/store_core.hpp>

#include <array>
#include <vector>

namespace statemachine::detail {

// Where each slot of a statement finds its value. Views refer to the caller's arguments.
struct store_core::call {
    explicit call(const session& on) : until(on.call_deadline()) {}
    explicit call(steady_time by) : until(by) {}

    steady_time until;  // when the caller's call has to return, whatever it takes
    std::int64_t id = 0;
    std::int64_t epoch = 0;
    std::int64_t version = 0;
    std::int64_t limit = 0;
    std::int64_t after = 0;
    timestamp since{};
    std::int64_t priority = 0;
    std::int64_t delay = 0;
    std::optional<timestamp> run_at{};
    std::optional<front> begin{};
    std::string_view actor{};
    std::string_view key{};
    std::string_view token{};
    std::string_view fingerprint{};
    std::string_view inputs_fingerprint{};
    std::string_view state{};
    const void* inputs = nullptr;
    const void* job = nullptr;
    std::array<char, 16> nonce{};
    bound_rows* rows = nullptr;  // binds the change in place of the above
};

// A statement's parameters, checked and in order.
class [[gnu::visibility("hidden")]] store_core::bound {
public:
    result<void> bind(const catalog& statements, const compiled_statement& what, const call& values,
                      std::size_t max_payload);

    // What a parameter is bound to: null where only the transaction knows.
    static result<void> put(value & into, const spec& declared, const parameter& wanted,
                            const call& values, std::size_t& payload);

    // Fills what only the transaction knows.
    void set(const compiled_statement& what, slot from, const value& content);

    std::span<const value> values() const { return {first(), size_}; }

private:
    // Room for what nearly every statement takes, of which a call fills what it needs.
    static constexpr std::size_t usual = 96;
    union {
        value values_[usual];  // NOLINT(readability-identifier-naming)
    };
    std::vector<value> many_;  // in place of those, where they are not enough
    std::size_t size_ = 0;

    value* first() { return many_.empty() ? &values_[0] : many_.data(); }
    const value* first() const { return many_.empty() ? &values_[0] : many_.data(); }

public:
    bound() noexcept {}  // NOLINT(*-use-equals-default,*-member-init)
};

// The parameters of a statement over many rows: an array of each value that they do not share.
class [[gnu::visibility("hidden")]] store_core::bound_rows {
public:
    bound_rows(const catalog& statements, const compiled_statement& what, std::size_t max_payload)
        : statements_(&statements), what_(&what), max_payload_(max_payload) {}

    // Takes one more row, or the error of its values, which leaves the others as they are.
    result<void> add(const call& values);

    // Whether it is time to send them: one more row might be more than a statement should carry.
    bool full() const { return rows_ == most_rows || payload_ > most_bytes; }
    bool empty() const { return rows_ == 0; }

    // All parameters, until the next row is added. What the rows share is that of the first one; of
    // nonces, that of the last.
    std::span<const value> values();

    void clear();

private:
    void drop_unfinished();

    static constexpr std::size_t most_rows = 1000;
    static constexpr std::size_t most_bytes = 16U << 20U;

    const catalog* statements_;
    const compiled_statement* what_;
    std::size_t max_payload_;
    std::size_t rows_ = 0;
    std::size_t payload_ = 0;
    std::array<char, 16> nonce_{};
    std::vector<std::vector<value>> columns_;
    std::vector<value> all_;
};

// A change with what goes before and after it, bound and ready to run in a transaction.
class [[gnu::visibility("hidden")]] store_core::bound_plan {
public:
    result<void> bind(const catalog& statements, const plan& change, const call& values,
                      std::size_t max_payload);

    // Runs the change, and its followers for each row that was brought back.
    result<std::size_t> run(executor & transaction, row_sink on_row);

    // Whether the change found no job: one that was changed may still bring back no row.
    bool missed() const { return missed_; }

private:
    result<std::size_t> make(executor & transaction, const value& now, row_sink on_row);
    result<void> follow(executor & transaction, std::int64_t id, const value& now);

    const plan* change_ = nullptr;
    bound_rows* rows_ = nullptr;
    bool missed_ = false;
    bound search_;
    bound main_;
    bound back_;
    std::array<bound, max_followers> followers_;
};

// Why a change that was sent once missed its job.
class [[gnu::visibility("hidden")]] store_core::reason_seeker {
public:
    reason_seeker(store_core & store, const compiled_statement& read, const call& values,
                  const fire_call& fired, event_kind kind)
        : store_(store), read_(read), values_(values), fired_(fired), kind_(kind) {}

    // In the change's own transaction: a `look_around`.
    result<void> operator()(executor& transaction);

    // What was seen there, or else what is seen now: also where an earlier sending may still be
    // under way, which may have caused what was seen.
    result<std::optional<answer<raw_change>>> find(bool in_doubt);

private:
    store_core& store_;
    const compiled_statement& read_;
    const call& values_;
    const fire_call& fired_;
    event_kind kind_;
    bool looked_ = false;
    std::optional<answer<raw_change>> why_;
};

}  // namespace statemachine::detail
