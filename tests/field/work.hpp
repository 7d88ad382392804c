// A machine for the tests of this directory, in a database of its own.
#pragma once

#include "raw.hpp"

#include <statemachine/postgres.hpp>
#include <statemachine/statemachine.hpp>

#include <vector>

namespace field {

namespace sm = statemachine;

namespace work {

enum class state { waiting, running, done, failed, cancelled };
using enum state;

struct job {
    std::string payload{};
    std::int32_t percent = 0;
    std::optional<std::string> result{};
};
struct progress_report {
    std::int32_t percent;
};
struct outcome {
    std::string result{};
};

constexpr sm::event<> claim{"claim"}, fail{"fail"}, cancel{"cancel"};
constexpr sm::event<progress_report> progress{"progress"};
constexpr sm::event<outcome> complete{"complete"};

inline constexpr sm::column columns[] = {
    {"payload", sm::field<&job::payload>},
    {"percent", sm::field<&job::percent>},
    {"result", sm::field<&job::result>, sm::once},
};
inline constexpr sm::named<state> states[] = {{waiting, "waiting"},
                                              {running, "running"},
                                              {done, "done", sm::terminal},
                                              {failed, "failed", sm::terminal},
                                              {cancelled, "cancelled", sm::terminal}};
inline constexpr sm::transition<state> transitions[] = {
    {.on = claim,
     .from = waiting,
     .to = running,
     .lease = 30s,
     .max_attempts = 3,
     .expired = waiting,
     .exhausted = failed},
    {.on = progress,
     .from = running,
     .to = running,
     .renew = true,
     .then = {sm::set<&job::percent>(sm::field<&progress_report::percent>)}},
    {.on = complete,
     .from = running,
     .to = done,
     .then = {sm::set<&job::result>(sm::field<&outcome::result>)}},
    {.on = fail, .from = running, .to = waiting, .retry = {.first = 1s, .cap = 5s}},
    {.on = fail, .from = running, .to = failed},
    {.on = cancel, .from = waiting, .to = cancelled, .control = true},
};
inline constexpr sm::machine<state, job> machine{.table = "work_jobs",
                                                 .initial = waiting,
                                                 .columns = columns,
                                                 .states = states,
                                                 .transitions = transitions};

}  // namespace work

using work_store = sm::store<work::machine>;
using work_run = work_store::run_type;

/// Defined in work.cpp, where the store is compiled.
work_store store_of(sm::postgres::database& database);

/// A fresh database on a server, dropped at the end.
class place {
public:
    explicit place(const std::string& server = field::conninfo());
    ~place();
    place(const place&) = delete;
    place& operator=(const place&) = delete;

    const std::string& name() const noexcept { return name_; }

    /// How to reach it by the way given: a server's conninfo, or that of what stands before one.
    std::string by(const std::string& way) const { return way + " dbname=" + name_; }
    std::string conninfo() const { return by(server_); }

    /// Opens it; throws what went wrong.
    sm::postgres::database open(sm::postgres::options how = {}, const std::string& more = {}) const;

    /// Lets the connection below meet settings that were changed.
    void reconnect() { direct_ = std::make_unique<raw>(conninfo()); }

    /// Statements on a connection that the library knows nothing of.
    void run(const std::string& sql) const { direct_->run(sql); }
    std::string ask(const std::string& sql) const { return direct_->ask(sql); }

    /// What the checks of invariants.hpp want.
    std::int64_t number(const std::string& sql) const { return std::stoll(ask(sql)); }
    std::vector<std::vector<std::string>> query(const std::string& sql) const;

    /// The promises that the rows break.
    std::vector<std::string> breaches() const;

private:
    std::string server_, name_;
    std::unique_ptr<raw> direct_;
};

/// What a call said: `applied`, `rejected: stale_epoch`, `error: permission_denied`, `success`.
template <class Content>
std::string told(const sm::result<Content>& got) {
    if (!got) return "error: " + std::string(to_string(got.error().code()));
    if constexpr (std::is_base_of_v<sm::outcome, Content>) {
        const sm::outcome& answer = got.value();
        std::string text(to_string(answer.status()));
        if (answer.rejected()) text.append(": ").append(to_string(answer.reason()));
        if (answer.cause() != nullptr) text.append(": ").append(to_string(answer.cause()->code()));
        return text;
    }
    return "success";
}

}  // namespace field
