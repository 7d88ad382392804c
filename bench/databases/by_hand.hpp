// The best guarded statements that one would write by hand for the same jobs: no log, no tokens, no
// reasons, one partial index. What the library's guarantees cost is measured against these.
#pragma once

#include "databases/place.hpp"

#include <span>
#include <vector>

namespace bench {

struct held {
    std::int64_t id;
    std::int64_t epoch;
};

/// For one thread at a time, with a connection of its own.
class sqlite_by_hand {
public:
    static void make_table(const sqlite_place& where);
    explicit sqlite_by_hand(const sqlite_place& where);
    ~sqlite_by_hand();
    sqlite_by_hand(const sqlite_by_hand&) = delete;
    sqlite_by_hand& operator=(const sqlite_by_hand&) = delete;

    std::int64_t submit(const std::string& payload);
    void submit_many(const std::string& payload, std::size_t count);
    std::vector<held> claim(std::size_t most);
    bool claim_by_id(std::int64_t id);
    bool finish(const held& run);
    std::size_t finish_many(std::span<const held> runs);
    bool renew(const held& run);
    std::size_t renew_many(std::span<const held> runs);
    bool cancel(std::int64_t id);
    bool read(std::int64_t id);

private:
    sqlite3_stmt* prepare(const char* text);
    bool step(sqlite3_stmt* statement);
    std::size_t change(sqlite3_stmt* statement, std::span<const std::int64_t> values);
    void insert(const std::string& payload);

    sqlite_place::handle on_;
    std::vector<sqlite3_stmt*> statements_;
    sqlite3_stmt *begin_, *commit_, *submit_, *claim_, *claim_by_id_, *finish_, *renew_, *cancel_,
        *read_;
};

class postgres_by_hand {
public:
    static void make_table(const postgres_place& where);
    explicit postgres_by_hand(const postgres_place& where);

    std::int64_t submit(const std::string& payload);
    void submit_many(const std::string& payload, std::size_t count);
    std::vector<held> claim(std::size_t most);
    bool claim_by_id(std::int64_t id);
    bool finish(const held& run);
    std::size_t finish_many(std::span<const held> runs);
    bool renew(const held& run);
    std::size_t renew_many(std::span<const held> runs);
    bool cancel(std::int64_t id);
    bool read(std::int64_t id);

private:
    using reply = std::unique_ptr<PGresult, decltype(&PQclear)>;
    void prepare(const char* name, const char* text);
    reply run(const char* name, std::initializer_list<std::string> values);
    std::size_t change(const char* name, std::initializer_list<std::string> values);

    postgres_place::handle on_;
};

template <class Place>
struct by_hand_on;
template <>
struct by_hand_on<sqlite_place> {
    using type = sqlite_by_hand;
};
template <>
struct by_hand_on<postgres_place> {
    using type = postgres_by_hand;
};
template <class Place>
using by_hand = typename by_hand_on<Place>::type;

inline constexpr const char* hand_table = "hand_jobs";

}  // namespace bench
