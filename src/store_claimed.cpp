#include "store_claimed.hpp"

#include "render/brought.hpp"
#include "replies.hpp"

#include <algorithm>
#include <new>

namespace statemachine::detail {

// The order of columns is `claim_columns`.
void store_core::claimed_rows::operator()(std::span<const value> row) {
    if (row[4].is_null()) return;
    const auto columns = row.subspan(claim_columns.size());
    if (auto fine = store_.check_job(columns); !fine) {
        broken_ = std::move(fine).error();
        return;
    }
    jobs_.rows.push_back({.id = row[0].integer(),
                          .version = row[1].integer(),
                          .epoch = row[2].integer(),
                          .attempts = static_cast<int>(row[3].integer()),
                          .lease_until = time_of(row[4]),
                          .priority = row[5].integer(),
                          .columns = keep(columns)});
}

void store_core::claimed_rows::clear() {
    jobs_ = {};
    broken_.reset();
}

// An UPDATE returns its rows in no order.
void store_core::claimed_rows::sort() {
    std::ranges::sort(jobs_.rows, [](const claimed_row& a, const claimed_row& b) {
        return a.priority != b.priority ? a.priority > b.priority : a.id < b.id;
    });
}

std::span<const value> store_core::claimed_rows::keep(std::span<const value> columns) {
    if (columns.empty()) return {};
    // Not of the program's own default, which may have none for us, or not for all threads.
    if (!jobs_.columns)
        jobs_.columns =
            std::make_shared<std::pmr::monotonic_buffer_resource>(std::pmr::new_delete_resource());
    std::pmr::polymorphic_allocator<> room(jobs_.columns.get());
    auto* const kept = room.allocate_object<value>(columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const std::string_view text = columns[i].text();
        char* const copy = text.empty() ? nullptr : room.allocate_object<char>(text.size());
        std::copy(text.begin(), text.end(), copy);
        const bool is_text = !columns[i].is_null() && is_view(columns[i].type());
        new (kept + i)
            value(is_text ? value::view(columns[i].type(), {copy, text.size()}) : columns[i]);
    }
    return {kept, columns.size()};
}

// Gives the caller its runs.
result<void> store_core::hand_out(int event, std::span<const claimed_row> rows,
                                  std::string_view owner, run_maker make) const {
    raw_run run;
    run.owner = owner;
    run.state = statements_->declared->claim_rule(event).to;
    for (const claimed_row& each : rows) {
        run.id = each.id;
        run.epoch = each.epoch;
        run.version = each.version;
        run.attempts = each.attempts;
        run.lease_until = each.lease_until;
        if (auto filled = fill(make(run), each.columns); !filled) return filled;
    }
    return success();
}

}  // namespace statemachine::detail
