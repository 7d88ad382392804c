// The example that a suite is about.
#pragma once

extern const char* const path_of_example;    ///< its executable
extern const char* const readme_of_example;  ///< the README beside its sources
