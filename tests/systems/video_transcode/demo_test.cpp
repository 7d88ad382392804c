// The program as a stranger meets it: the README's pictures, and the demo.
#include "example.hpp"
#include "program.hpp"
#include "service_on.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

namespace systems {
namespace {

TEST(video_readme, shows_the_diagrams_that_the_library_makes) {
    std::ifstream file(readme_of_example);
    std::ostringstream readme;
    readme << file.rdbuf();
    program drawing({path_of_example, "diagram"});
    const std::string drawn = drawing.rest();
    ASSERT_EQ(drawing.wait(), 0);
    int pictures = 0;
    for (std::size_t at = drawn.find("stateDiagram"); at != drawn.npos; ++pictures) {
        const std::size_t end = drawn.find("%%", at);
        const std::string picture = drawn.substr(at, end == drawn.npos ? end : end - at);
        EXPECT_NE(readme.str().find("```mermaid\n" + picture + "```\n"), std::string::npos)
            << picture;
        at = end == drawn.npos ? end : drawn.find("stateDiagram", end);
    }
    EXPECT_EQ(pictures, 3);
}

template <class Backend>
class video_demo : public on_service<Backend> {};
TYPED_TEST_SUITE(video_demo, backends, backend_names);

TYPED_TEST(video_demo, ends_as_it_says) {
    shows("A2 A4 A12");
    const std::filesystem::path directory =
        std::filesystem::path(::testing::TempDir()) / ("demo-of-" + std::to_string(getpid()));
    std::filesystem::create_directories(directory);
    std::vector<std::string> command{path_of_example};
    for (const auto& each : arguments_for(this->place)) command.push_back(each);
    program demo(command, directory);
    const std::string said = demo.rest();
    EXPECT_EQ(demo.wait(), 0) << said;
    EXPECT_NE(said.find("8 videos completed, 2 failed, of 10; 8 thumbnails"), said.npos) << said;
    EXPECT_EQ(this->place.number("SELECT count(*) FROM thumbnails WHERE state = 'drawn'"), 8);
    EXPECT_EQ(this->place.number("SELECT count(DISTINCT video) FROM thumbnails"), 8);
    EXPECT_EQ(this->place.number("SELECT attempts FROM videos WHERE video = 'deadly.avi'"), 3);
    std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace systems
