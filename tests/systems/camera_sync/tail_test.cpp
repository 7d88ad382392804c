// A tail that fails is no reason to download again, nor to keep others waiting.
#include "fixture.hpp"

namespace camera_sync::tests {
namespace {

template <class Backend>
class camera_tail : public on_camera<Backend> {
public:
    void put_with_a_broken_one() {
        this->put(4);
        std::ofstream(this->card / "clip-02.mp4") << "this is no video";
        fs::last_write_time(this->card / "clip-02.mp4",
                            fs::last_write_time(this->card / "clip-01.mp4") + 1s);
    }
};
TYPED_TEST_SUITE(camera_tail, conformance::backends, conformance::backend_names);

TYPED_TEST(camera_tail, that_fails_is_tried_by_itself_and_ends_in_a_named_state) {
    shows("C5");
    this->put_with_a_broken_one();
    // On a slow machine a cycle lasts longer than the first backoff, and fails more than once.
    for (std::int64_t failures = 0; failures < 3;) {
        EXPECT_EQ(this->cycle().why, way_out::all_through);
        const auto row = this->row("clip-02.mp4");
        ASSERT_GT(row.job.tail_failures, failures);
        failures = row.job.tail_failures;
        ASSERT_LE(failures, 3);
        EXPECT_EQ(row.state, failures < 3 ? downloaded : unfinished);
        EXPECT_NE(row.error.value_or("").find("ffprobe failed"), std::string::npos);
        EXPECT_EQ(this->count(done), 3U);  // the later ones were not held up
        if (failures < 3) this->pass_time("clip-02.mp4", 1h);
    }
    EXPECT_EQ(this->cycle().work.stages[1].claimed, 0U);
    EXPECT_EQ(this->source.downloads_of("clip-02.mp4"), 1);
    EXPECT_TRUE(fs::exists(this->card / "clip-02.mp4"));
    EXPECT_FALSE(this->jobs.fire(retry, this->row("clip-02.mp4").id, sm::any_version).value());
}

TYPED_TEST(camera_tail, that_failed_waits_for_its_backoff_and_never_for_a_download) {
    shows("C5");
    this->put_with_a_broken_one();
    this->cycle();
    const auto row = this->row("clip-02.mp4");
    EXPECT_GT(row.run_at, row.changed_at);
    EXPECT_EQ(this->jobs.claim_by_id(fetch, row.id, {.owner = "test"}).value().reason(),
              sm::reason::wrong_state);
    EXPECT_EQ(this->jobs.claim_by_id(finish, row.id, {.owner = "test"}).value().reason(),
              sm::reason::not_due);
}

}  // namespace
}  // namespace camera_sync::tests
