// For libFuzzer: round trips on a database in memory.
#include "round_trip.hpp"

#include <statemachine/sqlite.hpp>

#include <cstdlib>
#include <iostream>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static auto database = fuzz::sm::sqlite::open(":memory:").value();
    static fuzz::sm::store<fuzz::machine> jobs = [] {
        fuzz::sm::store<fuzz::machine> fresh(database);
        fresh.migrate().value();
        return fresh;
    }();
    try {
        fuzz::round_trip(jobs, {reinterpret_cast<const char*>(bytes), size});
    } catch (const std::exception& failed) {
        std::cerr << failed.what() << "\n";
        std::abort();
    }
    return 0;
}
