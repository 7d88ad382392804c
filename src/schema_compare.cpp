#include "schema_compare.hpp"

#include <algorithm>

namespace statemachine::detail {
namespace {

std::string of_table(std::string_view what, std::string_view name, std::string_view table) {
    std::string text{what};
    return text.append(" '").append(name).append("' of '").append(table).append("'");
}

class table_comparison {
public:
    table_comparison(const spec& declared, const declared_schema& tables, const found_schema& found)
        : declared_(declared), tables_(tables), found_(found) {}

    std::vector<difference> run() {
        for (std::size_t i = 0; i < tables_.tables.size(); ++i)
            compare_table(tables_.tables[i], found_[i]);
        for (const declared_object& each : tables_.indexes) compare_index(each);
        const found_table* const jobs = find_named(found_, declared_.table);
        if (jobs != nullptr && jobs->exists) compare_states(*jobs);
        return std::move(all_);
    }

private:
    void add(weight how, std::string sentence) { all_.push_back({how, std::move(sentence)}); }

    void compare_table(const declared_table& wanted, const found_table& there) {
        if (!there.exists)
            return add(weight::harmful,
                       "the table '" + there.name + "' does not exist: migrate the schema");
        if (there.hidden)
            add(weight::harmful,
                "row level security may hide rows of '" + there.name +
                    "' from this role, and a hidden job looks like a lost race: use the table's "
                    "owner without FORCE, or a role with BYPASSRLS");
        for (const declared_column& each : wanted.columns) {
            const found_column* const column = find_named(there.columns, each.name);
            if (column == nullptr)
                add(weight::harmful, "the table '" + there.name + "' lacks the column '" +
                                         std::string{each.name} + "': migrate the schema");
            else
                compare_column(there.name, each, *column);
        }
        for (const found_column& each : there.columns) {
            if (find_named(wanted.columns, each.name) != nullptr) continue;
            std::string sentence = of_table("the column", each.name, there.name);
            if (each.mandatory && !each.filled)
                add(weight::harmful, sentence.append(" is mandatory and not declared, so that no "
                                                     "job can be added: declare it or drop it"));
            else
                add(weight::remark, sentence.append(" is not declared"));
        }
    }

    void compare_column(std::string_view table, const declared_column& wanted,
                        const found_column& there) {
        const std::string column = of_table("the column", there.name, table);
        if (there.type != wanted.type)
            add(weight::harmful, column + " has the type " + there.type + " instead of " +
                                     std::string{wanted.type} +
                                     ": convert it, or declare another column");
        if (wanted.mandatory && !there.mandatory)
            add(weight::harmful, column +
                                     " takes NULL, and its member is not optional: fill it and "
                                     "make it NOT NULL, or make the member optional");
        if (!wanted.mandatory && there.mandatory)
            add(weight::harmful, column +
                                     " is NOT NULL, and its member is optional: make the column "
                                     "nullable, or the member mandatory");
        if (wanted.counted && !there.counted)
            add(weight::harmful,
                column + " may give a number twice: it has to be declared as in the schema's text");
    }

    void compare_index(const declared_object& wanted) {
        const found_table* const table = find_named(found_, wanted.table);
        if (table == nullptr || !table->exists) return;
        const found_object* const there = find_named(table->indexes, wanted.name);
        const std::string index = of_table("the index", wanted.name, wanted.table);
        if (there == nullptr)
            add(weight::pending, index + " does not exist: migrate the schema");
        else if (wanted.statement.starts_with("CREATE UNIQUE ") &&
                 there->definition.find("UNIQUE") == std::string::npos)
            add(weight::harmful, index + " is not unique: drop it and migrate the schema");
        else if (there->invalid)
            add(weight::pending, index + " was not completed: migrate the schema");
    }

    void compare_states(const found_table& jobs) {
        for (const std::string& name : holders_of_states(declared_, tables_)) {
            const found_object* const holder = find_named(jobs.states, name);
            const std::string what =
                "'" + name + "' of '" + jobs.name + "', which holds the states,";
            if (holder == nullptr) {
                add(weight::harmful, what + " does not exist: migrate the schema");
                continue;
            }
            if (holder->invalid)
                add(weight::pending, what + " was not applied to old rows: migrate the schema");
            for (const std::string& each : misheld_limits(declared_, tables_, *holder))
                add(weight::ranged,
                    std::string{what}
                        .append(" does not hold '")
                        .append(each)
                        .append("' to the range of its member: migrate the schema"));
            const auto held = states_in(holder->definition);
            for (const state_spec& each : declared_.states)
                if (std::find(held.begin(), held.end(), each.name) == held.end())
                    add(weight::harmful,
                        what + " lacks '" + std::string{each.name} + "': migrate the schema");
            for (const std::string_view each : held)
                if (!declares_state(declared_, each))
                    add(weight::remark,
                        what + " allows '" + std::string{each} + "', which is not declared");
        }
    }

    const spec& declared_;
    const declared_schema& tables_;
    const found_schema& found_;
    std::vector<difference> all_;
};

}  // namespace

bool declares_state(const spec& declared, std::string_view name) {
    return find_named(declared.states, name) != nullptr;
}

bool declares_number(const spec& declared, std::string_view column_name) {
    const auto ours = [&](const column& each) {
        return each.name == column_name || each.formerly == column_name;
    };
    return column_name == "priority" ||
           std::any_of(declared.columns.begin(), declared.columns.end(), ours);
}

std::vector<std::string> holders_of_states(const spec& declared, const declared_schema& tables) {
    std::vector<std::string> names;
    for (const declared_object& each : tables.triggers) names.emplace_back(each.name);
    if (names.empty()) names.push_back(std::string{declared.table} + "_state");
    return names;
}

std::vector<std::string> misheld_limits(const spec& declared, const declared_schema& tables,
                                        const found_object& holder) {
    std::vector<std::string> misheld;
    if (tables.triggers.empty()) return misheld;
    const auto held = limited_in(holder.definition);
    const auto wanted = limited_in(tables.triggers.front().statement);
    for (const limited& each : wanted)
        if (std::find(held.begin(), held.end(), each) == held.end()) misheld.push_back(each.column);
    for (const limited& each : held) {
        const auto same = [&](const limited& other) { return other.column == each.column; };
        if (std::none_of(wanted.begin(), wanted.end(), same) &&
            declares_number(declared, each.column))
            misheld.push_back(each.column);
    }
    return misheld;
}

std::vector<difference> compare(const spec& declared, const declared_schema& tables,
                                const found_schema& found) {
    return table_comparison(declared, tables, found).run();
}

}  // namespace statemachine::detail
