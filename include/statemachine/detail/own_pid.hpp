// Whose process this is, for each call of a handle that must not be used after fork().
#pragma once

#include <sys/types.h>

namespace statemachine::detail {

/// What getpid() returns, without a system call where the kernel lends a hand. Thread-safe. A
/// child that shares its parent's memory, as after vfork(), is taken for its parent.
[[gnu::visibility("default")]] pid_t own_pid() noexcept;

}  // namespace statemachine::detail
