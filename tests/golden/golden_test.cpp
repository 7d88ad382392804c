// Compares every statement with the files beside this one. A change of the SQL shows as a diff of
// those files, to be read and committed with it:
//
//     golden_test --update        rewrites the files
#include "listing.hpp"
#include "small_machine.hpp"

#include <conformance/keyed.hpp>
#include <conformance/machines.hpp>
#include <conformance/parcels.hpp>
#include <statemachine/postgres_dialect.hpp>
#include <statemachine/sqlite_dialect.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

namespace {

namespace sm = statemachine;

struct golden_file {
    std::filesystem::path path;
    std::string text;
};

void append(std::string& text, const std::vector<listing::entry>& statements) {
    for (const listing::entry& each : statements)
        text.append("\n-- ").append(each.heading).append("\n").append(each.text()).append(";\n");
}

std::string written(const sm::detail::catalog& statements) {
    std::string text{"-- Schema\n"};
    text.append(statements.schema);
    append(text, listing::of(statements));
    return text;
}

template <const auto& Machine, const sm::dialect& Speech>
golden_file file_of() {
    std::filesystem::path path{STATEMACHINE_GOLDEN_DIRECTORY};
    path /= std::string{Speech.name};
    path /= std::string{Machine.table} + ".sql";
    std::string text = written(sm::detail::catalog_of<Machine, Speech>());
    if constexpr (sm::detail::described<Machine>::value.emits())
        append(text, listing::of(sm::detail::relay_catalog_of<Machine, Speech>()));
    return {path, text};
}

std::vector<golden_file> all_files() {
    return {file_of<golden::small::machine, sm::dialect_of_sqlite>(),
            file_of<golden::small::machine, sm::dialect_of_postgres>(),
            file_of<conformance::keyed::machine, sm::dialect_of_postgres>(),
            file_of<conformance::queue::machine, sm::dialect_of_sqlite>(),
            file_of<conformance::queue::machine, sm::dialect_of_postgres>(),
            file_of<conformance::parcels::machine, sm::dialect_of_sqlite>(),
            file_of<conformance::parcels::machine, sm::dialect_of_postgres>()};
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

// Names the first line that differs and the statement that it belongs to.
std::string first_difference(const golden_file& wanted, const std::string& stored) {
    const auto now = lines_of(wanted.text);
    const auto then = lines_of(stored);
    std::string heading;
    for (std::size_t i = 0; i < std::max(now.size(), then.size()); ++i) {
        const std::string was = i < then.size() ? then[i] : "(nothing)";
        const std::string is = i < now.size() ? now[i] : "(nothing)";
        if (was == is) {
            if (is.rfind("-- ", 0) == 0) heading = is.substr(3);
            continue;
        }
        return wanted.path.string() + ":" + std::to_string(i + 1) + ": under '" + heading +
               "'\n  stored:   " + was + "\n  rendered: " + is +
               "\nIf the change is meant, run this program with --update and read the diff.";
    }
    return wanted.path.string() + " differs in its line ends";
}

TEST(golden, each_statement_reads_as_it_was_reviewed) {
    for (const golden_file& each : all_files()) {
        std::ifstream in(each.path);
        std::ostringstream stored;
        stored << in.rdbuf();
        EXPECT_TRUE(stored.str() == each.text) << first_difference(each, stored.str());
    }
}

}  // namespace

int main(int count, char** arguments) {
    testing::InitGoogleTest(&count, arguments);
    if (count == 1) return RUN_ALL_TESTS();
    if (count != 2 || std::string_view{arguments[1]} != "--update") {
        std::cerr << "usage: golden_test [--update]\n";
        return 2;
    }
    for (const golden_file& each : all_files()) {
        std::filesystem::create_directories(each.path.parent_path());
        std::ofstream out(each.path);
        out << each.text;
        if (!out.flush()) {
            std::cerr << "cannot write " << each.path << "\n";
            return 1;
        }
        std::cout << "wrote " << each.path.string() << "\n";
    }
    return 0;
}
