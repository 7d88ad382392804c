// The tests, or the role of a process that a test has started.
#include "local_roles.hpp"

#include <gtest/gtest.h>

#include <iostream>

int main(int count, char** arguments) {
    if (count > 2 && arguments[1] == std::string("--role")) try {
            return faults::play({arguments + 2, arguments + count});
        } catch (const std::exception& failed) {
            std::cerr << arguments[2] << ": " << failed.what() << '\n';
            return 1;
        }
    testing::InitGoogleTest(&count, arguments);
    return RUN_ALL_TESTS();
}
