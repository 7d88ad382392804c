// Round trips of what a seed makes up: mostly sound, with a mistake here and there.
#include "round_trip.hpp"
#include "conformance/backend.hpp"

#include <statemachine/testing/simulation.hpp>

#include <iostream>
#include <random>

namespace {

using statemachine::testing::first_seed;
using statemachine::testing::seeds_to_try;

class maker {
public:
    explicit maker(std::uint64_t seed) : random_(seed) {}

    std::string bytes() {
        std::string all = counted(one_in(3) ? text() : name());
        all += counted(text());
        all += one_in(2) ? std::string(1, '\0') : '\1' + counted(text());
        all += counted(any());
        all += counted(text());
        for (int i = 0; i < 2; ++i) all += number();
        for (int i = 0; i < 2; ++i) all += one_in(2) ? std::string(1, '\0') : '\1' + number();
        all += counted(one_in(6) ? text() : name());
        return all + counted(text());
    }

private:
    bool one_in(std::uint64_t many) { return random_() % many == 0; }

    static std::string counted(const std::string& content) {
        return static_cast<char>(static_cast<unsigned char>(content.size())) + content;
    }
    std::string name() {
        std::string made;
        for (std::uint64_t left = random_() % 40; left > 0; --left)
            made += "abcXYZ019_.:-"[random_() % 13];
        return made;
    }
    std::string text() {
        constexpr const char* parts[] = {"a",
                                         "'",
                                         "\"",
                                         "\\",
                                         "%",
                                         "$1",
                                         "?1",
                                         "--",
                                         "\n",
                                         "{",
                                         "é",
                                         "€",
                                         "\xF0\x9F\x98\x80",
                                         "\x7F",
                                         ";",
                                         "\xEF\xBF\xBF"};
        std::string made;
        for (std::uint64_t left = random_() % 20; left > 0; --left) made += parts[random_() % 16];
        if (one_in(60)) made += one_in(2) ? std::string(1, '\0') : "\xC3";
        return made;
    }
    std::string any() {
        std::string made;
        for (std::uint64_t left = random_() % 60; left > 0; --left)
            made += static_cast<char>(static_cast<unsigned char>(random_()));
        return made;
    }
    std::string number() {
        const std::uint64_t drawn = one_in(4) ? random_() % 3 : random_();
        return {reinterpret_cast<const char*>(&drawn), sizeof drawn};
    }

    std::mt19937_64 random_;
};

template <class Backend>
class made_up : public ::testing::Test {
public:
    Backend place;
    typename Backend::database database = place.open();
};

TYPED_TEST_SUITE(made_up, conformance::backends, conformance::backend_names);

TYPED_TEST(made_up, values_come_back_as_they_were_or_are_refused) {
    fuzz::sm::store<fuzz::machine> jobs(this->database);
    jobs.migrate().value();
    std::size_t taken = 0;
    const std::size_t rounds = seeds_to_try(300);
    const std::uint64_t first = first_seed(20'240'101);
    for (std::uint64_t seed = first; seed < first + rounds; ++seed) {
        try {
            taken += fuzz::round_trip(jobs, maker(seed).bytes()) ? 1U : 0U;
        } catch (const std::exception& failed) {
            FAIL() << "seed " << seed << ": " << failed.what();
        }
    }
    std::cout << taken << " of " << rounds << " taken, from seed " << first << "\n";
    EXPECT_GE(taken, rounds / 4);
    EXPECT_LT(taken, rounds);
}

}  // namespace
