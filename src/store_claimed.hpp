// The jobs that a claim has brought back, kept beyond its statement.
#pragma once

#include "store_call.hpp"

#include <string>
#include <vector>

namespace statemachine::detail {

// Its columns refer to its texts.
struct store_core::claimed_row {
    claimed_row() = default;
    claimed_row(claimed_row&&) = default;
    claimed_row& operator=(claimed_row&&) = default;

    raw_run run;
    std::int64_t priority = 0;
    std::vector<value> columns;
    std::vector<std::string> texts;
};

// A `row_sink`. Jobs with used-up attempts, which a claim ends, are left out.
class [[gnu::visibility("hidden")]] store_core::claimed_rows {
public:
    // `owner` outlives this.
    claimed_rows(const store_core& store, int event, std::string_view owner);

    void operator()(std::span<const value> row);
    void clear();

    // High priority first, and then in the order in which they were submitted.
    void sort();

    std::vector<claimed_row>& rows() { return rows_; }

    // Why a row cannot be shown, if there was one.
    const std::optional<error>& broken() const { return broken_; }

private:
    result<claimed_row> keep(std::span<const value> row, const raw_change& change) const;

    const store_core& store_;
    const int leads_to_;
    const std::string_view owner_;
    std::vector<claimed_row> rows_;
    std::optional<error> broken_;
};

}  // namespace statemachine::detail
