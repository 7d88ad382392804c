// A place with the database that the first declaration left behind, and short words for it.
#pragma once

#include "orders.hpp"

#include "fixture.hpp"

namespace conformance {

/// What makes the tables, and the rows, of the first declaration.
std::string first_schema(std::string_view dialect);

/// A table of orders in each state: 1 waits, 2 is packing under a lease that ran out, 3 is packed,
/// 4 is lost, 5 waits again. Made by the first declaration and the first version of the library.
template <class Backend>
class on_orders : public ::testing::Test {
public:
    on_orders() { place.execute(first_schema(Backend::database::dialect.name)); }

    template <const auto& Machine>
    auto schema() {
        return orders::schema_on<Machine>(database);
    }
    template <const auto& Machine>
    auto store() {
        return orders::store_on<Machine>(database);
    }

    std::string state_of(std::int64_t id) const {
        return place.text("SELECT state FROM orders WHERE id = " + std::to_string(id));
    }

    /// Another order as the first one, with this in a column besides.
    void insert_with(const std::string& column, const std::string& content) const {
        const std::string columns =
            "state, version, epoch, attempts, run_at, priority, created_at, changed_at, rule, "
            "article";
        place.execute("INSERT INTO orders (" + columns + ", " + column + ") SELECT " + columns +
                      ", " + content + " FROM orders WHERE id = 1");
    }

    static constexpr bool is_sqlite = Backend::database::dialect.name == "sqlite";

    Backend place;
    typename Backend::database database = place.open();
};

/// Whether a sentence has all of these words.
inline bool says(const std::string& sentence, std::initializer_list<const char*> words) {
    for (const char* each : words)
        if (sentence.find(each) == std::string::npos) return false;
    return true;
}
inline bool any_says(const std::vector<std::string>& sentences,
                     std::initializer_list<const char*> words) {
    for (const std::string& each : sentences)
        if (says(each, words)) return true;
    return false;
}

}  // namespace conformance
