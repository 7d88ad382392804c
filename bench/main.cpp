// Runs the benchmarks of one section.
#include "pairs.hpp"

#include <statemachine/sqlite.hpp>

#include <libpq-fe.h>
#include <sqlite3.h>

#include <cstdlib>
#include <string_view>

namespace bench {

size wanted_size() {
    const char* const named = std::getenv("STATEMACHINE_BENCH_SIZE");
    const std::string_view wanted = named == nullptr ? "short" : named;
    return wanted == "smoke" ? size::smoke : wanted == "full" ? size::full : size::shorter;
}

}  // namespace bench

int main(int count, char** words) {
    benchmark::Initialize(&count, words);
    if (benchmark::ReportUnrecognizedArguments(count, words)) return 2;
    constexpr const char* names[] = {"smoke", "short", "full"};
    benchmark::AddCustomContext("size", names[static_cast<int>(bench::wanted_size())]);
    benchmark::AddCustomContext("compiler", __VERSION__);
    benchmark::AddCustomContext("sqlite", sqlite3_libversion());
    benchmark::AddCustomContext("libpq", std::to_string(PQlibVersion()));
    bench::add_benchmarks();
    return benchmark::RunSpecifiedBenchmarks() == 0 ? 1 : 0;
}
