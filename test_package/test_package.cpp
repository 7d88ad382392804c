#include <statemachine/statemachine.hpp>

#ifdef WITH_SQLITE
#include <statemachine/sqlite.hpp>
#endif
#ifdef WITH_POSTGRES
#include <statemachine/postgres.hpp>
#endif

#include <iostream>

namespace sm = statemachine;

enum class state { open, closed };
struct job {
    std::string colour;
};
constexpr sm::event<> shut{"shut"};
constexpr sm::column columns[] = {{"colour", sm::field<&job::colour>}};
constexpr sm::named<state> states[] = {{state::open, "open"},
                                       {state::closed, "closed", sm::terminal}};
constexpr sm::transition<state> transitions[] = {
    {.on = shut, .from = state::open, .to = state::closed, .control = true}};
constexpr sm::machine<state, job> machine{.table = "doors",
                                          .initial = state::open,
                                          .columns = columns,
                                          .states = states,
                                          .transitions = transitions};

int main() try {
    std::cout << sm::diagram<machine>();
#ifdef WITH_SQLITE
    auto db = sm::sqlite::open(":memory:").value();
    sm::store<machine> doors{db};
    doors.migrate().value();
    const auto id = doors.submit({"green"}, {.key = "front"}).value()->id;
    if (!doors.fire(shut, id, sm::any_version).value().applied()) return 1;
#endif
#ifdef WITH_POSTGRES
    // There is no server here; what answers is the library with libpq in it.
    const auto nowhere = sm::postgres::connect("host=/nowhere connect_timeout=2");
    if (nowhere || nowhere.error().code() != sm::errc::cannot_connect) return 1;
#endif
    return 0;
} catch (const std::exception& error) {
    return std::cerr << error.what() << '\n', 1;
}
