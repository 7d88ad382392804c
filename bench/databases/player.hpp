// Sends what a tape recorded by sqlite3 and libpq alone, prepared: what our own SQL costs without
// the library. Everything that can be done before is: the parameters are ready to be sent.
#pragma once

#include "databases/place.hpp"
#include "databases/tape.hpp"

#include <postgres/wire.hpp>

#include <deque>
#include <map>

namespace bench {

class sqlite_player {
public:
    explicit sqlite_player(const sqlite_place& where);
    ~sqlite_player();
    sqlite_player(const sqlite_player&) = delete;
    sqlite_player& operator=(const sqlite_player&) = delete;

    /// Takes the calls of a tape. What was loaded before is forgotten.
    void load(std::deque<taped_call>&& calls);
    void play_next();

private:
    sqlite3_stmt* kept(std::string_view text);
    std::size_t run(sqlite3_stmt* statement, const std::vector<statemachine::value>& values);

    sqlite_place::handle on_;
    std::map<const char*, sqlite3_stmt*> statements_;
    std::deque<taped_call> calls_;
    std::vector<std::vector<sqlite3_stmt*>> ready_;
    std::size_t next_ = 0;
    sqlite3_stmt* begin_;
    sqlite3_stmt* commit_;
};

class postgres_player {
public:
    explicit postgres_player(const postgres_place& where);

    void load(std::deque<taped_call>&& calls);
    void play_next();

private:
    struct sending {
        std::string name;
        statemachine::postgres::parameters values;
    };
    const std::string& kept(std::string_view text,
                            const statemachine::postgres::parameters& values);
    void command(const char* text);

    postgres_place::handle on_;
    std::map<const char*, std::string> names_;
    std::deque<taped_call> calls_;
    std::vector<std::vector<sending>> ready_;
    std::size_t next_ = 0;
};

/// The player of a place.
template <class Place>
struct player_on;
template <>
struct player_on<sqlite_place> {
    using type = sqlite_player;
};
template <>
struct player_on<postgres_place> {
    using type = postgres_player;
};
template <class Place>
using player = typename player_on<Place>::type;

}  // namespace bench
