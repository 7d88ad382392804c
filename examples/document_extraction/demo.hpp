// The demo: an API, a receiver, workers and relays, and all that can go wrong between them.
#pragma once

#include "roles.hpp"

namespace extraction {

/// Makes an inbox in the current directory and has its documents extracted.
/// @return whether everything ended as it should
bool run_demo(const place& where);

}  // namespace extraction
