// A table as a busy system has it: 100,000 due jobs behind 100,000 of a higher priority that are
// not due, with leases that ran out, live ones, and jobs at their end beside them.
#pragma once

#include <conformance/machines.hpp>
#include <render/parameter.hpp>

#include <array>
#include <string>

namespace plans {

namespace sm = statemachine;
namespace queue = conformance::queue;

struct group {
    const char* state;
    std::int64_t first, last;  ///< ids
    int priority;
    int attempts;
    int due_in;  ///< seconds from now; a lease ends then, too
    bool leased;
};

inline constexpr group due{"queued", 1, 100'000, 0, 0, -3600, false};
inline constexpr group not_due{"queued", 100'001, 200'000, 10, 1, 3600, false};
inline constexpr group run_out{"running", 200'001, 210'000, 5, 1, -3600, true};
inline constexpr group live{"running", 210'001, 220'000, 7, 1, 3600, true};
inline constexpr group done{"done", 220'001, 230'000, 0, 1, -3600, false};
inline constexpr group used_up{"queued", 230'001, 232'000, -5, 3, 7200, false};
inline constexpr group failed{"failed", 232'001, 234'000, 0, 1, -3600, false};
inline constexpr group worked{"worked", 234'001, 244'000, 0, 0, -3600, false};
inline constexpr group refining{"refining", 244'001, 246'000, 0, 1, 3600, true};
inline constexpr group worked_up{"worked", 246'001, 248'000, -5, 2, 7200, false};
inline constexpr std::array groups{due,     not_due, run_out, live,     done,
                                   used_up, failed,  worked,  refining, worked_up};

/// What the two databases spell differently.
struct spelling {
    std::string numbers;                 ///< yields i from :first to :last
    std::string (*moment)(int seconds);  ///< from now
    std::string millisecond;             ///< follows a number of them
    std::string given_ids;               ///< lets ids be given
    std::string nonce;
};

inline std::string numbers_of(const spelling& speech, const group& each) {
    std::string text = speech.numbers;
    for (const auto& [name, number] : {std::pair{":first", each.first}, {":last", each.last}})
        for (std::size_t at; (at = text.find(name)) != std::string::npos;)
            text.replace(at, std::string{name}.size(), std::to_string(number));
    return text;
}

/// A job whose latest change has no log entry yet.
inline constexpr std::int64_t unlogged = refining.last;

/// Fills the tables of the queue machine; each job has two log entries and one token.
inline std::string filling(const spelling& speech) {
    std::string sql;
    for (const group& each : groups) {
        const std::string numbers = " FROM " + numbers_of(speech, each);
        const std::string moment =
            speech.moment(each.due_in) + " - (i % 100000) * 10" + speech.millisecond;
        const std::string past = speech.moment(-7200);
        const std::string epoch = each.attempts > 0 ? "1" : "0";
        sql +=
            "INSERT INTO queue_jobs (id, state, version, epoch, attempts, owner, lease_until, "
            "run_at, priority, key, fingerprint, created_at, changed_at, previous, rule, payload, "
            "percent, steps)" +
            speech.given_ids + " SELECT i, '" + each.state + "', 2, " + epoch + ", " +
            std::to_string(each.attempts) + ", " +
            (each.leased ? "'worker', " + moment : std::string{"NULL, NULL"}) + ", " + moment +
            ", " + std::to_string(each.priority) + ", 'key-' || i, 'none', " + past + ", " + past +
            ", 'queued', 0, 'payload', 0, 0" + numbers + ";\n";
        for (const char* version : {"1", "2"})
            sql +=
                std::string{
                    "INSERT INTO queue_jobs_log (job, version, event, to_state, epoch, "
                    "at, nonce) SELECT i, "} +
                version + ", 'past', '" + each.state + "', " + epoch + ", " + past + ", " +
                speech.nonce + numbers + ";\n";
        sql +=
            "INSERT INTO queue_jobs_tokens (job, token, event, fingerprint, version, at, "
            "from_state, to_state, epoch) SELECT i, 'token-' || i, 'past', 'none', 2, " +
            past + ", 'queued', '" + each.state + "', " + epoch + numbers + ";\n";
    }
    return sql +
           "DELETE FROM queue_jobs_log WHERE version = 2 AND job = " + std::to_string(unlogged) +
           ";\n";
}

/// A job that the statement of this heading finds in the state it starts from.
inline std::int64_t job_for(std::string_view heading) {
    const auto starts = [&](std::string_view event) { return heading.starts_with(event); };
    if (heading.find("follower") != heading.npos) return unlogged;
    if (starts("requeue")) return failed.first + 7;
    if (starts("refine")) return worked.first + 7;
    if (starts("claim") || starts("cancel") || starts("annotate")) return due.first + 7;
    return live.first + 7;
}

inline std::string literal(const sm::detail::parameter& wanted, std::string_view heading, int limit,
                           const std::string& moment);

/// What a batch is given for one of its rows, from 0.
inline std::string literal_of_row(sm::detail::parameter wanted, std::string_view heading, int row,
                                  const std::string& moment) {
    using sm::detail::slot;
    const std::string number = std::to_string(row);
    if (wanted.from == slot::id) return std::to_string(live.first + 100 + row);
    if (wanted.from == slot::key && heading == "find keys")
        return "'key-" + std::to_string(due.first + row) + "'";
    if (wanted.from == slot::key || wanted.from == slot::token) return "'fresh-" + number + "'";
    wanted.many = false;
    return literal(wanted, heading, 1, moment);
}

/// What a parameter is bound to, as a literal that both databases read. Moments come from `moment`.
inline std::string literal(const sm::detail::parameter& wanted, std::string_view heading, int limit,
                           const std::string& moment) {
    using sm::detail::slot;
    if (wanted.many) {
        std::string all{"ARRAY["};
        for (int i = 0; i < limit; ++i)
            all += (i > 0 ? ", " : "") + literal_of_row(wanted, heading, i, moment);
        return all + "]";
    }
    const std::int64_t job = job_for(heading);
    switch (wanted.from) {
        case slot::id: return std::to_string(job);
        case slot::epoch: return "1";
        case slot::version: return "2";
        case slot::limit: return std::to_string(limit);
        case slot::after: return "0";
        case slot::state: return "'done'";
        case slot::key: return heading == "submit" ? "'fresh'" : "'key-70000'";
        case slot::token:
            return heading == "find token" ? "'token-" + std::to_string(job) + "'" : "'fresh'";
        case slot::now: return moment;
        case slot::run_at: return "NULL";
        case slot::front_priority: return "-2147483648";
        case slot::front_run_at: return "NULL";
        default: break;
    }
    switch (wanted.type) {
        case sm::column_type::text: return "'text'";
        case sm::column_type::json: return "'{}'";
        case sm::column_type::bytes: return "'bytes'";
        case sm::column_type::boolean: return "FALSE";
        case sm::column_type::time: return moment;
        case sm::column_type::real: return "0.5";
        default: return "1";
    }
}

}  // namespace plans
