// expect: a transition starts from a state without a lease
// names:  finish: draft
#include <statemachine/verify.hpp>
namespace sm = statemachine;
using namespace std::chrono_literals;

namespace documents {

enum class state { draft, printing, printed, failed };
using enum state;

struct document {
    std::string title;
    std::optional<int> pages;
};
struct printout {
    int pages;
};

constexpr sm::event<> print{"print"};
constexpr sm::event<printout> finish{"finish"};

constexpr sm::column columns[] = {
    {"title", sm::field<&document::title>},
    {"pages", sm::field<&document::pages>, sm::once},
};
constexpr sm::named<state> states[] = {
    {draft, "draft"},
    {printing, "printing"},
    {printed, "printed", sm::terminal},
    {failed, "failed", sm::terminal},
};
constexpr sm::transition<state> transitions[] = {
    {.on = print, .from = draft, .to = printing,
     .lease = 5min, .max_attempts = 3, .expired = draft, .exhausted = failed},
#ifdef REFUSED
    {.on = finish, .from = draft, .to = printed,
#else
    {.on = finish, .from = printing, .to = printed,
#endif
     .then = {sm::set<&document::pages>(sm::field<&printout::pages>)}},
};
constexpr sm::machine<state, document> machine{
    .table = "documents",
    .initial = draft,
    .columns = columns,
    .states = states,
    .transitions = transitions,
};
static_assert(sm::verify<machine>());

}  // namespace documents
