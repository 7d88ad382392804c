// Writes a statement in a constant expression: once to count, once to fill. Every value becomes a
// numbered parameter, and each parameter says where the store finds its value.
#pragma once

#include <statemachine/detail/spec.hpp>
#include <statemachine/dialect.hpp>

namespace statemachine::detail {

// Where a parameter's value comes from.
enum class slot : unsigned char {
    id,
    epoch,
    version,
    actor,
    nonce,
    now,
    limit,
    after,
    since,
    state,
    key,
    fingerprint,
    priority,
    delay,
    run_at,
    token,
    inputs_fingerprint,
    input,           // a member of the event's inputs
    column,          // a member of the job
    constant,        // written in the declaration
    jitter,          // a fresh random share of the declared jitter
    share,           // a fresh random share of 1
    front_priority,  // where the search for due jobs begins
    front_run_at,
    consumer,  // from here on: of the relay
    generation,
    part,
    tries,
    error,
};

struct parameter {
    slot from = slot::id;
    column_type type = column_type::int64;
    const field_info* field = nullptr;
    value constant{};
    bool many = false;  // an array: one value for each row of a batch
};

class sql_writer {
public:
    static constexpr std::size_t max_parameters = 96;

    constexpr explicit sql_writer(const dialect& speech, char* text = nullptr)
        : speech_(speech), text_(text) {}
    static constexpr sql_writer hashing(const dialect& speech) {
        sql_writer made(speech);
        made.hashes_ = true;
        return made;
    }

    constexpr const dialect& speech() const { return speech_; }
    constexpr std::size_t size() const { return size_; }
    constexpr std::size_t parameter_count() const { return parameter_count_; }
    constexpr const parameter& parameter_at(std::size_t index) const { return parameters_[index]; }
    // Of a writer that hashes, FNV-1a of all that was written: tells two definitions of an index
    // apart.
    constexpr std::uint32_t hash() const { return hash_; }

    constexpr sql_writer& operator<<(std::string_view part) {
        // Once for each character of each statement of each machine: compilers take their time.
        if (text_ != nullptr) {
            char* to = text_ + size_;
            for (const char c : part) *to++ = c;
        } else if (hashes_) {
            for (const char c : part) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 16777619U;
        }
        size_ += part.size();
        return *this;
    }
    constexpr sql_writer& operator<<(std::int64_t number) {
        char digits[20]{};
        std::size_t first = sizeof digits;
        auto rest = number < 0 ? -number : number;
        do {
            digits[--first] = static_cast<char>('0' + rest % 10);
            rest /= 10;
        } while (rest != 0);
        if (number < 0) digits[--first] = '-';
        return *this << std::string_view{&digits[first], sizeof digits - first};
    }
    constexpr sql_writer& name(std::string_view first, std::string_view second = {}) {
        return *this << "\"" << first << second << "\"";
    }
    // Only for names of the declaration, which hold no quote.
    constexpr sql_writer& literal(std::string_view text) { return *this << "'" << text << "'"; }

    constexpr sql_writer& put(const parameter& wanted) {
        std::size_t index = find(wanted.from, wanted.field);
        if (wanted.from == slot::constant || wanted.from == slot::jitter) index = parameter_count_;
        if (index == parameter_count_) add(wanted);
        return parameters_[index].many ? put_of_row(index) : put_placeholder(index);
    }
    constexpr sql_writer& put(slot from, column_type type) {
        return put({from, type, nullptr, {}});
    }

    // A share of `most` that is random, and another one for each row.
    constexpr sql_writer& put_share(double most) {
        const std::size_t index = find(slot::share, nullptr);
        if (index == parameter_count_)
            return put({slot::jitter, column_type::real, nullptr, value::real(most)});
        *this << "(";
        put_of_row(index) << " * ";
        return put({slot::constant, column_type::real, nullptr, value::real(most)}) << ")";
    }

    // From here on this value is another one for each row of a batch, and stands in `rows()`.
    constexpr void gather(slot from, column_type type, const field_info* field = nullptr) {
        if (find(from, field) == parameter_count_) add({from, type, field, {}, true});
    }
    // What was gathered, as rows; the first has a value in each of them. The last column numbers
    // them from 1; its function makes the planner expect a thousand, which keeps it from searching
    // through all of them for each job.
    constexpr sql_writer& rows() {
        *this << "ROWS FROM (";
        for (std::size_t i = 0; i < parameter_count_ && parameters_[i].many; ++i) {
            *this << "unnest(";
            put_placeholder(i) << "), ";
        }
        *this << "generate_subscripts(";
        put_placeholder(0) << ", 1)) AS \"row\" (";
        for (std::size_t i = 0; i < parameter_count_ && parameters_[i].many; ++i)
            put_of_row(i) << ", ";
        return *this << "\"row$number\")";
    }

    constexpr sql_writer& search_now() {
        return speech_.search_now.empty() ? put(slot::now, column_type::time)
                                          : *this << speech_.search_now;
    }
    constexpr sql_writer& write_now() {
        return speech_.write_now.empty() ? put(slot::now, column_type::time)
                                         : *this << speech_.write_now;
    }

private:
    constexpr std::size_t find(slot from, const field_info* field) const {
        const bool of_member = from == slot::input || from == slot::column;
        std::size_t index = 0;
        while (index < parameter_count_ &&
               (parameters_[index].from != from ||
                (of_member && !same_member(*parameters_[index].field, *field))))
            ++index;
        return index;
    }
    constexpr void add(const parameter& wanted) {
        if (parameter_count_ == max_parameters)
            throw "statemachine: a statement needs too many parameters";
        parameters_[parameter_count_++] = wanted;
    }
    constexpr sql_writer& put_placeholder(std::size_t index) {
        return *this << std::string_view{&speech_.placeholder, 1}
                     << static_cast<std::int64_t>(index + 1);
    }
    constexpr sql_writer& put_of_row(std::size_t index) {
        return *this << "\"row$" << static_cast<std::int64_t>(index + 1) << "\"";
    }

    const dialect& speech_;
    char* text_;
    std::size_t size_ = 0;
    std::uint32_t hash_ = 2166136261U;
    bool hashes_ = false;
    std::array<parameter, max_parameters> parameters_{};
    std::size_t parameter_count_ = 0;
};

// Writes `, ` between the parts of a list.
class comma {
public:
    constexpr explicit comma(sql_writer& out, std::string_view between = ", ")
        : out_(out), between_(between) {}
    constexpr sql_writer& next() {
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
