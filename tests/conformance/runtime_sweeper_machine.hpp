// A machine that forgets: a grace after outages, jobs that are kept for a while, tokens and log
// entries with a memory.
#pragma once

#include "fixture.hpp"

#include <statemachine/sweeper.hpp>

namespace conformance::forgetting {

enum class state { waiting, running, done, failed };
using enum state;

struct job {
    std::string payload{};
};

inline constexpr sm::event<> claim{"claim"}, complete{"complete"}, requeue{"requeue"};

inline constexpr const char* table = "forgetting_jobs";
inline constexpr auto lease = 30s;
inline constexpr auto grace = 60s;
inline constexpr auto keep = 1h;
inline constexpr auto key_memory = 2h;
inline constexpr auto token_memory = 15min;
inline constexpr auto log_memory = 30min;

inline constexpr sm::column columns[] = {{"payload", sm::field<&job::payload>}};
inline constexpr sm::named<state> states[] = {{waiting, "waiting"},
                                              {running, "running"},
                                              {done, "done", sm::terminal, keep},
                                              {failed, "failed"}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim,
     .from = waiting,
     .to = running,
     .lease = lease,
     .max_attempts = 2,
     .expired = waiting,
     .exhausted = failed},
    {.on = complete, .from = running, .to = done},
    {.on = requeue,
     .from = failed,
     .to = waiting,
     .attempts = sm::attempts::restarted,
     .control = true},
};
inline constexpr sm::machine<state, job> machine{
    .table = table,
    .initial = waiting,
    .columns = columns,
    .states = states,
    .transitions = transitions,
    .grace = grace,
    .memory = {.keys = key_memory, .tokens = token_memory, .log = log_memory}};

}  // namespace conformance::forgetting

// Remembers tokens for longer than it keeps jobs.
namespace conformance::remembering {

enum class state { open, closed };
using enum state;

struct job {
    std::int64_t number = 0;
};

inline constexpr sm::event<> finish{"finish"};

inline constexpr const char* table = "remembering_jobs";
inline constexpr auto keep = 1h;
inline constexpr auto token_memory = 24h * 7;

inline constexpr sm::column columns[] = {{"number", sm::field<&job::number>}};
inline constexpr sm::named<state> states[] = {{open, "open"},
                                              {closed, "closed", sm::terminal, keep}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = finish, .from = open, .to = closed, .control = true}};
inline constexpr sm::machine<state, job> machine{.table = table,
                                                 .initial = open,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions,
                                                 .memory = {.tokens = token_memory}};

}  // namespace conformance::remembering

namespace conformance {

/// A store with sweepers on it, and a past that can be made longer.
template <class Backend, const auto& Machine>
class swept_by : public on_machine<Backend, Machine> {
public:
    sm::sweeper<Machine> sweeper(const sm::sweeper_options& how = {}) {
        return sm::sweeper<Machine>(this->database, how);
    }

    /// As if that much time had gone by, for the sweeps and one column of a table.
    void pass(std::chrono::milliseconds by) {
        for (const char* column : {"began_at", "ended_at", "noticed_at"})
            shift("_sweeps", column, by);
    }
    void shift(const std::string& suffix, const std::string& column, std::chrono::milliseconds by) {
        this->place.execute("UPDATE " + std::string{Machine.table} + suffix + " SET " + column +
                            " = " + column + " - " + std::to_string(by.count()) +
                            std::string{Backend::database::dialect.millisecond});
    }
    /// Whenever a job changes, another sweeper's turn has begun by then.
    void take_turns_in_between() {
        const std::string table = Machine.table;
        const std::string turn = "UPDATE " + table + "_sweeps SET began_at = began_at + 1000" +
                                 std::string{Backend::database::dialect.millisecond} +
                                 " WHERE name = 'sweep';";
        if constexpr (std::is_same_v<Backend, sqlite_backend>)
            this->place.execute("CREATE TRIGGER other AFTER UPDATE ON " + table + " BEGIN " + turn +
                                " END");
        else
            this->place.execute(
                "CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + turn +
                " RETURN NULL; END $$; CREATE TRIGGER other AFTER UPDATE ON " + table +
                " FOR EACH ROW EXECUTE FUNCTION other()");
    }
    /// What is written down about forgotten tokens is older by so much than the statement says, as
    /// if the clock went on after it.
    void hold_the_mark_back(std::chrono::milliseconds by) {
        const std::string sweeps = std::string{Machine.table} + "_sweeps";
        const std::string older = "ended_at - " + std::to_string(by.count()) +
                                  std::string{Backend::database::dialect.millisecond};
        if constexpr (std::is_same_v<Backend, sqlite_backend>)
            this->place.execute("CREATE TRIGGER held AFTER UPDATE ON " + sweeps +
                                " WHEN NEW.name = 'tokens' BEGIN UPDATE " + sweeps +
                                " SET ended_at = " + older + " WHERE name = 'tokens'; END");
        else
            this->place.execute(
                "CREATE FUNCTION held() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                "NEW.ended_at := NEW." +
                older + "; RETURN NEW; END $$; CREATE TRIGGER held BEFORE UPDATE ON " + sweeps +
                " FOR EACH ROW WHEN (NEW.name = 'tokens') EXECUTE FUNCTION held()");
    }
    /// The table refuses every change of jobs with this payload, as a constraint of the user's may.
    void refuse_changes_of(const std::string& payload) {
        const std::string table = Machine.table;
        if constexpr (std::is_same_v<Backend, sqlite_backend>)
            this->place.execute("CREATE TRIGGER stuck BEFORE UPDATE ON " + table +
                                " WHEN OLD.payload = '" + payload +
                                "' BEGIN SELECT RAISE(ABORT, 'stuck'); END");
        else
            this->place.execute("ALTER TABLE " + table + " ADD CHECK (payload <> '" + payload +
                                "') NOT VALID");
    }
};

}  // namespace conformance
