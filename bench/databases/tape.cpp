#include "databases/tape.hpp"

#include <stdexcept>

namespace bench {
namespace {

using statemachine::value;

value copy_of(const value& original, taped_statement& into) {
    if (original.is_array()) {
        auto& elements = into.arrays.emplace_back();
        for (const value& each : original.elements()) elements.push_back(copy_of(each, into));
        return value::array(original.type(), elements);
    }
    if (original.is_null() || !statemachine::is_view(original.type())) return original;
    return value::view(original.type(), into.texts.emplace_back(original.text()));
}

taped_statement copy_of(const statemachine::statement& what, std::span<const value> values) {
    taped_statement made{what, {}, {}, {}, 0};
    for (const value& each : values) made.values.push_back(copy_of(each, made));
    return made;
}

class taping final : public statemachine::executor {
public:
    taping(statemachine::executor& inner, taped_call& into) : inner_(inner), into_(into) {}

    statemachine::result<std::size_t> execute(const statemachine::statement& what,
                                              std::span<const value> parameters,
                                              statemachine::row_sink on_row) override {
        taped_statement& kept = into_.statements.emplace_back(copy_of(what, parameters));
        return inner_.execute(what, parameters, [&](std::span<const value> row) {
            ++kept.rows;
            on_row(row);
        });
    }
    statemachine::timestamp now() const noexcept override { return inner_.now(); }

private:
    statemachine::executor& inner_;
    taped_call& into_;
};

}  // namespace

void check_rows(const taped_statement& recorded, std::size_t played) {
    if (played != recorded.rows)
        throw std::runtime_error("a statement gave " + std::to_string(recorded.rows) +
                                 " rows to the library, and " + std::to_string(played) +
                                 " when it was sent by hand");
}

statemachine::result<statemachine::ending> tape::transact(statemachine::access need,
                                                          statemachine::steady_time until,
                                                          statemachine::work body) {
    taped_call& call = calls.emplace_back(taped_call{need, {}});
    return inner_.transact(need, until, [&](statemachine::executor& transaction) {
        taping kept(transaction, call);
        return body(kept);
    });
}

}  // namespace bench
