// expect: a machine has at most 64 states
// names:  tokens
#include <statemachine/verify.hpp>
namespace sm = statemachine;

namespace boards {

#ifdef REFUSED
constexpr std::size_t squares = 65;
#else
constexpr std::size_t squares = 64;
#endif

struct token {
    std::string player;
};

struct written {
    char name[4] = "s00";
};
constexpr auto names = [] {
    std::array<written, squares> made{};
    for (std::size_t i = 0; i < squares; ++i) {
        made[i].name[1] = static_cast<char>('0' + i / 10);
        made[i].name[2] = static_cast<char>('0' + i % 10);
    }
    return made;
}();
constexpr auto states = [] {
    std::array<sm::named<std::size_t>, squares> made{};
    for (std::size_t i = 0; i < squares; ++i) made[i] = {i, names[i].name};
    made[squares - 1].kind = sm::terminal;
    return made;
}();

constexpr sm::event<> move{"move"};
constexpr sm::column columns[] = {{"player", sm::field<&token::player>}};

// From each square to the next one; an event has at most 32 transitions, hence three of them.
constexpr sm::event<> advance{"advance"}, finish{"finish"};
constexpr auto transitions = [] {
    std::array<sm::transition<std::size_t>, squares - 1> made{};
    for (std::size_t i = 0; i + 1 < squares; ++i) {
        made[i].on = i < 30 ? move : i < 60 ? advance : finish;
        made[i].from = i;
        made[i].to = i + 1;
        made[i].control = true;
    }
    return made;
}();
constexpr sm::machine<std::size_t, token> machine{
    .table = "tokens",
    .initial = std::size_t{0},
    .columns = columns,
    .states = states,
    .transitions = transitions,
};
static_assert(sm::verify<machine>());

}  // namespace boards
