#include "store_call.hpp"

#include <limits>

namespace statemachine::detail {
namespace {

error does_not_fit(const column& declared) {
    return {errc::undeclared_value,
            "column '" + std::string{declared.name} +
                "' holds a value that its member cannot take: compare the table with the "
                "declaration"};
}

// As `field_info::write` does, without a job to write to.
bool takes(const field_info& member, const value& stored) {
    using int32 = std::numeric_limits<std::int32_t>;
    if (stored.is_null()) return member.optional;
    switch (member.type) {
        case column_type::boolean: return stored.integer() == 0 || stored.integer() == 1;
        case column_type::int32:
            return stored.integer() >= int32::min() && stored.integer() <= int32::max();
        default: return true;
    }
}

}  // namespace

// A change and its followers, all or nothing. Errors of the caller's values come first, before any
// statement is sent.
result<store_core::applied_plan> store_core::apply(const plan& change, const call& values,
                                                   row_sink on_row, const look_around& missed) {
    bound_plan ready;
    if (auto fine = ready.bind(*statements_, change, values, limits_.max_payload); !fine)
        return fine.error();
    applied_plan done;
    const access need = change.is_single() ? access::single : access::write;
    const auto body = [&](executor& transaction) -> result<verdict> {
        auto rows = ready.run(transaction, on_row);
        if (!rows) return std::move(rows).error();
        done.rows = rows.value();
        if (done.rows > 0) return verdict::commit;
        if (missed && ready.missed() && need != access::single)
            if (auto looked = (*missed)(transaction); !looked) return std::move(looked).error();
        return verdict::roll_back;
    };
    auto ended = session_->transact(need, values.until, body);
    if (!ended) return std::move(ended).error();
    done.end = ended.value();
    if (change.emits && done.rows > 0) session_->wakeups().ring();
    return done;
}

result<std::size_t> store_core::run_in(executor& transaction, const compiled_statement& what,
                                       const call& values, row_sink on_row) const {
    bound parameters;
    if (auto fine = parameters.bind(*statements_, what, values, limits_.max_payload); !fine)
        return fine.error();
    parameters.set(what, slot::now,
                   value::integer(column_type::time, transaction.now().time_since_epoch().count()));
    return transaction.execute(what.sql, parameters.values(), on_row);
}

result<std::size_t> store_core::query(const compiled_statement& what, const call& values,
                                      row_sink on_row) {
    std::size_t count = 0;
    const auto body = [&](executor& transaction) -> result<verdict> {
        auto rows = run_in(transaction, what, values, on_row);
        if (!rows) return std::move(rows).error();
        count = rows.value();
        return verdict::commit;
    };
    auto ended = session_->transact(access::read, values.until, body);
    if (!ended) return std::move(ended).error();
    return count;
}

std::string_view store_core::schema() const noexcept { return statements_->schema; }

const event_plans& store_core::plans(int event) const {
    return statements_->events[static_cast<std::size_t>(event)];
}

result<int> store_core::event_of(const event_ref& event, event_kind wanted) const {
    const spec& declared = *statements_->declared;
    const int found = declared.event_named(event.name());
    const auto quoted = [&] { return "'" + std::string{event.name()} + "'"; };
    if (found == nowhere ||
        declared.events[static_cast<std::size_t>(found)].inputs != event.inputs())
        return error(errc::invalid_argument,
                     "the machine declares no event " + quoted() + " with these inputs");
    const event_kind kind = declared.events[static_cast<std::size_t>(found)].kind;
    if (kind == wanted) return found;
    switch (kind) {
        case event_kind::claim:
            return error(errc::invalid_argument,
                         quoted() + " is a claim: call claim, claim_many or claim_by_id");
        case event_kind::step:
            return error(errc::invalid_argument,
                         quoted() +
                             " is a leased step: call fire with the run that holds the "
                             "lease");
        case event_kind::control:
            return error(errc::invalid_argument,
                         quoted() +
                             " is a control event: call fire with the job's id and "
                             "sm::version or sm::any_version");
        case event_kind::renewal: break;
    }
    return error(errc::invalid_argument, quoted() + " is a renewal: call renew");
}

result<int> store_core::state_named(std::string_view name) const {
    const auto states = statements_->declared->states;
    for (std::size_t i = 0; i < states.size(); ++i)
        if (states[i].name == name) return static_cast<int>(i);
    // Tokens keep the name that a state had when they were used.
    for (std::size_t i = 0; i < states.size(); ++i)
        if (!name.empty() && states[i].formerly == name) return static_cast<int>(i);
    return error(errc::undeclared_value,
                 "a job is in state '" + std::string{name} +
                     "', which this program does not declare: a newer version of it wrote the row; "
                     "the other jobs are not affected");
}

// Whether each column of a job fits its member.
result<void> store_core::check_job(std::span<const value> stored) const {
    const auto declared = statements_->declared->columns;
    for (std::size_t i = 0; i < declared.size(); ++i)
        if (!takes(*declared[i].field, stored[i])) return does_not_fit(declared[i]);
    return success();
}

result<void> store_core::fill(void* job, std::span<const value> columns) const {
    const auto declared = statements_->declared->columns;
    for (std::size_t i = 0; i < declared.size(); ++i)
        if (!declared[i].field->write(job, columns[i])) return does_not_fit(declared[i]);
    return success();
}

}  // namespace statemachine::detail
