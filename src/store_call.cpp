#include "store_call.hpp"

#include "identity.hpp"

#include <algorithm>
#include <limits>
#include <memory>

namespace statemachine::detail {
namespace {

// A priority that no job is behind.
constexpr std::int64_t before_all = std::numeric_limits<std::int32_t>::min();

value text_or_null(std::string_view text) {
    return text.empty() ? value::null(column_type::text) : value::view(column_type::text, text);
}

std::string_view name_of(const spec& declared, const parameter& wanted) {
    const maybe<column> column = declared.column_of(wanted.field);
    return column ? column->name : wanted.field->spelling;
}

result<void> check_payload(std::size_t payload, std::size_t most) {
    if (payload <= most) return success();
    return error(errc::too_large, "the texts and byte strings of this call hold " +
                                      std::to_string(payload) + " bytes and may hold " +
                                      std::to_string(most) +
                                      ": keep the content elsewhere and store where it is, or "
                                      "raise store_options::max_payload");
}

}  // namespace

result<void> store_core::bound::put(value& into, const spec& declared, const parameter& wanted,
                                    const call& values, std::size_t& payload) {
    const auto number = [&](std::int64_t content) { into = value::integer(wanted.type, content); };
    switch (wanted.from) {
        case slot::id: number(values.id); break;
        case slot::epoch: number(values.epoch); break;
        case slot::version: number(values.version); break;
        case slot::limit: number(values.limit); break;
        case slot::since: number(values.since.time_since_epoch().count()); break;
        case slot::after: number(values.after); break;
        case slot::priority: number(values.priority); break;
        case slot::delay: number(values.delay); break;
        case slot::run_at:
            into = values.run_at
                       ? value::integer(wanted.type, values.run_at->time_since_epoch().count())
                       : value::null(wanted.type);
            break;
        case slot::front_priority:
            number(values.begin ? values.begin->priority : before_all);
            break;
        case slot::front_run_at:
            into = values.begin ? value::integer(wanted.type,
                                                 values.begin->run_at.time_since_epoch().count())
                                : value::null(wanted.type);
            break;
        case slot::actor: into = text_or_null(values.actor); break;
        case slot::key: into = text_or_null(values.key); break;
        case slot::token: into = text_or_null(values.token); break;
        case slot::fingerprint: into = text_or_null(values.fingerprint); break;
        case slot::inputs_fingerprint: into = text_or_null(values.inputs_fingerprint); break;
        case slot::state: into = text_or_null(values.state); break;
        case slot::nonce:
            into = value::view(wanted.type, {values.nonce.data(), values.nonce.size()});
            break;
        case slot::constant: into = wanted.constant; break;
        case slot::jitter: into = value::real(wanted.constant.real() * make_share()); break;
        case slot::share: into = value::real(make_share()); break;
        case slot::input:
        case slot::column: {
            into = wanted.field->read(wanted.from == slot::input ? values.inputs : values.job);
            if (auto fine = check_value(name_of(declared, wanted), into); !fine) return fine;
            payload += into.text().size();
            break;
        }
        case slot::now:
        case slot::consumer:
        case slot::generation:
        case slot::part:
        case slot::tries:
        case slot::error: into = value::null(wanted.type); break;
    }
    return success();
}

result<void> store_core::bound::bind(const catalog& statements, const compiled_statement& what,
                                     const call& values, std::size_t max_payload) {
    std::size_t payload = 0;
    size_ = 0;
    many_.resize(what.parameters.size() > usual ? what.parameters.size() : 0);
    for (const parameter& wanted : what.parameters) {
        value& into = *std::construct_at(first() + size_++);
        if (auto fine = put(into, *statements.declared, wanted, values, payload); !fine)
            return fine;
    }
    return check_payload(payload, max_payload);
}

result<void> store_core::bound_rows::add(const call& values) {
    std::size_t payload = 0;
    columns_.resize(what_->parameters.size());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const parameter& wanted = what_->parameters[i];
        if (rows_ > 0 && !wanted.many) continue;
        if (auto fine = bound::put(columns_[i].emplace_back(), *statements_->declared, wanted,
                                   values, payload);
            !fine) {
            drop_unfinished();
            return fine;
        }
    }
    if (auto fine = check_payload(payload, max_payload_); !fine) {
        drop_unfinished();
        return fine;
    }
    nonce_ = values.nonce;
    payload_ += payload;
    ++rows_;
    return success();
}

void store_core::bound_rows::drop_unfinished() {
    for (std::vector<value>& each : columns_)
        if (each.size() > rows_) each.pop_back();
}

std::span<const value> store_core::bound_rows::values() {
    all_.clear();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const std::vector<value>& column = columns_[i];
        const parameter& wanted = what_->parameters[i];
        // A value that no row has is an array without elements: it is short.
        const auto missing = [](const value& each) { return each.is_null(); };
        if (wanted.from == slot::nonce)
            all_.push_back(value::view(wanted.type, {nonce_.data(), nonce_.size()}));
        else if (!wanted.many)
            all_.push_back(column.front());
        else if (std::all_of(column.begin(), column.end(), missing))
            all_.push_back(value::array(wanted.type, {}));
        else
            all_.push_back(value::array(wanted.type, column));
    }
    return all_;
}

void store_core::bound_rows::clear() {
    for (std::vector<value>& each : columns_) each.clear();
    rows_ = payload_ = 0;
}

void store_core::bound::set(const compiled_statement& what, slot from, const value& content) {
    for (std::size_t i = 0; i < size_; ++i)
        if (what.parameters[i].from == from) first()[i] = content;
}

result<void> store_core::bound_plan::bind(const catalog& statements, const plan& change,
                                          const call& values, std::size_t max_payload) {
    change_ = &change;
    rows_ = values.rows;
    if (rows_ != nullptr) return success();
    const auto bound = [&](store_core::bound& into, const compiled_statement& what) {
        return into.bind(statements, what, values, max_payload);
    };
    if (auto fine = bound(main_, change.change); !fine) return fine;
    if (auto fine = bound(search_, change.search); !fine) return fine;
    if (auto fine = bound(back_, change.read_back); !fine) return fine;
    for (std::size_t i = 0; i < change.follower_count; ++i)
        if (auto fine = bound(followers_[i], change.followers[i]); !fine) return fine;
    return success();
}

// The change itself, which brings back the row of each job that it was made to.
result<std::size_t> store_core::bound_plan::make(executor& transaction, const value& now,
                                                 row_sink on_row) {
    const plan& what = *change_;
    if (rows_ != nullptr) return transaction.execute(what.change.sql, rows_->values(), on_row);
    main_.set(what.change, slot::now, now);
    if (!what.search.sql.text.empty()) {
        std::optional<value> id;
        search_.set(what.search, slot::now, now);
        auto found = transaction.execute(what.search.sql, search_.values(),
                                         [&](std::span<const value> row) { id = row[0]; });
        missed_ = found && !id;
        if (!found || !id) return found;
        main_.set(what.change, slot::id, *id);
        back_.set(what.read_back, slot::id, *id);
    }
    auto made = transaction.execute(what.change.sql, main_.values(), on_row);
    missed_ = made && made.value() == 0;
    if (!made || made.value() == 0 || what.read_back.sql.text.empty()) return made;
    return transaction.execute(what.read_back.sql, back_.values(), on_row);
}

result<std::size_t> store_core::bound_plan::run(executor& transaction, row_sink on_row) {
    const auto now =
        value::integer(column_type::time, transaction.now().time_since_epoch().count());
    std::optional<std::int64_t> first;  // most changes are of one row
    std::vector<std::int64_t> others;
    auto rows = make(transaction, now, [&](std::span<const value> row) {
        if (!first)
            first = row[0].integer();
        else if (change_->follower_count > 0)
            others.push_back(row[0].integer());
        on_row(row);
    });
    if (!rows || !first) return rows;
    auto followed = follow(transaction, *first, now);
    for (std::size_t i = 0; followed && i < others.size(); ++i)
        followed = follow(transaction, others[i], now);
    if (!followed) return std::move(followed).error();
    return rows;
}

result<void> store_core::bound_plan::follow(executor& transaction, std::int64_t id,
                                            const value& now) {
    for (std::size_t i = 0; i < change_->follower_count; ++i) {
        const compiled_statement& next = change_->followers[i];
        followers_[i].set(next, slot::id, value::integer(column_type::int64, id));
        followers_[i].set(next, slot::now, now);
        auto followed =
            transaction.execute(next.sql, followers_[i].values(), [](std::span<const value>) {});
        if (!followed) return std::move(followed).error();
    }
    return success();
}

}  // namespace statemachine::detail
