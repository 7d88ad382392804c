// The program as a stranger runs it, and what its README shows.
#include "example.hpp"
#include "on_documents.hpp"

#include <sstream>

namespace systems::extracted {
namespace {

template <class Backend>
class demo_of_documents : public on_documents<Backend> {};
TYPED_TEST_SUITE(demo_of_documents, backends, backend_names);

std::string text_of_file(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

TYPED_TEST(demo_of_documents, ends_as_it_should_and_says_what_happened) {
    // Its inbox is made where it runs.
    EXPECT_EQ(this->start({})->end(), 0);
    const std::string said = text_of_file(this->inbox + "/log");
    for (const char* line : {"worker-1 is killed there (SIGKILL)", "14 succeeded",
                             "no webhook is sent yet", "not cancellable: it is running"})
        EXPECT_NE(said.find(line), std::string::npos) << said;
}

TEST(readme_of_documents, shows_the_diagram_that_the_library_draws) {
    const std::string readme = text_of_file(readme_of_example);
    const std::string drawn = "```mermaid\n" + sm::diagram<machine<production>>() + "```\n";
    EXPECT_NE(readme.find(drawn), std::string::npos) << drawn;
}

}  // namespace
}  // namespace systems::extracted
