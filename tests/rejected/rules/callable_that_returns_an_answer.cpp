// expect: a callable returns nothing or result<void>
// names:  task.finish
#include <statemachine/worker.hpp>
namespace sm = statemachine;
using namespace std::chrono_literals;

namespace words {

enum class state { waiting, counting, counted, failed };
using enum state;

struct text {
    std::string file;
};

constexpr sm::event<> claim{"claim"}, finish{"finish"}, fail{"fail"};

constexpr sm::column columns[] = {{"file", sm::field<&text::file>}};
constexpr sm::named<state> states[] = {
    {waiting, "waiting"},
    {counting, "counting"},
    {counted, "counted", sm::terminal},
    {failed, "failed", sm::terminal},
};
constexpr sm::transition<state> transitions[] = {
    {.on = claim, .from = waiting, .to = counting, .lease = 30s, .expired = waiting},
    {.on = finish, .from = counting, .to = counted},
    {.on = fail, .from = counting, .to = failed},
};
constexpr sm::machine<state, text> machine{
    .table = "texts",
    .initial = waiting,
    .columns = columns,
    .states = states,
    .transitions = transitions,
};

}  // namespace words

[[maybe_unused]] void work(sm::store<words::machine>& jobs) {
    sm::worker<words::machine> counter{jobs, words::claim, [](auto& task) {
#ifdef REFUSED
                                           return task.fire(words::finish);
#else
                                           return task.finish(words::finish);
#endif
                                       }};
    counter.on_failure(words::fail);
}
