// A3, A4, A7 and A8: one completion, however often it is sent.
#include "service_on.hpp"
#include "token.hpp"

#include <latch>
#include <map>
#include <regex>
#include <thread>

namespace systems {
namespace {

template <class Backend>
class video_tokens : public on_service<Backend> {
public:
    reply complete(const assignment& mine, const std::string& token,
                   const metadata& found = measured) {
        assignment other = mine;
        other.token = token;
        return this->worker.complete(other, found);
    }
};
TYPED_TEST_SUITE(video_tokens, backends, backend_names);

TYPED_TEST(video_tokens, are_made_once_per_claim_and_name_its_job) {
    shows("A3");
    const auto mine = this->claimed();
    const std::regex shape(std::to_string(mine.job) +
                           "-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    EXPECT_TRUE(std::regex_match(mine.token, shape)) << mine.token;
    EXPECT_LE(mine.token.size(), 100U);
    EXPECT_NE(transcode::make_token(mine.job), mine.token);
    EXPECT_EQ(told(this->worker.complete(mine, measured)), "200 done");
    EXPECT_EQ(this->place.text("SELECT token FROM videos_tokens"), mine.token);
}

TYPED_TEST(video_tokens, are_checked_before_any_write) {
    shows("A3");
    const auto mine = this->claimed();
    int statements = 0;
    this->wrong.before_statement = [&](auto) {
        ++statements;
        return std::nullopt;
    };
    const std::string id = std::to_string(mine.job);
    const std::string uuid = mine.token.substr(id.size() + 1);
    std::string of_version_1 = uuid;
    of_version_1[14] = '1';
    const auto before = this->stored();
    for (const std::string& bad :
         {std::string{}, uuid, id, id + "-", id + "-" + of_version_1, id + "-" + uuid + "0",
          id + "-" + uuid.substr(1), id + " " + uuid, "0" + mine.token, " " + mine.token,
          std::to_string(mine.job + 1) + "-" + uuid, mine.token + "'",
          id + "-" + std::string(90, 'a'), id + "-" + std::string(200, 'a')})
        EXPECT_EQ(told(this->complete(mine, bad)), "400 bad request") << bad;
    EXPECT_EQ(statements, 0);
    EXPECT_EQ(this->stored(), before);
    EXPECT_EQ(told(this->worker.complete(mine, measured)), "200 done");
    EXPECT_GT(statements, 0);
}

TYPED_TEST(video_tokens, are_the_same_in_upper_case) {
    shows("A3");
    const auto mine = this->claimed();
    std::string upper = mine.token;
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::toupper(letter)); });
    ASSERT_NE(upper, mine.token);
    EXPECT_EQ(told(this->complete(mine, upper)), "200 done");
    EXPECT_EQ(told(this->complete(mine, mine.token)), "200 already done");
    EXPECT_EQ(this->place.text("SELECT token FROM videos_tokens"), mine.token);
}

TYPED_TEST(video_tokens, that_come_again_change_nothing) {
    shows("A4 A12");
    const auto mine = this->claimed();
    EXPECT_EQ(told(this->worker.complete(mine, measured)), "200 done");
    const auto after = this->stored();
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(told(this->worker.complete(mine, measured)), "200 already done");
    EXPECT_EQ(this->stored(), after);
    EXPECT_EQ(this->thumbnails_of(mine.job), 1);
}

TYPED_TEST(video_tokens, that_come_at_once_change_once) {
    shows("A4 A12");
    constexpr int senders = 8;
    for (int round = 0; round < 5; ++round) {
        const auto mine = this->claimed("clip-" + std::to_string(round));
        std::vector<std::string> said(senders);
        {
            std::latch all_there(senders);
            std::vector<std::jthread> threads;
            for (auto& each : said)
                threads.emplace_back([&] {
                    // A handle of its own, as in a process of its own.
                    served own(this->place.open());
                    transcode::client sender(own.server.url(), "worker-1");
                    all_there.arrive_and_wait();
                    each = told(sender.complete(mine, measured));
                });
        }
        std::map<std::string, int> counts;
        for (const auto& each : said) ++counts[each];
        EXPECT_EQ(counts,
                  (std::map<std::string, int>{{"200 done", 1}, {"200 already done", senders - 1}}));
        EXPECT_EQ(this->thumbnails_of(mine.job), 1);
        EXPECT_EQ(this->place.number("SELECT count(*) FROM videos_log WHERE event = 'complete' "
                                     "AND job = " +
                                     std::to_string(mine.job)),
                  1);
    }
}

TYPED_TEST(video_tokens, are_remembered_for_a_quarter_of_an_hour) {
    shows("A7 A12");
    this->outlast_first_grace();
    const auto mine = this->claimed();
    EXPECT_EQ(told(this->worker.complete(mine, measured)), "200 done");
    this->age("videos_tokens", "at", 14min);
    this->check();
    EXPECT_EQ(told(this->worker.complete(mine, measured)), "200 already done");
    this->age("videos_tokens", "at", 2min);
    EXPECT_EQ(this->check().videos.forgotten, 1U);
    ASSERT_EQ(this->place.number("SELECT count(*) FROM videos_tokens"), 0);

    const auto after = this->stored();
    EXPECT_EQ(told(this->worker.complete(mine, measured)), "200 already completed");
    EXPECT_EQ(this->stored(), after) << "the state itself knows";
    EXPECT_EQ(this->thumbnails_of(mine.job), 1);
}

TYPED_TEST(video_tokens, do_not_complete_what_failed_for_good) {
    shows("A7");
    const auto mine = this->claimed();
    EXPECT_EQ(told(this->worker.fail(mine, "no video stream", true)), "200 done");
    const auto after = this->stored();
    const auto refused = this->worker.complete(mine, measured);
    EXPECT_EQ(told(refused), "410 failed for good");
    EXPECT_NE(refused.body.at("why"), "");
    EXPECT_EQ(this->stored(), after);
    EXPECT_EQ(this->thumbnails_of(mine.job), 0);
    EXPECT_EQ(this->video_of(mine.job).at("error"), "no video stream");
}

TYPED_TEST(video_tokens, with_other_values_overwrite_nothing) {
    shows("A8");
    const auto mine = this->claimed();
    EXPECT_EQ(told(this->worker.complete(mine, measured)), "200 done");
    const auto after = this->stored();
    const metadata other{9.9, 1, 2, "avi", "mpeg4"};
    EXPECT_EQ(told(this->worker.complete(mine, other)), "200 already completed");
    EXPECT_EQ(told(this->complete(mine, transcode::make_token(mine.job), other)),
              "200 already completed");
    EXPECT_EQ(this->stored(), after);
    const json expected{
        {"duration", 2.5}, {"width", 320}, {"height", 240}, {"format", "mp4"}, {"codec", "h264"}};
    EXPECT_EQ(this->video_of(mine.job).at("metadata"), expected);
}

}  // namespace
}  // namespace systems
