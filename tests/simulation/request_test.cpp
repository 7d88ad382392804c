// What a request that arrives late takes along of the one that was sent.
#include "../../testing/request.hpp"

#include "conformance/backend.hpp"

#include <gtest/gtest.h>

namespace {

namespace sm = statemachine;
using sm::column_type;
using sm::testing::request;

constexpr column_type number[] = {column_type::int64};
constexpr column_type text[] = {column_type::text};
constexpr sm::statement reads_back{.text = "SELECT id FROM t WHERE id = 7", .results = number};
constexpr sm::statement tells_why{.text = "SELECT state FROM t WHERE id = 7", .results = text};

class sent_request : public testing::Test {
protected:
    request sent(const char* change, const sm::statement& look) {
        request kept;
        (void)database.connection().transact(
            sm::access::write, [&](sm::executor& inner) -> sm::result<sm::verdict> {
                sm::testing::request_copy copy(inner);
                const auto ignore = [](std::span<const sm::value>) {};
                copy.execute({.text = change, .results = {}, .prepared = true}, {}, ignore).value();
                EXPECT_EQ(copy.execute(look, {}, ignore).value(), 1U);
                kept = copy.take();
                return sm::verdict::commit;
            });
        return kept;
    }

    conformance::sqlite_backend place;
    conformance::sqlite_backend::database database = [this] {
        place.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, state TEXT)");
        place.execute("INSERT INTO t VALUES(7, 'waiting')");
        return place.open();
    }();
};

TEST_F(sent_request, travels_with_the_job_that_it_changed) {
    const request got = sent("UPDATE t SET state = 'done' WHERE id = 7", reads_back);
    EXPECT_EQ(got.ids, std::vector<std::int64_t>{7});
    EXPECT_TRUE(sm::testing::travels_at_once(got));
}

TEST_F(sent_request, takes_no_reason_for_a_job_that_it_changed) {
    const request got = sent("UPDATE t SET state = 'done' WHERE id = 8", tells_why);
    EXPECT_TRUE(got.ids.empty());
    EXPECT_FALSE(sm::testing::travels_at_once(got));
}

}  // namespace
