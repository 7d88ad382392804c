// What every consumer builds and runs: one job's whole life, on SQLite and on the server that the
// first argument leads to.
#include <statemachine/postgres.hpp>
#include <statemachine/sqlite.hpp>
#include <statemachine/statemachine.hpp>

#include <cstdlib>
#include <iostream>
#include <random>

namespace sm = statemachine;

namespace door {

enum class state { open, closing, closed };
struct job {
    std::string colour;
};
constexpr sm::event<> take{"take"}, shut{"shut"};
constexpr sm::column columns[] = {{"colour", sm::field<&job::colour>}};
constexpr sm::named<state> states[] = {
    {state::open, "open"}, {state::closing, "closing"}, {state::closed, "closed", sm::terminal}};
constexpr sm::transition<state> transitions[] = {
    {.on = take,
     .from = state::open,
     .to = state::closing,
     .lease = std::chrono::minutes(1),
     .expired = state::open},
    {.on = shut, .from = state::closing, .to = state::closed}};
constexpr sm::machine<state, job> machine{.table = "consumer_doors",
                                          .initial = state::open,
                                          .columns = columns,
                                          .states = states,
                                          .transitions = transitions};
static_assert(sm::verify<machine>());

}  // namespace door

template <class Database>
bool shuts_a_door(Database db) {
    sm::store<door::machine> doors{db};
    doors.migrate().value();
    const std::string key = std::to_string(std::random_device{}());  // others use the server too
    const auto id = doors.submit({"green"}, {.key = key}).value()->id;
    const auto run = doors.claim_by_id(door::take, id, {.owner = "consumer"}).value();
    return run && doors.fire(door::shut, *run, key).value().applied() &&
           doors.read(id).value()->state == door::state::closed;
}

int main(int argc, char** argv) try {
    if (argc != 2) return std::cerr << "consumer CONNINFO\n", EXIT_FAILURE;
    const bool shut = shuts_a_door(sm::sqlite::open("doors.db").value()) &&
                      shuts_a_door(sm::postgres::connect(argv[1]).value());
    return shut ? EXIT_SUCCESS : EXIT_FAILURE;
} catch (const std::exception& error) {
    return std::cerr << "consumer: " << error.what() << '\n', EXIT_FAILURE;
}
