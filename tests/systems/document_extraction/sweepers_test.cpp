// Several sweepers, many orphans, and jobs that a sweep cannot change.
#include "contest.hpp"

namespace systems::extracted {
namespace {

template <class Backend>
class swept_documents : public on_documents<Backend> {
public:
    /// That many whose worker is gone, of either leg. The first ones are stuck.
    void make_orphans(int count, int stuck = 0) {
        std::vector<store_type::submission> all(
            static_cast<std::size_t>(count),
            store_type::submission{{.document = "a.pdf", .with_boxes = true}});
        for (int i = 0; i < stuck; ++i) all[static_cast<std::size_t>(i)].job.document = "stuck.pdf";
        for (const auto& got : this->jobs().submit_many(all)) ASSERT_EQ(told(got), "applied");
        const auto most = static_cast<std::size_t>(count);
        auto runs = *this->jobs().claim_many(claim, most, {.owner = "dead"}).value();
        ASSERT_EQ(runs.size(), most);
        std::vector<store_type::step<text_found>> halves;
        for (std::size_t i = 0; i < most / 2; ++i) halves.push_back({runs[i], {"the text"}});
        for (const auto& got : this->jobs().fire_many(found_text, std::span{std::as_const(halves)}))
            ASSERT_EQ(told(got), "applied");
        ASSERT_EQ(this->jobs().claim_many(refine, most, {.owner = "dead"}).value()->size(),
                  most / 2);
        this->place.execute("UPDATE documents SET lease_until = lease_until - " +
                            in_dialect(text_lease + 1s) + ", run_at = run_at - " +
                            in_dialect(text_lease + 1s) + " WHERE lease_until IS NOT NULL");
    }
    /// The table refuses every change of these documents, as a constraint of the user's may.
    void refuse_changes_of(const std::string& document) {
        if constexpr (std::is_same_v<Backend, conformance::sqlite_backend>)
            this->place.execute(
                "CREATE TRIGGER stuck BEFORE UPDATE ON documents WHEN "
                "OLD.document = '" +
                document + "' BEGIN SELECT RAISE(ABORT, 'stuck'); END");
        else
            this->place.execute("ALTER TABLE documents ADD CHECK (document <> '" + document +
                                "') NOT VALID");
    }
    std::int64_t handed_back() const {
        return this->place.number("SELECT count(*) FROM documents_log WHERE event = 'expire'");
    }
    std::size_t orphans() { return this->in(running) + this->in(refining); }

private:
    static std::string in_dialect(std::chrono::milliseconds time) {
        return std::to_string(time.count()) + std::string{Backend::database::dialect.millisecond};
    }
};
TYPED_TEST_SUITE(swept_documents, backends, backend_names);

TYPED_TEST(swept_documents, are_handed_back_once_by_several_sweepers_at_once) {
    shows("B9");
    constexpr int count = 60;
    this->make_orphans(count);
    this->close();
    // Without turns: `store::sweep` is what a sweeper does in its turn.
    const auto all =
        contest(this->place, {.threads = 2, .processes = 1}, 3, [](store_type& jobs, int, int) {
            const auto swept = jobs.sweep().value();
            return report("swept", 0, 0, static_cast<std::int64_t>(swept.expired));
        });
    std::int64_t sum = 0;
    for (const auto& round : all)
        for (const report& each : round) sum += each.number;
    EXPECT_EQ(sum, count);
    EXPECT_EQ(this->handed_back(), count);
    EXPECT_EQ(this->orphans(), 0U);
}

TYPED_TEST(swept_documents, are_swept_by_one_of_several_sweepers_in_an_interval) {
    shows("B9");
    constexpr int count = 60;
    this->make_orphans(count);
    std::vector<sm::swept> done(3);
    {
        std::vector<std::jthread> threads;
        for (sm::swept& each : done)
            threads.emplace_back([&] {
                replica<TypeParam> mine(this->place);
                each = sweeper_on(mine.database, {.interval = 1h})->sweep_once().value();
            });
    }
    EXPECT_EQ(
        std::count_if(done.begin(), done.end(), [](const sm::swept& each) { return each.not_due; }),
        2);
    EXPECT_EQ(done[0].expired + done[1].expired + done[2].expired, static_cast<std::size_t>(count));
    EXPECT_EQ(this->handed_back(), count);
}

TYPED_TEST(swept_documents, are_all_reached_within_three_sweeps) {
    shows("B9");
    constexpr int count = 250;
    this->make_orphans(count);
    auto sweeper = sweeper_on(this->database(), {.interval = 0ms, .batch = 50, .rounds = 2});
    for (int sweeps = 0; sweeps < 3; ++sweeps)
        EXPECT_LE(sweeper->sweep_once().value().expired, 100U) << "the work of one is bounded";
    EXPECT_EQ(this->orphans(), 0U);
    EXPECT_EQ(this->handed_back(), count);
}

TYPED_TEST(swept_documents, are_reached_past_those_that_the_table_refuses_to_change) {
    shows("B9");
    constexpr std::size_t stuck = 20;
    this->make_orphans(2 * stuck, stuck);
    this->refuse_changes_of("stuck.pdf");
    replica<TypeParam> other(this->place);
    auto sweeper = sweeper_on(other.database, {.interval = 50ms});
    std::optional<sm::result<sm::swept>> ended;
    {
        const std::jthread sweeping(
            [&](const std::stop_token& stop) { ended = sweeper->run(stop); });
        EXPECT_TRUE(wait_until([&] { return this->orphans() == stuck; }));
        // The loop goes on: what comes later is swept, too.
        const auto later = this->submit();
        static_cast<void>(this->run_of(claim, later));
        this->pass_time(later, text_lease + 1s);
        EXPECT_TRUE(wait_until([&] { return this->state_of(later) == "queued"; }));
    }
    ASSERT_TRUE(ended && *ended);
    EXPECT_EQ(ended->value().expired, stuck + 1);
    EXPECT_GE(ended->value().refused, 2 * stuck) << "it tried again each time";
}

}  // namespace
}  // namespace systems::extracted
