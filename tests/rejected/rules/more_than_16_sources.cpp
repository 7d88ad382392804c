// expect: a rule starts from at most 16 states
// names:  from_states
#include <statemachine/verify.hpp>
namespace sm = statemachine;

namespace letters {

enum class state { a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q };
using enum state;

constexpr sm::event<> send{"send"};

constexpr sm::transition<state> transitions[] = {
#ifdef REFUSED
    {.on = send, .from = {a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q}, .to = a},
#else
    {.on = send, .from = {a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p}, .to = q},
#endif
};
static_assert(transitions[0].from.begin() != transitions[0].from.end());

}  // namespace letters
