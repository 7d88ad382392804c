#include "schema_text.hpp"

#include <algorithm>
#include <array>

namespace statemachine::detail {
namespace {

std::string_view quoted_after(std::string_view text, std::size_t from) {
    const std::size_t open = text.find('"', from);
    if (open == text.npos) return {};
    return text.substr(open + 1, text.find('"', open + 1) - open - 1);
}

std::string_view type_in(std::string_view definition) {
    std::size_t end = definition.size();
    for (const std::string_view after : {" NOT NULL", " CONSTRAINT ", " CHECK ", " DEFAULT ",
                                         " GENERATED ", " PRIMARY KEY", " REFERENCES ", " UNIQUE"})
        end = std::min(end, definition.find(after));
    return definition.substr(0, end);
}

declared_column column_of(std::string_view line) {
    declared_column made;
    made.name = quoted_after(line, 0);
    made.definition = line.substr(line.find('"', 1) + 2);
    if (made.definition.ends_with(',')) made.definition.remove_suffix(1);
    made.type = type_in(made.definition);
    const auto says = [&](std::string_view words) {
        return made.definition.find(words) != std::string_view::npos;
    };
    made.mandatory = says(" NOT NULL") || says(" PRIMARY KEY");
    made.counted = says("AUTOINCREMENT") || says("GENERATED ALWAYS AS IDENTITY");
    return made;
}

declared_table table_of(std::string_view statement) {
    declared_table made{quoted_after(statement, 0), statement, {}};
    std::size_t at = statement.find('\n');
    while (at != statement.npos) {
        const std::size_t end = statement.find('\n', at + 1);
        const std::string_view line = statement.substr(at + 1, end - at - 1);
        if (line.starts_with("  \"")) made.columns.push_back(column_of(line.substr(2)));
        at = end;
    }
    return made;
}

template <class Each>
void for_each_text(std::string_view definition, Each each) {
    for (std::size_t open = definition.find('\''); open != definition.npos;) {
        const std::size_t close = definition.find('\'', open + 1);
        if (close == definition.npos) break;
        each(definition.substr(open + 1, close - open - 1));
        open = definition.find('\'', close + 1);
    }
}

// Those of an array as PostgreSQL writes it.
void add_elements(std::vector<std::string_view>& names, std::string_view array) {
    array = array.substr(1, array.find('}') - 1);
    while (!array.empty()) {
        std::string_view name = array.substr(0, array.find(','));
        array.remove_prefix(std::min(array.size(), name.size() + 1));
        if (name.starts_with('"')) name = name.substr(1, name.size() - 2);
        names.push_back(name);
    }
}

}  // namespace

declared_schema read_ddl(std::string_view ddl) {
    declared_schema made;
    while (!ddl.empty()) {
        const std::size_t end = ddl.find(";\n");
        const std::string_view statement = ddl.substr(0, end);
        ddl.remove_prefix(end == ddl.npos ? ddl.size() : end + 2);
        const declared_object object{quoted_after(statement, 0),
                                     quoted_after(statement, statement.find(" ON \"")), statement};
        if (statement.starts_with("CREATE TABLE"))
            made.tables.push_back(table_of(statement));
        else if (statement.starts_with("CREATE TRIGGER"))
            made.triggers.push_back(object);
        else if (statement.starts_with("INSERT"))
            made.first_rows.push_back({object.name, object.name, statement});
        else
            made.indexes.push_back(object);
    }
    return made;
}

std::vector<std::string_view> states_in(std::string_view definition) {
    std::vector<std::string_view> names;
    for_each_text(definition, [&](std::string_view text) {
        if (text.starts_with('{'))
            add_elements(names, text);
        else if (text.find(' ') == text.npos)  // a trigger also quotes what it says
            names.push_back(text);
    });
    return names;
}

std::vector<limited> limited_in(std::string_view trigger) {
    constexpr std::string_view number = "NEW.\"", between = "\" NOT BETWEEN ";
    std::vector<limited> found;
    trigger = trigger.substr(0, trigger.find(" BEGIN "));
    for (std::size_t at = trigger.find(number); at != trigger.npos; at = trigger.find(number, at)) {
        at += number.size();
        const std::size_t end = trigger.find('"', at);
        if (end == trigger.npos || !trigger.substr(end).starts_with(between)) continue;
        const std::size_t limits = end + between.size();
        found.push_back(
            {std::string{trigger.substr(at, end - at)},
             std::string{trigger.substr(limits, trigger.find(" THEN ", limits) - limits)}});
    }
    return found;
}

std::string quoted(std::string_view name, std::string_view suffix) {
    std::string text(1, '"');
    return text.append(name).append(suffix).append(1, '"');
}

}  // namespace statemachine::detail
