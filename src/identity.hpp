// Numbers that name things: nonces of calls, fingerprints of contents.
#pragma once

#include <statemachine/detail/spec.hpp>

#include <array>
#include <span>
#include <string>

namespace statemachine::detail {

// 128 bits from the operating system, so that a forked process never repeats its parent's.
std::array<char, 16> make_nonce();

// Two lower-case digits for each byte.
std::string hexadecimal(std::span<const char> bytes);

// A random share of 0 to 1 for jitter.
double make_share();

// The content of the columns that belong to a key: all, or those declared `identity`. The first
// character names the recipe, so that a later one can tell old fingerprints from other content.
std::string fingerprint_of_job(const spec& declared, const void* job);

// The inputs that the rules of an event read, in the order of the declaration.
std::string fingerprint_of_inputs(const spec& declared, int event, const void* inputs);

}  // namespace statemachine::detail
