// Whatever the camera lists, a file is one job for ever.
#include "fixture.hpp"

namespace camera_sync::tests {
namespace {

template <class Backend>
using camera_listing = on_camera<Backend>;
TYPED_TEST_SUITE(camera_listing, conformance::backends, conformance::backend_names);

TYPED_TEST(camera_listing, again_inserts_nothing_and_takes_no_done_file_back) {
    shows("C1");
    this->put(3);
    EXPECT_EQ(this->cycle().files.fresh, 3U);
    ASSERT_EQ(this->count(done), 3U);
    this->put(3);
    const auto again = this->cycle();
    EXPECT_EQ(again.files.fresh, 0U);
    EXPECT_EQ(again.files.vanished, 0U);
    EXPECT_EQ(again.work.stages[0].claimed, 0U);
    EXPECT_EQ(this->count(done), 3U);
    EXPECT_EQ(this->backend.number("SELECT count(*) FROM clips"), 3);
    EXPECT_EQ(this->source.downloads(), 3);
}

TYPED_TEST(camera_listing, makes_gone_only_what_left_it_and_was_never_downloaded) {
    shows("C1");
    this->put(6);
    take_listing(this->jobs, this->client, "test");
    this->jobs.fire(fetched_untimed, this->claim(fetch, "clip-01.mp4")).value().value();
    this->claim(fetch, "clip-02.mp4");
    this->jobs.fire(fetched_untimed, this->claim(fetch, "clip-03.mp4")).value().value();
    this->claim(finish, "clip-03.mp4");
    for (int i = 0; i < 3; ++i) {
        this->jobs.fire(fetch_failed, this->claim(fetch, "clip-04.mp4"), {"torn"}).value().value();
        this->pass_time("clip-04.mp4", 1h);
    }
    for (const auto& each : fs::directory_iterator(this->card))
        if (each.path().filename() != "clip-06.mp4") fs::remove(each.path());
    EXPECT_EQ(take_listing(this->jobs, this->client, "test").vanished, 2U);
    EXPECT_EQ(this->row("clip-01.mp4").state, downloaded);
    EXPECT_EQ(this->row("clip-02.mp4").state, downloading);
    EXPECT_EQ(this->row("clip-03.mp4").state, finishing);
    EXPECT_EQ(this->row("clip-04.mp4").state, gone);
    EXPECT_EQ(this->row("clip-05.mp4").state, gone);
    EXPECT_EQ(this->row("clip-06.mp4").state, pending);
    // A card that was out of the camera for a while.
    fs::copy_file(this->original, this->card / "clip-05.mp4");
    EXPECT_EQ(take_listing(this->jobs, this->client, "test").back, 1U);
    EXPECT_EQ(this->row("clip-05.mp4").state, pending);
}

TYPED_TEST(camera_listing, orders_by_priority_and_then_by_age) {
    shows("C1");
    this->put(2, "young");
    take_listing(this->jobs, this->client, "test");
    this->put(4, "old");
    this->put(1, "event");
    fs::remove(this->card / "old-03.mp4");
    fs::remove(this->card / "old-04.mp4");
    told seen;
    EXPECT_EQ(this->cycle(this->options(
                              [&](moment when, const std::string& what) { seen.add(when, what); }))
                  .why,
              way_out::all_through);
    EXPECT_EQ(seen.all(moment::download_begins),
              (std::vector<std::string>{"event-01.mp4", "old-01.mp4", "old-02.mp4", "young-01.mp4",
                                        "young-02.mp4"}));
}

}  // namespace
}  // namespace camera_sync::tests
