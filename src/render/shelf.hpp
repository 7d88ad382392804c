// Renders statements, and keeps what they are views on.
#pragma once

#include "brought.hpp"
#include "plans.hpp"
#include "sql_writer.hpp"

#include <statemachine/detail/catalog.hpp>

#include <algorithm>
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

    // The statement that `write` writes of the machine. One that was written before is the same one
    // again: databases keep what they have prepared by the address of its text.
    template <class... Arguments>
    compiled_statement statement(std::span<const column_type> results,
                                 void (*write)(sql_writer&, const spec&, Arguments...),
                                 const std::type_identity_t<Arguments>&... arguments) {
        sql_writer out(speech_);
        write(out, declared_, arguments...);
        for (const written& each : written_)
            if (each.is(out, results)) return each.compiled();
        return written_.emplace_back(written{out.text(), out.parameters(), results}).compiled();
    }

    // Of these columns.
    std::span<const column_type> types_of(std::span<const job_column> columns) {
        std::vector<column_type>& all = types_.emplace_back();
        for (const job_column& each : columns) all.push_back(each.type);
        return all;
    }

    // These, and those of the columns that are the user's.
    std::span<const column_type> with_job_types(std::span<const column_type> own) {
        std::vector<column_type>& all = types_.emplace_back(own.begin(), own.end());
        for (const column& each : declared_.columns) all.push_back(each.field->type);
        return all;
    }

private:
    struct written {
        std::string text;
        std::vector<parameter> parameters;
        std::span<const column_type> results;

        compiled_statement compiled() const { return {{text, results, true}, parameters}; }

        bool is(const sql_writer& out, std::span<const column_type> wanted) const {
            const auto same = [](const parameter& a, const parameter& b) {
                return a.from == b.from && a.type == b.type && a.many == b.many &&
                       a.field == b.field && a.constant.is_null() && b.constant.is_null();
            };
            return text == out.text() &&
                   std::equal(results.begin(), results.end(), wanted.begin(), wanted.end()) &&
                   std::equal(parameters.begin(), parameters.end(), out.parameters().begin(),
                              out.parameters().end(), same);
        }
    };

    const spec& declared_;
    const dialect& speech_;
    std::deque<written> written_;
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
