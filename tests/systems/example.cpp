#include "example.hpp"

const char* const path_of_example = EXAMPLE_PROGRAM;
const char* const readme_of_example = EXAMPLE_README;
