// Takes a guard out of the statements on their way to the database, so that the suite can show that
// it would notice. The environment variable STATEMACHINE_MUTANT names the one to take out.
#pragma once

#include <statemachine/session.hpp>

#include <memory>
#include <span>
#include <string_view>

namespace conformance {

/// Which part of a statement an edit looks at.
enum class part : unsigned char {
    whole,
    assignments,  ///< up to the outermost WHERE
    conditions,   ///< from the outermost WHERE up to RETURNING
    candidates,   ///< the search for rows inside the conditions
    outside,      ///< the conditions without the search
};

/// Replaces what a regular expression finds.
struct edit {
    std::string_view find;
    std::string_view replace;
    part where = part::whole;
};

/// A library with one guard less.
struct mutant {
    std::string_view name;
    std::string_view dialects;    ///< where it differs from the original: "sqlite postgres"
    std::string_view statements;  ///< which to edit: those in which this is found
    std::span<const edit> edits;
    std::string_view killed_by;  ///< a filter of tests of which one has to fail
    /// Why no test can fail: another guard does the same work. Empty for all others.
    std::string_view redundant = {};
    bool forgets_fingerprints = false;  ///< content under one key or token looks the same always
    bool sends_once = false;  ///< a change whose reply was lost is looked for and not sent again
};

/// All of them. Each part that has a table of its own adds it there.
std::span<const mutant> mutants();
std::span<const mutant> mutants_of_schema();
std::span<const mutant> mutants_of_relay();
std::span<const mutant> mutants_of_sweep();
std::span<const mutant> mutants_of_leases();
std::span<const mutant> mutants_of_replies();

/// The mutant that the environment names; null when it names none or one that does not exist.
const mutant* chosen_mutant();

/// Whether this process, or another that it started, changed a statement.
bool mutant_applied();

/// A session that passes weakened statements on, or nothing when there is no mutant.
std::unique_ptr<statemachine::session> mutate(statemachine::session& inner);

}  // namespace conformance
