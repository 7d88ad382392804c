#include "open.hpp"

#include <poll.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <string_view>

namespace statemachine::postgres {
namespace {

using std::chrono::milliseconds;

struct closes {
    void operator()(PGconn* handle) const noexcept { PQfinish(handle); }
};
struct frees_options {
    void operator()(PQconninfoOption* all) const noexcept { PQconninfoFree(all); }
};

std::string* find(settings& all, std::string_view keyword) {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const auto& each) { return each.first == keyword; });
    return found == all.end() ? nullptr : &found->second;
}

std::vector<std::string> listed(const std::string* text) {
    std::vector<std::string> parts;
    if (!text || text->empty()) return parts;
    for (std::size_t begin = 0; begin != std::string::npos;) {
        const auto comma = text->find(',', begin);
        parts.push_back(text->substr(begin, comma - begin));
        begin = comma == std::string::npos ? comma : comma + 1;
    }
    return parts;
}

// libpq limits the time for each host only in its blocking calls. Taken one by one, a silent host
// can't use up the time of those after it.
std::vector<settings> one_for_each_host(settings given) {
    const auto names = listed(find(given, "host"));
    const auto addresses = listed(find(given, "hostaddr"));
    const auto ports = listed(find(given, "port"));
    const auto count = std::max(names.size(), addresses.size());
    const auto matches = [count](const auto& list) { return list.empty() || list.size() == count; };
    const std::string* const order = find(given, "load_balance_hosts");
    const std::string* const wanted = find(given, "target_session_attrs");
    // What needs a look at all hosts, or makes no sense, is left to libpq.
    if (count < 2 || !matches(names) || !matches(addresses) ||
        !(matches(ports) || ports.size() == 1) || (order && *order != "disable") ||
        (wanted && *wanted == "prefer-standby"))
        return {std::move(given)};

    std::vector<settings> hosts(count, given);
    for (std::size_t at = 0; at < count; ++at) {
        if (!names.empty()) *find(hosts[at], "host") = names[at];
        if (!addresses.empty()) *find(hosts[at], "hostaddr") = addresses[at];
        if (ports.size() == count) *find(hosts[at], "port") = ports[at];
    }
    return hosts;
}

void add_missing(settings& all, const char* keyword, std::string content) {
    if (!find(all, keyword)) all.emplace_back(keyword, std::move(content));
}

std::optional<settings> read(const std::string& conninfo) {
    // libpq would stop at the NUL.
    if (conninfo.find('\0') != conninfo.npos) return {};
    // The complaint quotes the conninfo, and with it perhaps a password: it goes nowhere.
    char* complaint = nullptr;
    const std::unique_ptr<PQconninfoOption, frees_options> options(
        PQconninfoParse(conninfo.c_str(), &complaint));
    PQfreemem(complaint);
    if (!options) return {};
    settings given;
    for (const auto* each = options.get(); each->keyword; ++each)
        if (each->val) given.emplace_back(each->keyword, each->val);
    return given;
}

// A kept statement lives as long as its connection. Its plan is made once: by itself PostgreSQL
// plans a claim anew for each call, because the plan for a number of jobs that it knows looks
// cheaper, and that takes longer than to run it. And the plan may be made when the tables are still
// empty, so that what is good for those only is ruled out.
constexpr const char* lasting_plans =
    "SET plan_cache_mode = force_generic_plan;SET enable_seqscan = off;SET jit = off;";

bool other_host_may_do(errc why) {
    return why == errc::cannot_connect || why == errc::overloaded || why == errc::read_only;
}

result<std::unique_ptr<PGconn, closes>> dial(const settings& host, moment deadline) {
    std::vector<const char*> keywords, values;
    for (const auto& [keyword, content] : host) {
        keywords.push_back(keyword.c_str());
        values.push_back(content.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);

    std::unique_ptr<PGconn, closes> handle(PQconnectStartParams(keywords.data(), values.data(), 0));
    if (!handle) return error{errc::overloaded, "Memory ran out while connecting: free some."};
    PQsetErrorVerbosity(handle.get(), PQERRORS_SQLSTATE);
    PQsetNoticeReceiver(
        handle.get(), [](void*, const PGresult*) {}, nullptr);

    auto stage =
        PQstatus(handle.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (stage != PGRES_POLLING_OK) {
        if (stage == PGRES_POLLING_FAILED)
            return not_connected(PQerrorMessage(handle.get()),
                                 PQconnectionNeedsPassword(handle.get()) == 1);
        const short events = stage == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (wait_for_socket(PQsocket(handle.get()), events, deadline) == 0)
            return not_connected_in_time();
        stage = PQconnectPoll(handle.get());
    }
    return handle;
}

}  // namespace

// The server's limits lie a little below the caller's deadline, so that its definite answer usually
// comes first; that for locks lies lowest, because it says most.
std::string session_settings(milliseconds deadline) {
    const auto total = std::min<milliseconds::rep>(deadline.count(), INT_MAX);
    const auto limit = [](milliseconds::rep ms) {
        return std::to_string(std::max<milliseconds::rep>(ms, 1));
    };
    std::string text = "SET default_transaction_isolation = 'read committed';";
    text += "SET lock_timeout = " + limit(total - total / 10) + ';';
    text += "SET statement_timeout = " + limit(statement_limit(milliseconds(total)).count()) + ';';
    text += "SET idle_in_transaction_session_timeout = " + limit(total) + ';';
    return text + lasting_plans;
}

result<void> check_version(PGconn* handle) {
    if (PQserverVersion(handle) >= 120'000) return success();
    return error{errc::misconfigured, "The server is older than PostgreSQL 12: upgrade it."};
}

result<target> target::parse(const std::string& conninfo, const options& how) {
    auto given = read(conninfo);
    if (!given)
        return error{errc::invalid_argument,
                     "The conninfo cannot be read: write keyword=value pairs or a postgresql:// "
                     "URI, and quote values with spaces."};
    target made;
    made.kind_ = how.transaction_pooling ? kind::forgetful : kind::keeping;
    made.takes_standby_ = find(*given, "target_session_attrs") != nullptr;
    if (const std::string* const seconds = find(*given, "connect_timeout")) {
        int limit = 0;
        std::from_chars(seconds->data(), seconds->data() + seconds->size(), limit);
        if (limit > 0) made.host_limit_ = std::chrono::seconds(limit);
    }
    if (!how.transaction_pooling) made.set_up_ = session_settings(how.deadline);
    made.set_up_ += "SELECT pg_is_in_recovery()";

    const auto limit = std::min<milliseconds::rep>(how.deadline.count(), INT_MAX);
    add_missing(*given, "tcp_user_timeout", std::to_string(limit));
    // An idle connection to a host that vanished is found out before it is used.
    add_missing(*given, "keepalives_idle", "30");
    add_missing(*given, "keepalives_interval", "10");
    add_missing(*given, "keepalives_count", "3");
    add_missing(*given, "fallback_application_name", "statemachine");
    std::erase_if(*given, [](const auto& each) { return each.first == "client_encoding"; });
    given->emplace_back("client_encoding", "UTF8");
    made.hosts_ = one_for_each_host(std::move(*given));
    return made;
}

result<std::unique_ptr<connection>> target::open(moment deadline) const {
    std::optional<error> failed;
    for (std::size_t at = 0; at < hosts_.size(); ++at) {
        const auto now = std::chrono::steady_clock::now();
        const auto share = (deadline - now) / static_cast<int>(hosts_.size() - at);
        const auto limit = host_limit_ ? std::min<moment::duration>(share, *host_limit_) : share;
        auto opened = open_at(hosts_[at], now + limit);
        if (opened || !other_host_may_do(opened.error().code())) return opened;
        failed = std::move(opened).error();
    }
    return std::move(*failed);
}

result<std::unique_ptr<connection>> target::open_at(const settings& host, moment deadline) const {
    auto dialled = dial(host, deadline);
    if (!dialled) return std::move(dialled).error();
    auto opened = std::make_unique<connection>(dialled.value().release(), kind_);
    if (auto checked = check_version(opened->handle()); !checked) return checked.error();
    if (auto done = set_up(*opened, deadline); !done) return done.error();
    return opened;
}

result<void> target::set_up(connection& opened, moment deadline) const {
    auto answer = opened.command(set_up_.c_str(), deadline, stake::nothing);
    if (!answer) {
        const bool silent = std::chrono::steady_clock::now() >= deadline;
        return silent ? not_connected_in_time() : std::move(answer).error();
    }
    const bool standby = *PQgetvalue(answer.value().get(), 0, 0) == 't';
    if (!standby || takes_standby_) return success();
    return error{errc::read_only,
                 "The server is a standby and takes no writes: name the primary or several hosts, "
                 "or set target_session_attrs to read from a standby."};
}

}  // namespace statemachine::postgres
