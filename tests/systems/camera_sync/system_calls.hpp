// The system calls of this program that the tests look at: its own functions stand before those of
// the C library, count or change what comes by, and call the kernel.
#pragma once

#include <string>

namespace camera_sync::tests {

/// How often a file whose path begins so was synced since the last call.
int syncs_of(const std::string& path);

/// Files whose path begins so lie on NFS, as far as this program is told; empty: none.
void pretend_nfs(const std::string& path);

}  // namespace camera_sync::tests
