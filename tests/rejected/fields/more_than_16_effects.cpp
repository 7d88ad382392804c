// expect: a rule has at most 16 effects
// names:  effects
#include <statemachine/verify.hpp>
namespace sm = statemachine;

namespace letters {

constexpr sm::effect sent = sm::set_error("sent");

#ifdef REFUSED
constexpr sm::effects all{sent, sent, sent, sent, sent, sent, sent, sent, sent,
                          sent, sent, sent, sent, sent, sent, sent, sent};
#else
constexpr sm::effects all{sent, sent, sent, sent, sent, sent, sent, sent,
                          sent, sent, sent, sent, sent, sent, sent, sent};
#endif
static_assert(all.begin() + sm::effects::capacity == all.end());

}  // namespace letters
