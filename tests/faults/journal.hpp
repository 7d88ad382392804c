// What a client process has sent and was told, in a file that outlives it: a process that is killed
// leaves the call that it was in without an answer.
#pragma once

#include <statemachine/testing/history.hpp>

namespace faults {

/// A witness that appends to the file. Each record is there before the call is sent.
/// @throw std::runtime_error when the file cannot be written
statemachine::testing::history::witness journal_in(const std::string& file);

/// Adds what a journal holds to a history. A last line that is not complete was never sent.
/// @return how many calls it holds
std::size_t add_journal(const std::string& file, statemachine::testing::history& into);

}  // namespace faults
