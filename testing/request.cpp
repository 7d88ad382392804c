#include "request.hpp"

#include <algorithm>

namespace statemachine::testing {

namespace {

// The change itself, or the statement after it that reads its row back.
std::size_t bringer_of_rows(const request& sent) {
    const bool reads_back = sent.parts.front().what.results.empty() && sent.parts.size() > 1 &&
                            sent.parts[1].what.text.starts_with("SELECT ");
    return reads_back ? 1 : 0;
}

std::size_t followers_of(const request& sent) {
    return sent.parts.size() - 1 - bringer_of_rows(sent);
}

}  // namespace

result<std::size_t> request_copy::execute(const statement& what, std::span<const value> parameters,
                                          row_sink on_row) {
    request::part& part = kept_.parts.emplace_back();
    part.what = what;
    part.texts.reserve(parameters.size());
    for (const value& each : parameters) {
        if (each.is_null() || !is_view(each.type())) {
            part.parameters.push_back(each);
            continue;
        }
        part.texts.emplace_back(each.text());
        part.parameters.push_back(value::view(each.type(), part.texts.back()));
    }
    const bool is_change = kept_.parts.size() == 1;
    const bool brings_rows = !missed_ && &part == &kept_.parts[bringer_of_rows(kept_)];
    auto done = inner_.execute(what, parameters, [&](std::span<const value> row) {
        if (brings_rows && !row.empty()) kept_.ids.push_back(row[0].integer());
        on_row(row);
    });
    // What follows then tells why.
    if (is_change) missed_ = done && done.value() == 0;
    return done;
}

bool travels_at_once(const request& sent) {
    if (sent.ids.empty() || followers_of(sent) % sent.ids.size() != 0) return false;
    const std::string_view change = sent.parts.front().what.text;
    const auto is_another_change = [&](const request::part& part) {
        return part.what.text == change || part.what.text.starts_with("UPDATE ") ||
               part.what.text.starts_with("SELECT ");
    };
    return sent.parts.front().what.prepared &&
           std::none_of(sent.parts.end() - static_cast<std::ptrdiff_t>(followers_of(sent)),
                        sent.parts.end(), is_another_change);
}

namespace {

// What only the arrival decides: the moment, and which row it is.
std::vector<value> rebound(const request::part& part, timestamp before, timestamp now,
                           std::int64_t id_before, std::int64_t id) {
    std::vector<value> parameters = part.parameters;
    for (value& each : parameters) {
        if (each.is_null()) continue;
        if (each.type() == column_type::time && each.integer() == before.time_since_epoch().count())
            each = value::integer(column_type::time, now.time_since_epoch().count());
        if (each.type() == column_type::int64 && each.integer() == id_before)
            each = value::integer(column_type::int64, id);
    }
    return parameters;
}

}  // namespace

result<verdict> arrive(const request& sent, executor& transaction) {
    const timestamp now = transaction.now();
    const std::int64_t no_id = -1;
    std::vector<std::int64_t> ids;
    const std::size_t bringer = bringer_of_rows(sent);
    for (std::size_t i = 0; i <= bringer; ++i) {
        const auto& change = sent.parts[i];
        auto rows = transaction.execute(
            change.what, rebound(change, sent.bound_at, now, no_id, no_id),
            [&](std::span<const value> row) { ids.push_back(row[0].integer()); });
        if (!rows) return std::move(rows).error();
        if (rows.value() == 0) return verdict::roll_back;
    }
    const std::size_t followers = followers_of(sent) / sent.ids.size();
    for (const std::int64_t id : ids)
        for (std::size_t i = 1; i <= followers; ++i) {
            const auto& next = sent.parts[bringer + i];
            auto followed = transaction.execute(
                next.what, rebound(next, sent.bound_at, now, sent.ids.front(), id),
                [](std::span<const value>) {});
            if (!followed) return std::move(followed).error();
        }
    return verdict::commit;
}

}  // namespace statemachine::testing
