#include "schema_found.hpp"

namespace statemachine::detail {
namespace {

constexpr column_type four_texts[] = {column_type::text, column_type::text, column_type::text,
                                      column_type::text};
constexpr column_type number_and_text[] = {column_type::int64, column_type::text};

void add(found_table& table, std::span<const value> row) {
    const std::string_view what = row[0].text();
    const std::string name{row[1].text()};
    const std::string definition{row[2].text()};
    const auto has = [&](std::string_view trait) {
        return row[3].text().find(trait) != std::string_view::npos;
    };
    if (what == "table") {
        table.exists = true;
        table.hidden = has("hidden ");
    } else if (what == "column") {
        table.columns.push_back(
            {name, definition, has("mandatory "), has("filled "), has("counted ")});
    } else if (what == "index") {
        table.indexes.push_back({name, definition, has("invalid ")});
    } else {
        table.states.push_back({name, definition, has("invalid ")});
    }
}

}  // namespace

result<found_schema> look_at_schema(executor& transaction, const dialect& speech,
                                    const declared_schema& declared) {
    found_schema all;
    for (const declared_table& each : declared.tables) {
        found_table& table = all.emplace_back();
        table.name = each.name;
        const value name = value::view(column_type::text, each.name);
        auto rows = transaction.execute({speech.schema.found, four_texts}, {&name, 1},
                                        [&](std::span<const value> row) { add(table, row); });
        if (!rows) return std::move(rows).error();
    }
    return all;
}

result<std::vector<past_declaration>> look_at_history(executor& transaction,
                                                      const found_schema& found,
                                                      std::string_view job_table) {
    std::vector<past_declaration> all;
    const std::string name = std::string{job_table} + "_schema";
    const found_table* const table = find_named(found, name);
    if (table == nullptr || !table->exists) return all;
    const std::string text =
        "SELECT \"number\", \"declaration\" FROM " + quoted(name) + " ORDER BY \"number\"";
    auto rows =
        transaction.execute({text, number_and_text, false}, {}, [&](std::span<const value> row) {
            all.push_back({row[0].integer(), std::string{row[1].text()}});
        });
    if (!rows) return std::move(rows).error();
    return all;
}

}  // namespace statemachine::detail
