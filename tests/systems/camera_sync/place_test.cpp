// Where the database may lie, and how it gets elsewhere.
#include "fixture.hpp"
#include "system_calls.hpp"

namespace camera_sync::tests {
namespace {

template <class Backend>
class camera_place : public on_camera<Backend> {
public:
    static constexpr bool in_a_file = std::is_same_v<Backend, conformance::sqlite_backend>;

    std::string refusal_of(const place& at) {
        try {
            database{at};
        } catch (const std::exception& refused) {
            return refused.what();
        }
        return {};
    }
    // All that was committed, by the log.
    std::string log(const Backend& at) {
        std::string all;
        for (const auto& row : at.query("SELECT job, version, event FROM clips_log ORDER BY 1, 2"))
            all += row[0] + " " + row[1] + " " + row[2] + "\n";
        return all;
    }
};
TYPED_TEST_SUITE(camera_place, conformance::backends, conformance::backend_names);

TYPED_TEST(camera_place, on_a_network_volume_is_refused_unless_it_is_allowed) {
    shows("C9");
    auto at = this->where();
    at.file = this->scratch / "sync.db";
    pretend_nfs(at.file.parent_path());
    const auto refusal = this->refusal_of(at);
    if (this->in_a_file)
        EXPECT_NE(refusal.find("network file system"), std::string::npos) << refusal;
    else
        EXPECT_EQ(refusal, "");  // a server has its files to itself: the volumes here do not matter
    at.on_network_volume = true;
    EXPECT_EQ(this->refusal_of(at), "");
    pretend_nfs("");
}

TYPED_TEST(camera_place, is_never_among_the_recordings) {
    shows("C9");
    auto at = this->where();
    at.file = this->recordings / "sync.db";
    const auto refusal = this->refusal_of(at);
    if (this->in_a_file) {
        EXPECT_NE(refusal.find("among the recordings"), std::string::npos) << refusal;
        EXPECT_NE(this->run_program(this->words({"summary"}, at)), 0);
        EXPECT_NE(this->printed().find("among the recordings"), std::string::npos);
    }
    this->put(2);
    this->cycle();
    std::set<std::string> found;
    for (const auto& each : fs::directory_iterator(this->recordings))
        found.insert(each.path().filename());
    EXPECT_EQ(found, (std::set<std::string>{"clip-01.mp4", "clip-02.mp4"}));
}

// Off the volume, to another file.
template <class Test>
requires Test::in_a_file void move(Test& test, program& writer) {
    auto to = test.where();
    to.file = test.scratch / "moved.db";
    EXPECT_EQ(test.run_program(test.words({"move", test.backend.where()}, to)), 0)
        << test.printed();
    EXPECT_EQ(writer.wait(), 1);
    EXPECT_NE(writer.printed().find("was moved"), std::string::npos) << writer.printed();
    const conformance::sqlite_backend moved(to.file.string());
    EXPECT_EQ(test.log(moved), test.log(test.backend));
    auto words = test.words({"run", "--camera", test.source.url(), "--until-done"}, to);
    EXPECT_EQ(test.run_program(words), 0) << test.printed();
    EXPECT_EQ(moved.number("SELECT count(*) FROM clips WHERE state = 'done'"), 12);
}

// Off the volume, to another tablespace: the server keeps the writer waiting meanwhile.
template <class Test>
void move(Test& test, program& writer) {
    const auto space = "camera_" + std::to_string(getpid());
    test.backend.execute("SET allow_in_place_tablespaces = on");
    test.backend.execute("CREATE TABLESPACE " + space + " LOCATION ''");
    const auto before = test.log(test.backend);
    for (const char* const table : {"clips", "clips_log"})
        test.backend.execute("ALTER TABLE " + std::string(table) + " SET TABLESPACE " + space);
    EXPECT_EQ(writer.wait(), 0) << writer.printed();
    EXPECT_NE(test.log(test.backend), before);
    EXPECT_EQ(test.count(done), 12U);
    for (const char* const table : {"clips", "clips_log"})
        test.backend.execute("ALTER TABLE " + std::string(table) + " SET TABLESPACE pg_default");
    test.backend.execute("DROP TABLESPACE " + space);
}

TYPED_TEST(camera_place, can_be_left_while_a_writer_is_at_work_without_losing_a_commit) {
    shows("C9");
    this->put(12);
    this->source.set_pace({80ms, 0ms});
    program writer(this->run_words("writer", {"--until-done"}), this->scratch / "writer");
    ASSERT_TRUE(wait_until([&] { return this->count(done) >= 2; })) << writer.printed();
    ASSERT_LT(this->count(done), 10U);
    move(*this, writer);
    for (int i = 1; i <= 2; ++i)
        EXPECT_EQ(this->source.downloads_of("clip-0" + std::to_string(i) + ".mp4"), 1);
}

}  // namespace
}  // namespace camera_sync::tests
