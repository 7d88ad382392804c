// A11: the stale check after an outage, by processes that start from cold each time.
#include "example.hpp"
#include "program.hpp"
#include "service_on.hpp"

namespace systems {
namespace {

template <class Backend>
class stale_checks : public on_service<Backend> {
public:
    /// The program does one check and ends; what it said.
    std::string check_from_cold() {
        std::vector<std::string> command{path_of_example};
        for (const auto& each : arguments_for(this->place)) command.push_back(each);
        command.emplace_back("check");
        program cold(command);
        const std::string said = cold.line();
        worked = cold.wait() == 0;
        return said;
    }
    std::int64_t expired_job() {
        const auto mine = this->claimed();
        this->pass_time(mine.job, 31min);
        return mine.job;
    }
    std::int64_t releases() {
        return this->place.number("SELECT count(*) FROM videos_log WHERE event = 'expire'");
    }
    const std::string in_grace =
        "in grace: leases are left alone, 0 jobs taken back, 0 workers marked offline";
    bool worked = false;
};
TYPED_TEST_SUITE(stale_checks, backends, backend_names);

TYPED_TEST(stale_checks, of_a_service_that_restarts_all_the_time_release_a_job_once) {
    shows("A11");
    const auto job = this->expired_job();
    std::vector<std::int64_t> released;
    for (int start = 0; start < 6; ++start) {
        const std::string said = this->check_from_cold();
        EXPECT_TRUE(this->worked);
        released.push_back(this->releases());
        EXPECT_EQ(said == this->in_grace, start < 2) << said;
        if (released.back() == 0) {
            EXPECT_EQ(this->peer.post("/claims").status, 204) << "claims wait, too";
        }
        this->pass_time_of_checks(90s);
    }
    EXPECT_EQ(released, (std::vector<std::int64_t>{0, 0, 1, 1, 1, 1}));
    EXPECT_EQ(this->state_of(job), "waiting");
}

TYPED_TEST(stale_checks, need_no_grace_where_a_peer_has_checked_within_it) {
    shows("A11");
    this->outlast_first_grace();
    this->expired_job();
    this->pass_time_of_checks(110s);
    EXPECT_EQ(this->check_from_cold(), "checked, 1 jobs taken back, 0 workers marked offline");
    EXPECT_EQ(this->releases(), 1);
}

TYPED_TEST(stale_checks, wait_again_after_an_outage) {
    shows("A11");
    this->outlast_first_grace();
    this->expired_job();
    this->pass_time_of_checks(121s);
    EXPECT_EQ(this->check_from_cold(), this->in_grace);
    this->pass_time_of_checks(61s);
    EXPECT_EQ(this->check_from_cold(), this->in_grace);
    EXPECT_EQ(this->releases(), 0);
    this->pass_time_of_checks(61s);
    EXPECT_EQ(this->check_from_cold(), "checked, 1 jobs taken back, 0 workers marked offline");
}

TYPED_TEST(stale_checks, count_only_when_they_succeeded) {
    shows("A11");
    this->outlast_first_grace();
    this->expired_job();
    this->pass_time_of_checks(100s);
    this->place.execute("ALTER TABLE videos_log RENAME TO away");
    EXPECT_EQ(this->check_from_cold(), "");
    EXPECT_FALSE(this->worked);
    this->place.execute("ALTER TABLE away RENAME TO videos_log");
    // The last good one is 140 s ago, the failed one 40 s.
    this->pass_time_of_checks(40s);
    EXPECT_EQ(this->check_from_cold(), this->in_grace);
    EXPECT_EQ(this->releases(), 0);
}

}  // namespace
}  // namespace systems
