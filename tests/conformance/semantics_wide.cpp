// A job with more members than a call keeps room for without allocating.
#include "fixture.hpp"

namespace conformance {
namespace wide {

// clang-format off
#define TEN_OF(WITH, x) \
    WITH(x##0) WITH(x##1) WITH(x##2) WITH(x##3) WITH(x##4) \
    WITH(x##5) WITH(x##6) WITH(x##7) WITH(x##8) WITH(x##9)
#define ALL_OF(WITH) \
    TEN_OF(WITH, a) TEN_OF(WITH, b) TEN_OF(WITH, c) TEN_OF(WITH, d) \
    TEN_OF(WITH, e) TEN_OF(WITH, f) TEN_OF(WITH, g) TEN_OF(WITH, h) \
    TEN_OF(WITH, i) TEN_OF(WITH, j) TEN_OF(WITH, k) TEN_OF(WITH, l)
// clang-format on

enum class state { waiting, running, done };
using enum state;

#define MEMBER(name) std::int64_t name = 0;
struct job {
    ALL_OF(MEMBER)
};

#define COLUMN(name) {#name, sm::field<&job::name>},
constexpr sm::event<> claim{"claim"}, complete{"complete"};
constexpr sm::column columns[] = {ALL_OF(COLUMN)};
constexpr sm::named<state> states[] = {
    {waiting, "waiting"}, {running, "running"}, {done, "done", sm::terminal}};
constexpr sm::transition<state> transitions[] = {
    {.on = claim, .from = waiting, .to = running, .lease = 30s, .expired = waiting},
    {.on = complete, .from = running, .to = done}};
constexpr sm::machine<state, job> machine{.table = "wide_jobs",
                                          .initial = waiting,
                                          .columns = columns,
                                          .states = states,
                                          .transitions = transitions};
static_assert(std::size(columns) == 120);

#define COUNTED(name) made.name = ++next;
inline job counting_from(std::int64_t next) {
    job made;
    ALL_OF(COUNTED)
    return made;
}
#define LISTED(name) all.push_back(from.name);
inline std::vector<std::int64_t> members_of(const job& from) {
    std::vector<std::int64_t> all;
    ALL_OF(LISTED)
    return all;
}

}  // namespace wide

namespace {

template <class Backend>
class wide_job : public ::testing::Test {
public:
    wide_job() { store.migrate().value(); }

    Backend place;
    typename Backend::database database = place.open();
    sm::store<wide::machine> store{database};
};
TYPED_TEST_SUITE(wide_job, backends, backend_names);

TYPED_TEST(wide_job, keeps_each_of_its_members) {
    const wide::job first = wide::counting_from(1000);
    const auto id = this->store.submit(first, {.key = "k"}).value()->id;
    EXPECT_EQ(wide::members_of(this->store.read(id).value()->job), wide::members_of(first));
    EXPECT_EQ(told(this->store.submit(first, {.key = "k"})), "already_applied");
    EXPECT_EQ(told(this->store.submit(wide::counting_from(1), {.key = "k"})),
              "rejected: key_conflict");
    const auto run = this->store.claim(wide::claim, {.owner = "worker"}).value();
    EXPECT_EQ(wide::members_of(run->job), wide::members_of(first));
    EXPECT_EQ(told(this->store.fire(wide::complete, *run)), "applied");
}

TYPED_TEST(wide_job, is_one_of_many_in_a_batch) {
    std::vector<typename sm::store<wide::machine>::submission> jobs(3);
    for (std::size_t i = 0; i < jobs.size(); ++i)
        jobs[i].job = wide::counting_from(static_cast<std::int64_t>(1000 * i));
    const auto made = this->store.submit_many(jobs);
    ASSERT_EQ(made.size(), jobs.size());
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        const auto id = made[i].value()->id;
        EXPECT_EQ(wide::members_of(this->store.read(id).value()->job),
                  wide::members_of(jobs[i].job));
    }
}

}  // namespace
}  // namespace conformance
