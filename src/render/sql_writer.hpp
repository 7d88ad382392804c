// Writes a statement. Every value becomes a numbered parameter, and each parameter says where the
// store finds its value.
#pragma once

#include "parameter.hpp"

#include <statemachine/detail/spec.hpp>
#include <statemachine/dialect.hpp>

#include <string>
#include <vector>

namespace statemachine::detail {

class sql_writer {
public:
    explicit sql_writer(const dialect& speech) : speech_(speech) {}

    const dialect& speech() const { return speech_; }
    const std::string& text() const { return text_; }
    const std::vector<parameter>& parameters() const { return parameters_; }
    // FNV-1a of the text: tells two definitions of an index apart.
    std::uint32_t hash() const {
        std::uint32_t made = 2166136261U;
        for (const char c : text_) made = (made ^ static_cast<unsigned char>(c)) * 16777619U;
        return made;
    }

    sql_writer& operator<<(std::string_view part) {
        text_ += part;
        return *this;
    }
    sql_writer& operator<<(std::int64_t number) { return *this << std::to_string(number); }
    sql_writer& name(std::string_view first, std::string_view second = {}) {
        return *this << "\"" << first << second << "\"";
    }
    // Only for names of the declaration, which hold no quote.
    sql_writer& literal(std::string_view text) { return *this << "'" << text << "'"; }

    sql_writer& put(const parameter& wanted) {
        std::size_t index = find(wanted.from, wanted.field);
        if (wanted.from == slot::constant || wanted.from == slot::jitter)
            index = parameters_.size();
        if (index == parameters_.size()) parameters_.push_back(wanted);
        return parameters_[index].many ? put_of_row(index) : put_placeholder(index);
    }
    sql_writer& put(slot from, column_type type) { return put({from, type, nullptr, {}}); }

    // A share of `most` that is random, and another one for each row.
    sql_writer& put_share(double most) {
        const std::size_t index = find(slot::share, nullptr);
        if (index == parameters_.size())
            return put({slot::jitter, column_type::real, nullptr, value::real(most)});
        *this << "(";
        put_of_row(index) << " * ";
        return put({slot::constant, column_type::real, nullptr, value::real(most)}) << ")";
    }

    // From here on this value is another one for each row of a batch, and stands in `rows()`.
    void gather(slot from, column_type type, const field_info* field = nullptr) {
        if (find(from, field) == parameters_.size())
            parameters_.push_back({from, type, field, {}, true});
    }
    // What was gathered, as rows; the first has a value in each of them. The last column numbers
    // them from 1; its function makes the planner expect a thousand, which keeps it from searching
    // through all of them for each job.
    sql_writer& rows() {
        *this << "ROWS FROM (";
        for (std::size_t i = 0; i < parameters_.size() && parameters_[i].many; ++i) {
            *this << "unnest(";
            put_placeholder(i) << "), ";
        }
        *this << "generate_subscripts(";
        put_placeholder(0) << ", 1)) AS \"row\" (";
        for (std::size_t i = 0; i < parameters_.size() && parameters_[i].many; ++i)
            put_of_row(i) << ", ";
        return *this << "\"row$number\")";
    }

    sql_writer& search_now() {
        return speech_.search_now.empty() ? put(slot::now, column_type::time)
                                          : *this << speech_.search_now;
    }
    sql_writer& write_now() {
        return speech_.write_now.empty() ? put(slot::now, column_type::time)
                                         : *this << speech_.write_now;
    }

private:
    std::size_t find(slot from, const field_info* field) const {
        const bool of_member = from == slot::input || from == slot::column;
        std::size_t index = 0;
        while (index < parameters_.size() &&
               (parameters_[index].from != from ||
                (of_member && !same_member(*parameters_[index].field, *field))))
            ++index;
        return index;
    }
    sql_writer& put_placeholder(std::size_t index) {
        return *this << std::string_view{&speech_.placeholder, 1}
                     << static_cast<std::int64_t>(index + 1);
    }
    sql_writer& put_of_row(std::size_t index) {
        return *this << "\"row$" << static_cast<std::int64_t>(index + 1) << "\"";
    }

    const dialect& speech_;
    std::string text_;
    std::vector<parameter> parameters_;
};

// Writes `, ` between the parts of a list.
class comma {
public:
    explicit comma(sql_writer& out, std::string_view between = ", ")
        : out_(out), between_(between) {}
    sql_writer& next() {
        if (!first_) out_ << between_;
        first_ = false;
        return out_;
    }

private:
    sql_writer& out_;
    std::string_view between_;
    bool first_ = true;
};

}  // namespace statemachine::detail
