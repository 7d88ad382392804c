// SQLite's way to the disk, with errors on purpose: a VFS before the default one.
#pragma once

#include <array>
#include <cstdint>

namespace faults::failing_disk {

/// What can fail.
enum class operation { read, write, sync, truncate, lock, map, size };
inline constexpr operation all_operations[] = {
    operation::read, operation::write, operation::sync, operation::truncate,
    operation::lock, operation::map,   operation::size};

/// From now on each database that this program opens goes through it.
void install();

/// The n-th operation of this kind from now on fails, and with `and_all_later` all after it. A
/// write that fails has written half of its bytes, or nothing.
void fail(operation what, int at, bool and_all_later);
/// Of a thousand operations so many fail, as the seed decides.
void fail_at_random(int of_a_thousand, std::uint64_t seed);
void stop_failing();

/// How many have failed since `fail`.
int failed();

}  // namespace faults::failing_disk
