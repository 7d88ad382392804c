// Which reason is given where two hold at once: the order is part of the protocol.
#include "fixture.hpp"

namespace conformance {
namespace {

template <class Backend>
class reason_of_a_step : public on_gate<Backend> {
public:
    // The first run's lease ran out and the job was claimed again.
    auto stale_run(std::int64_t id) {
        const auto first = this->claim(gate::enter, id);
        this->pass_time(id, gate::lease + 1s);
        this->claim(gate::enter, id, "second");
        return first;
    }
};
TYPED_TEST_SUITE(reason_of_a_step, backends, backend_names);

TYPED_TEST(reason_of_a_step, not_found_goes_before_token_reused) {
    const auto run = this->claim(gate::enter, this->submit());
    ASSERT_EQ(told(this->store.fire(gate::leave, run, {true}, "token")), "applied");
    this->place.execute("DELETE FROM gate_jobs");
    EXPECT_EQ(told(this->store.fire(gate::leave, run, {false}, "token")), "rejected: not_found");
}

TYPED_TEST(reason_of_a_step, token_reused_goes_before_stale_epoch) {
    const auto id = this->submit();
    const auto first = this->claim(gate::enter, id);
    ASSERT_EQ(told(this->store.fire(gate::put_back, first, "token")), "applied");
    this->claim(gate::enter, id, "second");
    EXPECT_EQ(told(this->store.fire(gate::leave, first, {true}, "token")),
              "rejected: token_reused");
}

TYPED_TEST(reason_of_a_step, stale_epoch_goes_before_wrong_state) {
    const auto id = this->submit();
    const auto first = this->stale_run(id);
    auto second = first;
    ++second.epoch;
    ASSERT_EQ(told(this->store.fire(gate::leave, second, {true})), "applied");
    EXPECT_EQ(told(this->store.fire(gate::leave, first, {true})), "rejected: stale_epoch");
}

TYPED_TEST(reason_of_a_step, stale_epoch_goes_before_lease_expired) {
    const auto id = this->submit();
    const auto first = this->stale_run(id);
    this->pass_time(id, gate::lease + 1s);
    EXPECT_EQ(told(this->store.fire(gate::leave, first, {true})), "rejected: stale_epoch");
    EXPECT_EQ(told(this->store.renew(first)), "rejected: stale_epoch");
}

TYPED_TEST(reason_of_a_step, stale_epoch_goes_before_guard_failed) {
    const auto first = this->stale_run(this->submit());
    EXPECT_EQ(told(this->store.fire(gate::leave, first, {false})), "rejected: stale_epoch");
    EXPECT_EQ(told(this->store.renew(gate::knock, first, {false})), "rejected: stale_epoch");
}

TYPED_TEST(reason_of_a_step, wrong_state_goes_before_lease_expired) {
    const auto id = this->submit();
    const auto run = this->claim(gate::enter, id);
    ASSERT_EQ(told(this->store.fire(gate::climb, run)), "applied");
    this->pass_time(id, gate::long_lease + 1s);
    EXPECT_EQ(told(this->store.fire(gate::leave, run, {true})), "rejected: wrong_state");
    EXPECT_EQ(told(this->store.fire(gate::jump, run)), "rejected: lease_expired");
}

TYPED_TEST(reason_of_a_step, wrong_state_goes_before_guard_failed) {
    const auto run = this->claim(gate::enter, this->submit());
    ASSERT_EQ(told(this->store.fire(gate::leave, run, {true})), "applied");
    EXPECT_EQ(told(this->store.fire(gate::leave, run, {false})), "rejected: wrong_state");
    EXPECT_EQ(told(this->store.renew(gate::knock, run, {false})), "rejected: wrong_state");
}

TYPED_TEST(reason_of_a_step, lease_expired_goes_before_guard_failed) {
    const auto id = this->submit();
    const auto run = this->claim(gate::enter, id);
    this->pass_time(id, gate::lease + 1s);
    EXPECT_EQ(told(this->store.fire(gate::leave, run, {false})), "rejected: lease_expired");
    EXPECT_EQ(told(this->store.renew(gate::knock, run, {false})), "rejected: lease_expired");
}

TYPED_TEST(reason_of_a_step, guard_failed_is_given_last_and_changes_nothing) {
    const auto id = this->submit();
    const auto run = this->claim(gate::enter, id);
    const auto before = this->stored(id);
    EXPECT_EQ(told(this->store.fire(gate::leave, run, {false})), "rejected: guard_failed");
    EXPECT_EQ(told(this->store.renew(gate::knock, run, {false})), "rejected: guard_failed");
    EXPECT_EQ(this->stored(id), before);
}

template <class Backend>
class reason_of_a_control_event : public on_gate<Backend> {};
TYPED_TEST_SUITE(reason_of_a_control_event, backends, backend_names);

TYPED_TEST(reason_of_a_control_event, not_found_goes_before_token_reused) {
    const auto id = this->submit();
    ASSERT_EQ(told(this->store.fire(gate::turn, id, sm::any_version, {false}, {.token = "t"})),
              "applied");
    this->place.execute("DELETE FROM gate_jobs");
    EXPECT_EQ(told(this->store.fire(gate::turn, id, sm::any_version, {true}, {.token = "t"})),
              "rejected: not_found");
}

TYPED_TEST(reason_of_a_control_event, token_reused_goes_before_stale_version) {
    const auto id = this->submit();
    ASSERT_EQ(told(this->store.fire(gate::turn, id, sm::version{1}, {false}, {.token = "t"})),
              "applied");
    EXPECT_EQ(told(this->store.fire(gate::turn, id, sm::version{1}, {true}, {.token = "t"})),
              "rejected: token_reused");
}

TYPED_TEST(reason_of_a_control_event, stale_version_goes_before_wrong_state) {
    const auto id = this->submit();
    this->claim(gate::enter, id);
    EXPECT_EQ(told(this->store.fire(gate::turn, id, sm::version{1}, {false})),
              "rejected: stale_version");
    EXPECT_EQ(told(this->store.fire(gate::turn, id, sm::version{2}, {false})),
              "rejected: wrong_state");
}

TYPED_TEST(reason_of_a_control_event, stale_version_goes_before_guard_failed) {
    const auto id = this->submit({.open = true});
    EXPECT_EQ(told(this->store.fire(gate::turn, id, sm::version{7}, {true})),
              "rejected: stale_version");
    EXPECT_EQ(told(this->store.fire(gate::turn, id, sm::version{1}, {true})),
              "rejected: guard_failed");
}

TYPED_TEST(reason_of_a_control_event, wrong_state_goes_before_guard_failed) {
    const auto id = this->submit({.open = true});
    this->claim(gate::enter, id);
    EXPECT_EQ(told(this->store.fire(gate::turn, id, sm::any_version, {true})),
              "rejected: wrong_state");
}

template <class Backend>
class reason_of_a_claim : public on_gate<Backend> {
public:
    std::string claim_told(std::int64_t id) {
        return told(this->store.claim_by_id(gate::enter, id, {.owner = "worker"}));
    }
    void close(std::int64_t id) {
        this->place.execute("UPDATE gate_jobs SET open = " +
                            std::string(std::is_same_v<Backend, sqlite_backend> ? "0" : "FALSE") +
                            " WHERE id = " + std::to_string(id));
    }
    // Waits with no attempt left.
    std::int64_t used_up() {
        const auto id = this->submit();
        for (int i = 0; i < gate::max_attempts; ++i)
            this->store.fire(gate::put_back, this->claim(gate::enter, id)).value().value();
        return id;
    }
};
TYPED_TEST_SUITE(reason_of_a_claim, backends, backend_names);

TYPED_TEST(reason_of_a_claim, not_found_stands_alone) {
    EXPECT_EQ(this->claim_told(42), "rejected: not_found");
}

TYPED_TEST(reason_of_a_claim, wrong_state_goes_before_guard_failed) {
    const auto id = this->submit();
    this->store.fire(gate::leave, this->claim(gate::enter, id), {true}).value().value();
    this->close(id);
    EXPECT_EQ(this->claim_told(id), "rejected: wrong_state");
}

TYPED_TEST(reason_of_a_claim, lease_held_goes_before_attempts_exhausted) {
    const auto id = this->submit();
    this->store.fire(gate::put_back, this->claim(gate::enter, id)).value().value();
    this->claim(gate::enter, id);
    const auto before = this->stored(id);
    EXPECT_EQ(this->claim_told(id), "rejected: lease_held");
    EXPECT_EQ(this->stored(id), before);
}

TYPED_TEST(reason_of_a_claim, lease_held_goes_before_guard_failed) {
    const auto id = this->submit();
    this->claim(gate::enter, id);
    this->close(id);
    EXPECT_EQ(this->claim_told(id), "rejected: lease_held");
}

TYPED_TEST(reason_of_a_claim, not_due_goes_before_attempts_exhausted) {
    const auto id = this->used_up();
    this->pass_time(id, -1h);
    const auto before = this->stored(id);
    EXPECT_EQ(this->claim_told(id), "rejected: not_due");
    EXPECT_EQ(this->stored(id), before);
}

TYPED_TEST(reason_of_a_claim, not_due_goes_before_guard_failed) {
    const auto id = this->submit({.open = false}, {.delay = 1h});
    EXPECT_EQ(this->claim_told(id), "rejected: not_due");
}

TYPED_TEST(reason_of_a_claim, attempts_exhausted_goes_before_guard_failed) {
    const auto id = this->used_up();
    this->close(id);
    EXPECT_EQ(this->claim_told(id), "rejected: attempts_exhausted");
    EXPECT_EQ(this->read(id).state, gate::spent);
}

TYPED_TEST(reason_of_a_claim, guard_failed_is_given_last_and_changes_nothing) {
    const auto id = this->submit({.open = false});
    const auto before = this->stored(id);
    EXPECT_EQ(this->claim_told(id), "rejected: guard_failed");
    EXPECT_EQ(told(this->store.claim(gate::enter, {.owner = "worker"})), "rejected: none_due");
    EXPECT_EQ(this->stored(id), before);
}

TYPED_TEST(reason_of_a_claim, is_guard_failed_for_a_lease_that_ran_out_behind_a_closed_guard) {
    const auto id = this->submit();
    this->claim(gate::enter, id);
    this->pass_time(id, gate::lease + 1s);
    this->close(id);
    EXPECT_EQ(this->claim_told(id), "rejected: guard_failed");
}

}  // namespace
}  // namespace conformance
