#include "migrate_plan.hpp"
#include "render/schema.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace statemachine::detail {
namespace {

std::string in_hex(std::string_view content) {
    std::string digits;
    for (const char each : content) {
        const auto byte = static_cast<unsigned char>(each);
        digits.push_back("0123456789abcdef"[byte >> 4U]);
        digits.push_back("0123456789abcdef"[byte & 15U]);
    }
    return digits;
}

std::string between(std::string_view open, const std::string& content, std::string_view close) {
    return std::string{open}.append(content).append(close);
}

std::string text_literal(std::string_view content) {
    std::string text(1, '\'');
    for (const char each : content) text.append(each == '\'' ? 2 : 1, each);
    return text.append(1, '\'');
}

std::string real_literal(double number) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    std::string text(digits, end);
    // Without a point it would be an integer, and "1e+22" has none either.
    if (text.find_first_of(".e") == text.npos) text.append(".0");
    return text;
}

// None for what no text can say.
std::optional<std::string> literal(const dialect& speech, const value& content) {
    const schema_dialect& how = speech.schema;
    switch (content.type()) {
        case column_type::boolean: return content.integer() != 0 ? "TRUE" : "FALSE";
        case column_type::int32:
        case column_type::int64: return std::to_string(content.integer());
        case column_type::real:
            if (!std::isfinite(content.real())) return std::nullopt;
            return real_literal(content.real());
        case column_type::bytes:
            return between(how.bytes_open, in_hex(content.text()), how.bytes_close);
        case column_type::time:
            return between(how.time_open, std::to_string(content.integer()), how.time_close);
        default:
            if (content.text().find('\0') != std::string_view::npos) return std::nullopt;
            return text_literal(content.text());
    }
}

class planning {
public:
    planning(const catalog& statements, const declared_schema& tables, const found_schema& found)
        : statements_(statements),
          declared_(*statements.declared),
          speech_(*statements.speech),
          tables_(tables),
          found_(found) {}

    result<migration_plan> run() {
        for (std::size_t i = 0; i < tables_.tables.size(); ++i) {
            if (!found_[i].exists) {
                make_table(tables_.tables[i]);
                continue;
            }
            if (auto fine = change_columns(tables_.tables[i], found_[i]); !fine)
                return std::move(fine).error();
            if (found_[i].name == declared_.table) hold_states(found_[i]);
            if (speech_.schema.concurrently.empty()) add_indexes(found_[i]);
        }
        return std::move(made_);
    }

private:
    void add(std::string statement) { made_.together.push_back(std::move(statement)); }

    std::string alter(std::string_view table) const { return "ALTER TABLE " + quoted(table); }

    void make_table(const declared_table& table) {
        add(std::string{table.statement});
        for (const declared_object& each : tables_.triggers)
            if (each.table == table.name) add(std::string{each.statement});
        for (const declared_object& each : tables_.indexes)
            if (each.table == table.name) add(std::string{each.statement});
    }

    void add_indexes(const found_table& there) {
        for (const declared_object& each : tables_.indexes)
            if (each.table == there.name && find_named(there.indexes, each.name) == nullptr)
                add(std::string{each.statement});
    }

    result<void> change_columns(const declared_table& wanted, const found_table& there) {
        for (const declared_column& each : wanted.columns) {
            const column* const own =
                there.name == declared_.table ? find_named(declared_.columns, each.name) : nullptr;
            const found_column* column = find_named(there.columns, each.name);
            if (column == nullptr && own != nullptr && !own->formerly.empty()) {
                column = find_named(there.columns, own->formerly);
                if (column != nullptr)
                    add(alter(there.name) + " RENAME COLUMN " + quoted(own->formerly) + " TO " +
                        quoted(own->name));
            }
            if (column == nullptr) {
                if (auto fine = add_column(there.name, each, own); !fine) return fine;
            } else if (column->mandatory && !each.mandatory && speech_.schema.relaxes_columns) {
                add(alter(there.name) + " ALTER COLUMN " + quoted(each.name) + " DROP NOT NULL");
            }
        }
        return success();
    }

    result<void> add_column(std::string_view table, const declared_column& wanted,
                            const column* own) {
        std::string statement =
            alter(table) + " ADD COLUMN " + quoted(wanted.name) + std::string{wanted.definition};
        if (wanted.mandatory && wanted.definition.find(" DEFAULT ") == std::string_view::npos) {
            const auto given = own != nullptr
                                   ? literal(speech_, own->field->read(statements_.fresh_job()))
                                   : std::nullopt;
            if (!given)
                return error(errc::schema_drifted,
                             "the table '" + std::string{table} + "' lacks the mandatory column '" +
                                 std::string{wanted.name} +
                                 "', and nothing says what it holds in the rows that exist: " +
                                 (own != nullptr ? "give its member another default, or make it "
                                                   "optional"
                                                 : "is it another program's table?"));
            statement.append(" DEFAULT ").append(*given);
        }
        add(std::move(statement));
        return success();
    }

    // Replaces what holds the states where it is not what it should be, and renames states while
    // nothing holds them.
    void hold_states(const found_table& jobs) {
        bool fits = true;
        for (const std::string& name : holders_of_states(declared_, tables_)) {
            const found_object* const holder = find_named(jobs.states, name);
            fits = fits && holder != nullptr && holds_the_declared(*holder);
        }
        if (fits) return;
        for (const found_object& each : jobs.states)
            add(speech_.schema.replaces_checks
                    ? alter(jobs.name) + " DROP CONSTRAINT " + quoted(each.name)
                    : "DROP TRIGGER " + quoted(each.name));
        for (const state_spec& each : declared_.states)
            if (!each.formerly.empty())
                add("UPDATE " + quoted(jobs.name) + " SET \"state\" = " + text_literal(each.name) +
                    " WHERE \"state\" = " + text_literal(each.formerly));
        if (speech_.schema.replaces_checks)
            add(alter(jobs.name) + " ADD CONSTRAINT " + check_of_states() +
                std::string{speech_.schema.not_valid});
        if (!tables_.triggers.empty()) hold_by_triggers(jobs);
        made_.counts_removed = made_.counts_removed || jobs.states.empty();
    }

    // What an older declaration limited stays so, for its programs.
    void hold_by_triggers(const found_table& jobs) {
        std::vector<limited> held, kept;
        for (const found_object& each : jobs.states)
            for (const limited& number : limited_in(each.definition)) held.push_back(number);
        const auto has = [](const std::vector<limited>& all, const limited& number) {
            return std::find(all.begin(), all.end(), number) != all.end();
        };
        for (const limited& each : held)
            if (find_named(jobs.columns, each.column) != nullptr &&
                !declares_number(declared_, each.column) && !has(kept, each))
                kept.push_back(each);
        for (const limited& each : limited_columns(declared_, speech_))
            if (!has(held, each) && is_there(jobs, each.column)) made_.narrowed.push_back(each);
        sql_writer out(speech_);
        write_state_triggers(out, declared_, kept);
        for (const declared_object& each : read_ddl(out.text()).triggers)
            add(std::string{each.statement});
    }

    static bool is_there(const found_table& jobs, const column& own) {
        return find_named(jobs.columns, own.name) != nullptr ||
               find_named(jobs.columns, own.formerly) != nullptr;
    }
    bool is_there(const found_table& jobs, std::string_view column_name) const {
        const column* const own = find_named(declared_.columns, column_name);
        return own != nullptr ? is_there(jobs, *own)
                              : find_named(jobs.columns, column_name) != nullptr;
    }

    bool holds_the_declared(const found_object& holder) {
        const auto held = states_in(holder.definition);
        bool fits = held.size() == declared_.states.size() &&
                    misheld_limits(declared_, tables_, holder).empty();
        for (const std::string_view each : held) {
            if (declares_state(declared_, each)) continue;
            fits = false;
            bool renamed = false;
            for (const state_spec& state : declared_.states)
                renamed = renamed || state.formerly == each;
            made_.counts_removed = made_.counts_removed || !renamed;
        }
        return fits;
    }

    std::string check_of_states() const {
        sql_writer out(speech_);
        write_state_check(out, declared_);
        return out.text();
    }

    const catalog& statements_;
    const spec& declared_;
    const dialect& speech_;
    const declared_schema& tables_;
    const found_schema& found_;
    migration_plan made_;
};

}  // namespace

result<migration_plan> plan_migration(const catalog& statements, const declared_schema& tables,
                                      const found_schema& found) {
    return planning(statements, tables, found).run();
}

std::string count_beyond(const spec& declared, const limited& number) {
    return "SELECT count(*) FROM " + quoted(declared.table) + " WHERE " + quoted(number.column) +
           " NOT BETWEEN " + number.limits;
}

std::string count_removed_states(const spec& declared) {
    std::string text =
        "SELECT \"state\", count(*) FROM " + quoted(declared.table) + " WHERE \"state\" NOT IN (";
    for (const state_spec& each : declared.states)
        text.append(&each == declared.states.data() ? "" : ", ").append(text_literal(each.name));
    return text.append(") GROUP BY \"state\" ORDER BY \"state\"");
}

std::vector<std::string> obsolete_indexes(const declared_schema& tables, std::string_view ddl,
                                          const std::vector<past_declaration>& past,
                                          const found_schema& found) {
    std::vector<declared_schema> had;
    had.reserve(past.size());
    for (const past_declaration& each : past) had.push_back(read_ddl(each.ddl));
    const std::size_t current =
        past.empty() || past.back().ddl != ddl ? past.size() : past.size() - 1;
    std::vector<std::string> names;
    for (const found_table& table : found)
        for (const found_object& index : table.indexes) {
            const auto needed_by = [&](const declared_schema& one) {
                return find_named(one.indexes, index.name) != nullptr;
            };
            if (needed_by(tables) || (current > 0 && needed_by(had[current - 1]))) continue;
            if (std::any_of(had.begin(), had.end(), needed_by)) names.push_back(index.name);
        }
    return names;
}

bool is_superseded(std::string_view ddl, const std::vector<past_declaration>& past) {
    if (past.empty() || past.back().ddl == ddl) return false;
    return std::any_of(past.begin(), past.end(),
                       [&](const past_declaration& each) { return each.ddl == ddl; });
}

std::string built_concurrently(const dialect& speech, std::string_view statement) {
    std::string text{statement};
    constexpr std::string_view index = "INDEX ";
    return text.insert(text.find(index) + index.size(), speech.schema.concurrently);
}

}  // namespace statemachine::detail
