// The service, four workers and all that can go wrong with them, in less than a minute.
#pragma once

#include "report.hpp"

namespace transcode {

// Works in the current directory, and starts this program again as its workers.
// @return whether everything ended as it should
bool run_demo(service<hurried>& of, journal& events);

}  // namespace transcode
