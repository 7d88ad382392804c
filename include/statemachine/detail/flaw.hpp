// What can be wrong with a declaration, and where. `find_flaw` (find_flaw.hpp) looks for the first.
#pragma once

#include <statemachine/detail/spec.hpp>

namespace statemachine::detail {

enum class flaw_kind : unsigned char {
    none,
    no_initial_state,
    no_states,
    too_many_states,
    undeclared_state,
    ill_formed_name,
    name_too_long,
    missing_name,
    reserved_name,
    duplicate_name,
    duplicate_state,
    duplicate_column_member,
    foreign_column,
    leased_initial_state,
    once_not_optional,
    no_event,
    no_source,
    no_target,
    unreachable_state,
    no_way_out,
    leaves_terminal_state,
    leased_terminal_state,
    no_way_back,
    no_exhausted_state,
    exhausted_without_attempts,
    exhausted_is_claimed,
    negative_attempts,
    attempts_without_lease,
    claim_changes_attempts,
    attempt_of_no_run,
    two_sets_of_terms,
    two_sets_of_inputs,
    duplicate_event,
    mixed_event,
    too_many_rules,
    two_claim_rules,
    claim_with_inputs,
    lease_without_claim,
    step_without_lease,
    renewal_moves,
    retry_without_rest,
    retry_out_of_range,
    lease_out_of_range,
    never_fires,
    unknown_column,
    foreign_input,
    condition_too_large,
    inputs_are_the_job,
    once_written_again,
    written_twice,
    constant_out_of_range,
    kept_while_passing,
    memory_out_of_range,
    renewal_emits,
    emits_without_lease,
};

// A flaw and the names that it is about, such as `complete: duration`.
struct flaw {
    flaw_kind kind = flaw_kind::none;
    std::array<char, 160> subject{};
    std::size_t size = 0;

    constexpr flaw() = default;
    constexpr flaw(flaw_kind what, std::string_view first, std::string_view second = {})
        : kind(what) {
        append(first);
        if (second.empty()) return;
        append(": ");
        append(second);
    }
    constexpr void append(std::string_view text) {
        for (const char c : text)
            if (size < subject.size()) subject[size++] = c;
    }
};

inline constexpr std::array library_columns{
    std::string_view{"id"},          std::string_view{"state"},       std::string_view{"version"},
    std::string_view{"epoch"},       std::string_view{"attempts"},    std::string_view{"owner"},
    std::string_view{"lease_until"}, std::string_view{"run_at"},      std::string_view{"priority"},
    std::string_view{"key"},         std::string_view{"fingerprint"}, std::string_view{"error"},
    std::string_view{"created_at"},  std::string_view{"changed_at"},  std::string_view{"previous"},
    std::string_view{"rule"}};

// PostgreSQL has these on every table.
inline constexpr std::array database_columns{std::string_view{"ctid"}, std::string_view{"tableoid"},
                                             std::string_view{"xmin"}, std::string_view{"cmin"},
                                             std::string_view{"xmax"}, std::string_view{"cmax"}};

inline constexpr std::string_view database_tables =
    "sqlite_";  // SQLite refuses tables that begin so

inline constexpr std::array library_events{std::string_view{"submit"}, std::string_view{"expire"},
                                           std::string_view{"exhaust"}};

template <class List>
constexpr bool is_one_of(std::string_view name, const List& list) {
    for (const std::string_view each : list)
        if (each == name) return true;
    return false;
}

inline constexpr std::size_t longest_identifier = 63;  // PostgreSQL cuts off what is longer
inline constexpr std::size_t max_rules = 32;           // of one event

constexpr flaw_kind flaw_of_name(std::string_view name, std::size_t room) {
    if (name.empty()) return flaw_kind::missing_name;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = name[i];
        const bool letter = (c >= 'a' && c <= 'z') || c == '_';
        if (!letter && !(i > 0 && c >= '0' && c <= '9')) return flaw_kind::ill_formed_name;
    }
    return name.size() > room ? flaw_kind::name_too_long : flaw_kind::none;
}

constexpr flaw_kind flaw_of_optional_name(std::string_view name) {
    return name.empty() ? flaw_kind::none : flaw_of_name(name, longest_identifier);
}

}  // namespace statemachine::detail
