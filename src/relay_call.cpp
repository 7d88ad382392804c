#include "relay_call.hpp"
#include "render/emit.hpp"

#include "replies.hpp"

#include <array>

namespace statemachine::detail {
namespace {

constexpr std::size_t most_parameters = 16;

value value_of(const parameter& wanted, const relay_values& values, timestamp now) {
    const auto number = [&](std::int64_t content) { return value::integer(wanted.type, content); };
    switch (wanted.from) {
        case slot::now: return number(now.time_since_epoch().count());
        case slot::consumer: return value::view(wanted.type, values.consumer);
        case slot::error: return value::view(wanted.type, values.error);
        case slot::run_at:
            return values.starts_at ? number(values.starts_at->time_since_epoch().count())
                                    : value::null(wanted.type);
        case slot::id: return number(values.job);
        case slot::version: return number(values.version);
        case slot::part: return number(values.part);
        case slot::epoch: return number(values.epoch);
        case slot::tries: return number(values.tries);
        case slot::generation: return number(values.generation);
        case slot::delay: return number(values.delay);
        case slot::limit: return number(values.limit);
        default: return value::null(wanted.type);
    }
}

}  // namespace

relay_values values_of(std::string_view group, const emission& event) {
    relay_values values;
    values.consumer = group;
    values.job = event.job;
    values.version = event.version;
    values.part = event.part;
    values.epoch = event.epoch;
    return values;
}

// The order of columns is `delivery_types`, and that of `parked_types` begins so.
emission emission_of(const spec& declared, std::span<const value> row) {
    emission event;
    event.job = row[0].integer();
    event.version = row[1].integer();
    event.part = static_cast<int>(row[2].integer());
    event.topic = row[3].text();
    event.at = time_of(row[4]);
    event.epoch = row[5].integer();
    event.tries = static_cast<int>(row[6].integer());
    event.id.append(declared.table).append("-").append(std::to_string(event.job));
    event.id.append("-").append(std::to_string(event.version));
    if (event.part == part_of_lost_run) event.id.append("-expired");
    return event;
}

result<std::size_t> send(executor& transaction, const compiled_statement& what,
                         const relay_values& values, row_sink on_row) {
    std::array<value, most_parameters> bound{};
    std::size_t size = 0;
    for (const parameter& wanted : what.parameters)
        bound.at(size++) = value_of(wanted, values, transaction.now());
    return transaction.execute(what.sql, std::span{bound}.first(size), on_row);
}

result<std::size_t> send_alone(session& on, access need, const compiled_statement& what,
                               const relay_values& values, row_sink on_row) {
    std::size_t count = 0;
    auto ended = on.transact(need, [&](executor& transaction) -> result<verdict> {
        auto rows = send(transaction, what, values, on_row);
        if (!rows) return std::move(rows).error();
        count = rows.value();
        return verdict::commit;
    });
    if (!ended) return std::move(ended).error();
    return count;
}

result<std::size_t> send_alone(session& on, access need, const compiled_statement& what,
                               const relay_values& values) {
    return send_alone(on, need, what, values, [](std::span<const value>) {});
}

result<std::optional<std::int64_t>> next_generation(session& on, const relay_catalog& statements,
                                                    std::int64_t behind) {
    relay_values values;
    values.generation = behind;
    std::optional<std::int64_t> found;
    auto asked = send_alone(on, access::read, statements.next_generation, values,
                            [&](std::span<const value> row) {
                                if (!row[0].is_null()) found = row[0].integer();
                            });
    if (!asked) return std::move(asked).error();
    return found;
}

}  // namespace statemachine::detail
