// What the tables themselves hold to, whoever writes.
#include "fixture.hpp"

#include <stdexcept>

namespace conformance {
namespace {

template <class Backend>
class table_check : public on_queue<Backend> {};
TYPED_TEST_SUITE(table_check, backends, backend_names);

TYPED_TEST(table_check, refuses_a_state_that_is_not_declared) {
    const auto id = this->submit({.payload = "p"});
    const auto before = this->stored();
    EXPECT_THROW(this->place.execute("UPDATE queue_jobs SET state = 'elsewhere'"),
                 std::runtime_error);
    EXPECT_THROW(this->place.execute("UPDATE queue_jobs SET state = 'QUEUED'"), std::runtime_error);
    EXPECT_EQ(this->stored(), before);
    this->place.execute("UPDATE queue_jobs SET state = 'failed'");
    EXPECT_EQ(this->read(id).state, queue::failed);
}

// So that a trigger of the user's own may insert OR IGNORE.
TYPED_TEST(table_check, passes_over_a_missing_state_where_the_statement_says_so) {
    const auto id = this->submit({.payload = "p"});
    if constexpr (std::is_same_v<TypeParam, sqlite_backend>)
        this->place.execute("UPDATE OR IGNORE queue_jobs SET state = NULL");
    EXPECT_THROW(this->place.execute("UPDATE queue_jobs SET state = NULL"), std::runtime_error);
    EXPECT_EQ(this->read(id).state, queue::queued);
}

TYPED_TEST(table_check, refuses_a_number_that_its_member_could_not_take) {
    const auto id = this->submit({.payload = "p"});
    for (const std::string column : {"percent", "priority"})
        for (const char* number : {"2147483648", "-2147483649"})
            EXPECT_THROW(this->place.execute("UPDATE queue_jobs SET " + column + " = " + number),
                         std::runtime_error);
    this->place.execute("UPDATE queue_jobs SET percent = -2147483648");
    EXPECT_EQ(this->read(id).job.percent, std::numeric_limits<std::int32_t>::min());
}

TYPED_TEST(table_check, refuses_a_second_job_under_one_key) {
    this->submit({.payload = "p"}, {.key = "key"});
    const auto other = this->submit({.payload = "p"});
    EXPECT_THROW(this->place.execute("UPDATE queue_jobs SET key = 'key' WHERE id = " +
                                     std::to_string(other)),
                 std::runtime_error);
}

// The answers alone would not show it: they are matched with what came back.
TYPED_TEST(table_check, shows_no_trace_of_a_stale_run_in_a_batch_of_renewals) {
    auto stale = this->claim(queue::claim, this->submit({.payload = "p"}));
    this->pass_time(stale.id, queue::lease + 1s);
    this->claim(queue::claim, stale.id);
    const auto live = this->claim(queue::claim, this->submit({.payload = "p"}));
    this->pass_time(stale.id, 1s);
    const auto before = this->stored(stale.id);
    const std::vector runs{stale, live};
    const auto renewed = this->store.renew_many(runs).value();
    EXPECT_EQ(told(renewed[0]), "rejected: stale_epoch");
    EXPECT_EQ(told(renewed[1]), "applied");
    EXPECT_EQ(this->stored(stale.id), before);
}

}  // namespace
}  // namespace conformance
