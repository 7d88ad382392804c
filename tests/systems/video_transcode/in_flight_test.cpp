// A6: a duplicate that comes while the first is in its transaction.
#include "service_on.hpp"

#include <future>

namespace systems {
namespace {

template <class Backend>
class completion_in_flight : public on_service<Backend> {
public:
    completion_in_flight() {
        this->wrong.before_commit = [this]() -> std::optional<sm::error> {
            reached_.set_value();
            return end_.get_future().get();
        };
        first_ =
            std::async(std::launch::async, [this] { return complete_once(this->worker, mine); });
        if (reached_.get_future().wait_for(30s) != std::future_status::ready)
            throw std::runtime_error("the first did not come as far as its commit");
    }
    ~completion_in_flight() override {
        if (first_.valid()) end(sm::error(sm::errc::busy, "the test is over"));
    }
    /// The first commits, or ends with this error.
    std::string end(std::optional<sm::error> how) {
        end_.set_value(std::move(how));
        return told(first_.get());
    }

    const assignment mine = this->claimed();
    served<typename Backend::database> hasty{open_hasty(this->place)}, patient{this->place.open()};
    transcode::client impatient{hasty.server.url(), "worker-1"};
    transcode::client waiting{patient.server.url(), "worker-1"};

private:
    std::promise<void> reached_;
    std::promise<std::optional<sm::error>> end_;
    std::future<reply> first_;
};
TYPED_TEST_SUITE(completion_in_flight, backends, backend_names);

TYPED_TEST(completion_in_flight, tells_no_duplicate_that_it_is_done) {
    shows("A6");
    EXPECT_EQ(this->place.text("SELECT state FROM videos"), "claimed");
    EXPECT_EQ(told(complete_once(this->impatient, this->mine)), "503 try again later");
    auto duplicate =
        std::async(std::launch::async, [&] { return complete_once(this->waiting, this->mine); });
    EXPECT_EQ(this->end(std::nullopt), "200 done");
    EXPECT_EQ(told(duplicate.get()), "200 already done");
    EXPECT_EQ(told(complete_once(this->impatient, this->mine)), "200 already done");
    EXPECT_EQ(this->thumbnails_of(this->mine.job), 1);
}

TYPED_TEST(completion_in_flight, that_aborts_lets_the_duplicate_apply) {
    shows("A6 A12");
    EXPECT_EQ(told(complete_once(this->impatient, this->mine)), "503 try again later");
    auto duplicate =
        std::async(std::launch::async, [&] { return complete_once(this->waiting, this->mine); });
    EXPECT_EQ(this->end(sm::error(sm::errc::disk_full, "as if")), "503 try again later");
    EXPECT_EQ(told(duplicate.get()), "200 done");
    EXPECT_EQ(this->state_of(this->mine.job), "completed");
    EXPECT_EQ(this->thumbnails_of(this->mine.job), 1);
}

}  // namespace
}  // namespace systems
