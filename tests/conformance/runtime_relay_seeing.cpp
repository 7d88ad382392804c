// What an operator and an observer see of deliveries.
#include "parcels.hpp"

#include <statemachine/overview.hpp>

namespace conformance::parcels {
namespace {

struct noted final : sm::observer {
    void observed(const sm::observation& seen) noexcept override {
        std::string line{seen.event};
        line.append(" ").append(to_string(seen.status));
        line += " " + std::to_string(seen.jobs) + "/" + std::to_string(seen.others);
        lines.push_back(line);
    }
    std::vector<std::string> lines;
};

template <class Backend>
class seen_delivery : public parcels_test<Backend> {
public:
    noted watch;

    sm::relay_options once() {
        sm::relay_options how = this->quick("a");
        how.tries = 1;
        how.watch = &watch;
        return how;
    }
};
TYPED_TEST_SUITE(seen_delivery, backends, backend_names);

TYPED_TEST(seen_delivery, that_was_parked_stands_in_the_overview_with_its_reason) {
    auto failing = this->relay(this->once(), [](const event_type&) -> sm::result<void> {
        return sm::error(sm::errc::unexpected, "the receiver is down");
    });
    ASSERT_EQ(told(failing->join()), "success");
    this->make_packed();
    this->drain(*failing);
    const auto seen = sm::overview_of<machine>(this->database).value();
    ASSERT_EQ(seen.parked.size(), 1U);
    EXPECT_EQ(seen.parked[0].group, "a");
    EXPECT_EQ(seen.parked[0].reason, "the receiver is down");
    EXPECT_EQ(seen.parked[0].events, 2U);
    EXPECT_EQ(this->watch.lines,
              (std::vector<std::string>{"deliver retryable 0/1", "deliver retryable 0/1"}));
}

TYPED_TEST(seen_delivery, that_was_taken_is_told_to_the_observer) {
    received into;
    auto relay = this->relay(this->once(), into);
    ASSERT_EQ(told(relay->join()), "success");
    this->make_packed();
    this->drain(*relay);
    EXPECT_EQ(this->watch.lines,
              (std::vector<std::string>{"deliver applied 1/0", "deliver applied 1/0"}));
    EXPECT_TRUE(sm::overview_of<machine>(this->database).value().parked.empty());
}

}  // namespace
}  // namespace conformance::parcels
