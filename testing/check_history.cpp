#include "declared_changes.hpp"

#include <statemachine/testing/check.hpp>

#include <algorithm>
#include <charconv>
#include <map>

namespace statemachine::testing {
namespace {

using place = std::pair<std::int64_t, std::int64_t>;                    // job, version or epoch
using named = std::pair<std::int64_t, std::string>;                     // job, token
using attributed = std::tuple<std::string, std::string, std::int64_t>;  // actor, event, job

struct entry {
    std::string event;
    std::int64_t epoch;
    std::string actor;
};

std::int64_t number(const std::string& text) {
    std::int64_t read = 0;
    std::from_chars(text.data(), text.data() + text.size(), read);
    return read;
}

// By this call, and for good.
bool applied(const call_record& call) { return call.status == status::applied && !call.local; }
bool acknowledged(const call_record& call) {
    return applied(call) || (call.status == status::already_applied && !call.local);
}
bool may_have_happened(const call_record& call) {
    return call.unsettled() || call.status == status::provisional;
}
bool is_claim(const call_record& call) {
    return call.what == call_kind::claim || call.what == call_kind::claim_by_id;
}
bool changes_by_event(const call_record& call) {
    return is_claim(call) || call.what == call_kind::step || call.what == call_kind::control;
}

class examination {
public:
    examination(const detail::spec& declared, const dialect& speech, const table_reader& read,
                const std::vector<call_record>& calls)
        : machine_(declared), speech_(speech), read_(read), calls_(calls) {
        load();
    }

    std::vector<breach> all() {
        one_winner();
        stale_renewals_are_refused();
        no_lease_is_cut_short();
        acknowledged_changes_are_in_the_log();
        refused_changes_are_not();
        verdicts_last();
        tokens_and_keys();
        jobs_are_neither_lost_nor_invented();
        batches_keep_their_limit();
        return std::move(found_);
    }

private:
    void load() {
        for (const auto& row :
             read_("SELECT CAST(job AS TEXT), CAST(version AS TEXT), event, CAST(epoch AS TEXT), "
                   "coalesce(actor, '') FROM " +
                       machine_.table("_log"),
                   5))
            log_[{number(row[0]), number(row[1])}] = {row[2], number(row[3]), row[4]};
        for (const auto& row :
             read_("SELECT CAST(job AS TEXT), token, CAST(version AS TEXT) FROM " +
                       machine_.table("_tokens"),
                   3))
            tokens_[{number(row[0]), row[1]}] = number(row[2]);
        for (const auto& row : read_("SELECT CAST(id AS TEXT) FROM " + machine_.table(), 1))
            jobs_.insert(number(row[0]));
    }

    void report(int invariant, std::string_view promise, std::vector<std::string> shown_by) {
        constexpr std::size_t most = 5;
        for (breach& known : found_)
            if (known.invariant == invariant && known.promise == promise) {
                if (known.shown_by.size() < most)
                    known.shown_by.insert(known.shown_by.end(), shown_by.begin(), shown_by.end());
                return;
            }
        found_.push_back({invariant, std::string{promise}, std::move(shown_by)});
    }

    void one_winner() {
        std::map<place, const call_record*> of_version;
        std::map<place, const call_record*> of_epoch;
        for (const call_record& call : calls_) {
            if (!applied(call)) continue;
            for (const granted& each : call.got) {
                if (call.what != call_kind::renew)
                    if (const auto [first, fresh] =
                            of_version.try_emplace({each.id, each.version}, &call);
                        !fresh)
                        report(2, "one call is told that it made a version",
                               {first->second->text(), call.text()});
                if (!is_claim(call)) continue;
                if (const auto [first, fresh] = of_epoch.try_emplace({each.id, each.epoch}, &call);
                    !fresh)
                    report(2, "an epoch is handed out once", {first->second->text(), call.text()});
            }
        }
    }

    void stale_renewals_are_refused() {
        std::map<std::int64_t, std::vector<const call_record*>> claims;
        for (const call_record& call : calls_)
            if (is_claim(call) && applied(call))
                for (const granted& each : call.got) claims[each.id].push_back(&call);
        const auto claimed_later = [](const call_record& claim, const call_record& renewal) {
            return claim.ended < renewal.began &&
                   std::any_of(claim.got.begin(), claim.got.end(), [&](const granted& each) {
                       return each.id == renewal.id && each.epoch > renewal.epoch;
                   });
        };
        for (const call_record& call : calls_) {
            if (call.what != call_kind::renew || !applied(call)) continue;
            for (const call_record* claim : claims[call.id])
                if (claimed_later(*claim, call))
                    report(2, "nobody renews after a later claim", {claim->text(), call.text()});
        }
    }

    // Whatever ended the run of an epoch came after the end of each lease that it was promised.
    void no_lease_is_cut_short() {
        std::map<place, std::int64_t> promised;
        for (const call_record& call : calls_) {
            if (!applied(call)) continue;
            if (!is_claim(call) && call.what != call_kind::renew) continue;
            for (const granted& each : call.got) {
                if (!each.lease_until) continue;
                std::int64_t& until = promised[{each.id, each.epoch}];
                until = std::max(until, each.lease_until->time_since_epoch().count());
            }
        }
        for (auto next = promised.cbegin(); next != promised.cend();)
            find_what_was_cut_short(next, promised.cend());
    }

    using promises = std::map<place, std::int64_t>;

    // As rows of a table, so that the log is found by its key; so many that no database refuses.
    void find_what_was_cut_short(promises::const_iterator& next, promises::const_iterator last) {
        constexpr int most = 400;
        std::string rows;
        for (int i = 0; i < most && next != last; ++i, ++next)
            rows += (rows.empty() ? "(" : ", (") + std::to_string(next->first.first) + ", " +
                    std::to_string(next->first.second) + ", " +
                    std::string{speech_.schema.time_open} + std::to_string(next->second) +
                    std::string{speech_.schema.time_close} + ")";
        for (const auto& row :
             read_("WITH promised(job, epoch, until) AS (VALUES " + rows +
                       ") SELECT CAST(l.job AS TEXT), CAST(l.version AS TEXT), l.event FROM "
                       "promised p JOIN " +
                       machine_.table("_log") +
                       " l ON l.job = p.job AND l.at < p.until AND ((l.event IN " +
                       list_of(machine_.claims) +
                       " AND l.epoch = p.epoch + 1) OR (l.event IN ('expire', 'exhaust') AND "
                       "l.epoch = p.epoch)) WHERE l.from_state IN " +
                       list_of(machine_.leased),
                   3))
            report(2, "no lease is cut short that its holder was promised",
                   {"job " + row[0] + ", version " + row[1] + ", " + row[2]});
    }

    void acknowledged_changes_are_in_the_log() {
        for (const call_record& call : calls_) {
            if (!acknowledged(call) || call.what == call_kind::renew) continue;
            for (const granted& each : call.got) {
                const auto found = log_.find({each.id, each.version});
                bool fits = found != log_.end();
                if (fits && changes_by_event(call)) fits = found->second.event == call.event;
                if (fits && call.what == call_kind::submit && applied(call))
                    fits = found->second.event == "submit";
                if (fits && is_claim(call)) fits = found->second.epoch == each.epoch;
                if (fits && call.what == call_kind::step) fits = found->second.epoch == call.epoch;
                if (fits && applied(call) && changes_by_event(call))
                    fits = found->second.actor == call.client;
                if (!fits)
                    report(3, "what was acknowledged is in the log, as it was told", {call.text()});
            }
        }
    }

    // By the books of each client: it has no more entries than it was told of or left in doubt.
    void refused_changes_are_not() {
        std::map<attributed, std::set<std::int64_t>> told;
        std::map<attributed, std::size_t> doubtful;
        std::set<std::string> clients;
        for (const call_record& call : calls_) {
            clients.insert(call.client);
            if (!changes_by_event(call) && call.what != call_kind::submit) continue;
            const std::string event = call.what == call_kind::submit ? "submit" : call.event;
            if (applied(call))
                for (const granted& each : call.got)
                    told[{call.client, event, each.id}].insert(each.version);
            if (may_have_happened(call)) ++doubtful[{call.client, event, call.id}];
        }
        std::map<attributed, std::size_t> in_the_log;
        for (const auto& [where, what] : log_)
            if (clients.contains(what.actor) && what.event != "expire" && what.event != "exhaust" &&
                !was_taken_away(where, what))
                ++in_the_log[{what.actor, what.event, where.first}];
        for (const auto& [whose, entries] : in_the_log) {
            const auto& [client, event, job] = whose;
            // The call of a claim or a submit that was left in doubt names no job.
            std::size_t possible =
                told[whose].size() + doubtful[whose] + doubtful[{client, event, 0}];
            // A claim that was sent again may arrive once more when its lease is over: a run that
            // nobody holds, and that runs out of its lease again.
            if (machine_.claims.contains(event)) possible += told[whose].size();
            if (entries > possible)
                report(3, "what was refused is not in the log",
                       {client + ", " + event + " of job " + std::to_string(job) + ": " +
                        std::to_string(entries) + " entries, at most " + std::to_string(possible) +
                        " were told or left in doubt"});
        }
    }

    // A claim whose reply was lost tells of the jobs that it still holds when it has found them:
    // one of them may have been cancelled meanwhile.
    bool was_taken_away(const place& where, const entry& what) const {
        if (!machine_.claims.contains(what.event)) return false;
        const auto next = log_.find({where.first, where.second + 1});
        return next != log_.end() && machine_.controls.contains(next->second.event);
    }

    void verdicts_last() {
        std::map<named, const call_record*> verdicts;
        for (const call_record& call : calls_) {
            if (call.what != call_kind::resolve || call.token.empty()) continue;
            const bool never = call.reason == reason::never_applied;
            if (!never && call.status != status::already_applied) continue;
            const named which{call.id, call.token};
            const std::int64_t version = never ? 0 : call.got.front().version;
            const auto stored = tokens_.find(which);
            if (stored != tokens_.end() && stored->second != version)
                report(3, "the verdict of resolve holds in the rows",
                       {call.text(),
                        "the token stands for version " + std::to_string(stored->second)});
            const auto [first, fresh] = verdicts.try_emplace(which, &call);
            if (!fresh && (first->second->reason != call.reason ||
                           (!never && first->second->got.front().version != version)))
                report(3, "resolve says the same each time", {first->second->text(), call.text()});
        }
        for (const call_record& call : calls_) {
            if (!acknowledged(call) || call.token.empty()) continue;
            const auto verdict = verdicts.find({call.id, call.token});
            if (verdict != verdicts.end() && verdict->second->reason == reason::never_applied)
                report(3, "what resolve said never happened never happens",
                       {verdict->second->text(), call.text()});
        }
    }

    void tokens_and_keys() {
        std::map<named, const call_record*> by_token;
        std::map<std::string, const call_record*> by_key;
        for (const call_record& call : calls_) {
            if (!acknowledged(call) || call.token.empty() || call.got.empty()) continue;
            if (call.what == call_kind::submit) {
                const auto [first, fresh] = by_key.try_emplace(call.token, &call);
                if (!fresh && (first->second->got.front().id != call.got.front().id ||
                               first->second->content != call.content))
                    report(5, "a key names one job, and one content",
                           {first->second->text(), call.text()});
                continue;
            }
            if (call.what != call_kind::step && call.what != call_kind::control) continue;
            const auto [first, fresh] = by_token.try_emplace({call.id, call.token}, &call);
            if (fresh) continue;
            const call_record& other = *first->second;
            if (other.got.front().version != call.got.front().version ||
                other.event != call.event || other.content != call.content)
                report(4, "a token makes one change, and all are told of that one",
                       {other.text(), call.text()});
        }
    }

    void jobs_are_neither_lost_nor_invented() {
        std::set<std::int64_t> made;
        std::size_t doubtful = 0;
        for (const call_record& call : calls_) {
            if (call.what != call_kind::submit) continue;
            if (may_have_happened(call)) ++doubtful;
            if (!acknowledged(call)) continue;
            const std::int64_t id = call.got.front().id;
            if (applied(call)) made.insert(id);
            if (!jobs_.contains(id))
                report(6, "no job is lost that a submit acknowledged", {call.text()});
        }
        if (jobs_.size() > made.size() + doubtful)
            report(6, "no job is invented",
                   {std::to_string(jobs_.size()) + " jobs, and " + std::to_string(made.size()) +
                    " were made, " + std::to_string(doubtful) + " left in doubt"});
    }

    void batches_keep_their_limit() {
        for (const call_record& call : calls_) {
            if (!is_claim(call)) continue;
            std::set<std::int64_t> ids;
            for (const granted& each : call.got) ids.insert(each.id);
            if (static_cast<std::int64_t>(call.got.size()) > call.limit ||
                ids.size() != call.got.size())
                report(8, "a batch holds at most its limit, each job once", {call.text()});
        }
    }

    const allowed machine_;
    const dialect& speech_;
    const table_reader& read_;
    const std::vector<call_record>& calls_;
    std::map<place, entry> log_;
    std::map<named, std::int64_t> tokens_;
    std::set<std::int64_t> jobs_;
    std::vector<breach> found_;
};

}  // namespace

std::vector<breach> check_history(const detail::spec& declared, const dialect& speech,
                                  const table_reader& read, const std::vector<call_record>& calls) {
    return examination(declared, speech, read, calls).all();
}

}  // namespace statemachine::testing
