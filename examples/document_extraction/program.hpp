// Runs another program and takes what it prints.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

namespace extraction {

struct program_end {
    int status = 0;  // its exit status; 128 and the signal's number where one ended it
    std::string output;
    std::string errors;
};

/// @param words  its name, looked up in PATH, and its arguments
/// @param stop   kills it
/// @throw std::system_error when it cannot be started
program_end run_program(const std::vector<std::string>& words, const std::stop_token& stop);

}  // namespace extraction
