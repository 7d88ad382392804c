// The README shows what the program is.
#include "example.hpp"
#include "machine.hpp"

#include <statemachine/diagram.hpp>

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace {

TEST(camera_readme, shows_the_diagram_that_the_library_makes) {
    std::ifstream stream(readme_of_example);
    const std::string text(std::istreambuf_iterator<char>(stream), {});
    const auto diagram = statemachine::diagram<camera_sync::machine>();
    EXPECT_NE(text.find("```mermaid\n" + diagram + "```"), std::string::npos) << diagram;
}

}  // namespace
