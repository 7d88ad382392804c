// The jobs that a claim has brought back, kept beyond its statement.
#pragma once

#include "store_call.hpp"

#include <memory>
#include <memory_resource>
#include <span>
#include <vector>

namespace statemachine::detail {

struct store_core::claimed_row {
    std::int64_t id = 0;
    std::int64_t version = 0;
    std::int64_t epoch = 0;
    int attempts = 0;
    timestamp lease_until{};
    std::int64_t priority = 0;
    std::span<const value> columns{};
};

// The columns of all rows, with their texts, in a few pieces of memory, where each row had some
// three allocations of its own. Threads that claimed together share them.
struct store_core::claimed_jobs {
    std::vector<claimed_row> rows{};
    std::shared_ptr<std::pmr::monotonic_buffer_resource> columns{};
};

// A `row_sink`. Jobs with used-up attempts, which a claim ends, are left out.
class [[gnu::visibility("hidden")]] store_core::claimed_rows {
public:
    explicit claimed_rows(const store_core& store) : store_(store) {}

    void operator()(std::span<const value> row);
    void clear();

    // High priority first, and then in the order in which they were submitted.
    void sort();

    claimed_jobs& jobs() { return jobs_; }

    // Why a row cannot be shown, if there was one.
    const std::optional<error>& broken() const { return broken_; }

private:
    std::span<const value> keep(std::span<const value> columns);

    const store_core& store_;
    claimed_jobs jobs_;
    std::optional<error> broken_;
};

}  // namespace statemachine::detail
