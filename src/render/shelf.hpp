// Renders statements, and keeps what they are views on.
#pragma once

#include "plans.hpp"
#include "sql_writer.hpp"

#include <statemachine/detail/catalog.hpp>

#include <deque>
#include <memory>

namespace statemachine::detail {

class shelf {
public:
    shelf(const spec& declared, const dialect& speech) : declared_(declared), speech_(speech) {}
    shelf(const shelf&) = delete;
    shelf& operator=(const shelf&) = delete;

    const spec& declared() const { return declared_; }
    const dialect& speech() const { return speech_; }

    // The statement that `write` writes of the machine.
    template <class... Arguments>
    compiled_statement statement(std::span<const column_type> results,
                                 void (*write)(sql_writer&, const spec&, Arguments...),
                                 const std::type_identity_t<Arguments>&... arguments) {
        sql_writer out(speech_);
        write(out, declared_, arguments...);
        return {{texts_.emplace_back(out.text()), results, true},
                parameters_.emplace_back(out.parameters())};
    }

    // These, and those of the columns that are the user's.
    std::span<const column_type> with_job_types(std::span<const column_type> own) {
        std::vector<column_type>& all = types_.emplace_back(own.begin(), own.end());
        for (const column& each : declared_.columns) all.push_back(each.field->type);
        return all;
    }

private:
    const spec& declared_;
    const dialect& speech_;
    std::deque<std::string> texts_;
    std::deque<std::vector<parameter>> parameters_;
    std::deque<std::vector<column_type>> types_;
};

// What is kept in that place, or else is made by `Statements` of these arguments and kept from then
// on. It is never destroyed: threads may use it until the process ends.
template <class Statements, class Catalog, class... Arguments>
const Catalog& kept_in(place_of<Catalog>& place, const Arguments&... arguments) {
    if (const Catalog* const found = place.load(std::memory_order_acquire)) return *found;
    auto made = std::make_unique<Statements>(arguments...);
    const Catalog* first = nullptr;
    if (!place.compare_exchange_strong(first, &made->all, std::memory_order_acq_rel)) return *first;
    return made.release()->all;
}

}  // namespace statemachine::detail
