#include "store_claimed.hpp"

#include "render/change.hpp"

#include <algorithm>

namespace statemachine::detail {

store_core::claimed_rows::claimed_rows(const store_core& store, int event, std::string_view owner)
    : store_(store), leads_to_(store.statements_->declared->claim_rule(event).to), owner_(owner) {}

void store_core::claimed_rows::operator()(std::span<const value> row) {
    auto change = store_.change_of(row);
    if (change && change.value().to != leads_to_) return;
    auto kept = change ? keep(row, change.value()) : std::move(change).error();
    if (kept)
        rows_.push_back(std::move(kept).value());
    else
        broken_ = std::move(kept).error();
}

void store_core::claimed_rows::clear() {
    rows_.clear();
    broken_.reset();
}

// An UPDATE returns its rows in no order.
void store_core::claimed_rows::sort() {
    std::ranges::sort(rows_, [](const claimed_row& a, const claimed_row& b) {
        return a.priority != b.priority ? a.priority > b.priority : a.run.id < b.run.id;
    });
}

// Views become texts of its own.
result<store_core::claimed_row> store_core::claimed_rows::keep(std::span<const value> row,
                                                               const raw_change& change) const {
    if (auto fine = store_.check_job(row); !fine) return std::move(fine).error();
    claimed_row kept;
    kept.run.id = change.id;
    kept.run.epoch = change.epoch;
    kept.run.version = change.version;
    kept.run.state = change.to;
    kept.run.attempts = change.attempts;
    kept.run.lease_until = change.lease_until.value_or(timestamp{});
    kept.run.owner = owner_;
    kept.priority = row[9].integer();
    const auto columns = row.subspan(change_columns.size());
    kept.texts.reserve(columns.size());
    for (const value& each : columns) {
        if (each.is_null() || !is_view(each.type())) {
            kept.columns.push_back(each);
            continue;
        }
        kept.texts.emplace_back(each.text());
        kept.columns.push_back(value::view(each.type(), kept.texts.back()));
    }
    return kept;
}

}  // namespace statemachine::detail
