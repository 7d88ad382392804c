#include "mutants.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <regex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace conformance {
namespace {

namespace sm = statemachine;

// A file that says across processes that the mutant did something.
constexpr const char* trace_variable = "STATEMACHINE_MUTANT_APPLIED";

std::atomic<bool> applied_here{false};

void leave_a_trace() {
    if (applied_here.exchange(true)) return;
    const char* const file = std::getenv(trace_variable);
    if (file == nullptr) return;
    const int opened = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (opened >= 0) close(opened);
}

struct extent {
    std::size_t begin;
    std::size_t end;
};

extent clip(std::size_t begin, std::size_t end, std::size_t size) {
    return {std::min(begin, size), std::min(end, size)};
}

// The part of an UPDATE as the library lays it out; none where the statement has no such part.
std::vector<extent> extents_of(std::string_view text, part wanted) {
    if (wanted == part::whole) return {{0, text.size()}};
    const bool searches = text.starts_with("WITH RECURSIVE ");  // a statement of its own
    if (searches && wanted == part::candidates) return {{0, text.size()}};
    const std::size_t where = text.find("\nWHERE ");
    if (where == text.npos) return {};
    const std::size_t end = std::min(text.find("\nRETURNING ", where), text.size());
    if (wanted == part::assignments) return {{0, where}};
    if (wanted == part::conditions) return {clip(where, end, text.size())};
    const std::size_t inner =
        std::min(text.find("\"id\" = ANY(ARRAY(", where), text.find("\"id\" IN (\n", where));
    const std::size_t inner_end = inner == text.npos ? where : text.find("\n  AND ", inner);
    if (wanted == part::outside) return {clip(inner_end, end, text.size())};
    if (inner == text.npos) return {};
    return {clip(inner, inner_end, text.size())};
}

std::string edited(std::string text, const edit& change) {
    const std::regex find{std::string{change.find}};
    for (const extent& each : extents_of(text, change.where)) {
        const std::string before = text.substr(each.begin, each.end - each.begin);
        const std::string after = std::regex_replace(before, find, std::string{change.replace});
        if (after == before) continue;
        leave_a_trace();
        text.replace(each.begin, before.size(), after);
    }
    return text;
}

std::string weakened_text(const mutant& how, std::string_view original) {
    std::string text{original};
    if (!std::regex_search(text, std::regex{std::string{how.statements}})) return text;
    for (const edit& each : how.edits) text = edited(std::move(text), each);
    return text;
}

// Weakened texts by the address of the original, which is what sessions know statements by.
class weakened_texts {
public:
    explicit weakened_texts(const mutant& how) : how_(how) {}

    std::string_view of(std::string_view original) {
        const std::lock_guard lock(mutex_);
        const auto [found, is_new] = texts_.try_emplace(original.data());
        if (is_new) found->second = weakened_text(how_, original);
        return found->second;
    }

private:
    const mutant& how_;
    std::mutex mutex_;
    std::map<const char*, std::string> texts_;
};

bool looks_like_fingerprint(const sm::value& content) {
    return content.type() == sm::column_type::text && !content.is_null() &&
           content.text().size() == 33 &&
           content.text().find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Knows the latest fingerprint that came with a key or token, and shows that one to the library
// instead of the stored one.
class fingerprints {
public:
    void remember(std::span<const sm::value> parameters) {
        for (const sm::value& each : parameters)
            if (looks_like_fingerprint(each)) remember(parameters, each.text());
    }

    std::string latest(std::span<const sm::value> parameters) const {
        const std::lock_guard lock(mutex_);
        for (const sm::value& each : parameters) {
            if (each.type() != sm::column_type::text || each.is_null()) continue;
            const auto found = latest_.find(std::string{each.text()});
            if (found != latest_.end()) return found->second;
        }
        return {};
    }

private:
    void remember(std::span<const sm::value> parameters, std::string_view fingerprint) {
        const std::lock_guard lock(mutex_);
        for (const sm::value& each : parameters)
            if (each.type() == sm::column_type::text && !each.is_null())
                latest_[std::string{each.text()}] = fingerprint;
    }

    mutable std::mutex mutex_;
    std::map<std::string, std::string> latest_;
};

// Knows the calls whose reply got lost by their nonces: 16 bytes that are new for each call.
class lost_calls {
public:
    static bool looks_like_nonce(const sm::value& content) {
        return content.type() == sm::column_type::bytes && content.text().size() == 16;
    }
    void sent(std::span<const sm::value> parameters) {
        const std::lock_guard lock(mutex_);
        for (const sm::value& each : parameters)
            if (looks_like_nonce(each)) latest_[std::this_thread::get_id()] = each.text();
    }
    void lost() {
        const std::lock_guard lock(mutex_);
        lost_.insert(latest_[std::this_thread::get_id()]);
    }
    bool knows(std::span<const sm::value> parameters) const {
        const std::lock_guard lock(mutex_);
        return std::any_of(parameters.begin(), parameters.end(), [this](const sm::value& each) {
            return looks_like_nonce(each) && lost_.contains(std::string{each.text()});
        });
    }

private:
    mutable std::mutex mutex_;
    std::map<std::thread::id, std::string> latest_;
    std::set<std::string> lost_;
};

class weakened_executor final : public sm::executor {
public:
    weakened_executor(sm::executor& inner, const mutant& how, weakened_texts& texts,
                      fingerprints& known, lost_calls& lost)
        : inner_(inner), how_(how), texts_(texts), known_(known), lost_(lost) {}

    sm::result<std::size_t> execute(const sm::statement& what,
                                    std::span<const sm::value> parameters,
                                    sm::row_sink on_row) override {
        if (how_.forgets_fingerprints) return execute_forgetting(what, parameters, on_row);
        if (how_.sends_once) return execute_once(what, parameters, on_row);
        sm::statement weakened = what;
        if (what.prepared) {
            weakened.text = texts_.of(what.text);
            return inner_.execute(weakened, parameters, on_row);
        }
        const std::string text = weakened_text(how_, what.text);
        weakened.text = text;
        return inner_.execute(weakened, parameters, on_row);
    }

    sm::timestamp now() const noexcept override { return inner_.now(); }

private:
    sm::result<std::size_t> execute_forgetting(const sm::statement& what,
                                               std::span<const sm::value> parameters,
                                               sm::row_sink on_row) {
        known_.remember(parameters);
        const std::string latest = known_.latest(parameters);
        if (latest.empty()) return inner_.execute(what, parameters, on_row);
        return inner_.execute(what, parameters, [&](std::span<const sm::value> row) {
            std::vector<sm::value> shown(row.begin(), row.end());
            for (sm::value& each : shown) {
                if (!looks_like_fingerprint(each)) continue;
                each = sm::value::view(sm::column_type::text, latest);
                leave_a_trace();
            }
            on_row(shown);
        });
    }

    sm::result<std::size_t> execute_once(const sm::statement& what,
                                         std::span<const sm::value> parameters,
                                         sm::row_sink on_row) {
        const bool changes = what.text.substr(0, 6) != "SELECT";
        if (changes && lost_.knows(parameters)) {
            leave_a_trace();
            return std::size_t{0};
        }
        if (changes) lost_.sent(parameters);
        return inner_.execute(what, parameters, on_row);
    }

    sm::executor& inner_;
    const mutant& how_;
    weakened_texts& texts_;
    fingerprints& known_;
    lost_calls& lost_;
};

class weakened_session final : public sm::session {
public:
    weakened_session(sm::session& inner, const mutant& how, weakened_texts& texts)
        : inner_(inner), how_(how), texts_(texts) {}

    using session::transact;

    sm::steady_time call_deadline() const noexcept override { return inner_.call_deadline(); }

    bool reconnects() const noexcept override { return inner_.reconnects(); }
    sm::detail::meeting* meets() noexcept override { return inner_.meets(); }

    sm::result<sm::ending> transact(sm::access need, sm::steady_time until,
                                    sm::work body) override {
        auto ended =
            inner_.transact(need, until, [&](sm::executor& inner) -> sm::result<sm::verdict> {
                weakened_executor weakened(inner, how_, texts_, known_, lost_);
                return body(weakened);
            });
        if (!ended && ended.error().code() == sm::errc::connection_lost) lost_.lost();
        return ended;
    }

private:
    sm::session& inner_;
    const mutant& how_;
    weakened_texts& texts_;
    fingerprints known_;
    lost_calls lost_;
};

}  // namespace

const mutant* chosen_mutant() {
    const char* const name = std::getenv("STATEMACHINE_MUTANT");
    if (name == nullptr) return nullptr;
    for (const mutant& each : mutants())
        if (each.name == name) return &each;
    return nullptr;
}

bool mutant_applied() {
    const char* const file = std::getenv(trace_variable);
    return applied_here || (file != nullptr && access(file, F_OK) == 0);
}

std::unique_ptr<statemachine::session> mutate(statemachine::session& inner) {
    const mutant* const chosen = chosen_mutant();
    if (chosen == nullptr) return nullptr;
    // Connections keep statements by the addresses of these texts, for longer than sessions last.
    static weakened_texts texts(*chosen);
    return std::make_unique<weakened_session>(inner, *chosen, texts);
}

}  // namespace conformance
