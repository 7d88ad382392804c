// The suite's program. It also plays contenders of its own races, and lists the mutants of the
// statements that it can be run against:
//
//     conformance --mutants       name, dialects, filter, why it is redundant; tabs between them
#include "mutants.hpp"
#include "roles.hpp"

#include <cstdlib>
#include <iostream>

namespace {

constexpr int no_such_mutant = 2;
constexpr int mutant_did_nothing = 3;

void list_mutants() {
    for (const conformance::mutant& each : conformance::mutants())
        std::cout << each.name << '\t' << each.dialects << '\t' << each.killed_by << '\t'
                  << each.redundant << '\n';
}

}  // namespace

int main(int count, char** arguments) {
    if (count == 2 && std::string_view{arguments[1]} == "--mutants") {
        list_mutants();
        return 0;
    }
    const char* const wanted = std::getenv("STATEMACHINE_MUTANT");
    if (wanted != nullptr && conformance::chosen_mutant() == nullptr) {
        std::cerr << "there is no mutant '" << wanted << "'\n";
        return no_such_mutant;
    }
    if (const int played = conformance::play_from_command_line(count, arguments); played >= 0)
        return played;
    testing::InitGoogleTest(&count, arguments);
    const int failed = RUN_ALL_TESTS();
    if (wanted != nullptr && !conformance::mutant_applied()) {
        std::cerr << "the mutant '" << wanted << "' changed no statement\n";
        return mutant_did_nothing;
    }
    return failed;
}
