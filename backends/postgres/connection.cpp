#include "connection.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <optional>
#include <string_view>

namespace statemachine::postgres {
namespace {

constexpr int binary_replies = 1;

// Behind a pooler that nobody told us of, another client's statement of the same name would be run
// in place of ours. A name that nobody else has is missing there, which is an error.
std::string unique_name() {
    std::uint64_t number = 0;
    if (getentropy(&number, sizeof number) != 0) number = static_cast<std::uint64_t>(getpid());
    return "statemachine_" + std::to_string(number) + '_';
}

error not_sent() {
    return {errc::unexpected,
            "libpq did not send the statement: send fewer parameters at once, or free memory."};
}

error not_understood() {
    return {errc::unexpected,
            "The server answered with something other than rows: leave COPY to connections of "
            "your own."};
}

}  // namespace

short wait_for_socket(int socket, short events, moment deadline) noexcept {
    // libpq has closed it, and tells why when it is asked next.
    if (socket < 0) return events;
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return 0;
        pollfd watched{.fd = socket, .events = events, .revents = 0};
        const auto limit = std::min<std::chrono::milliseconds::rep>(left.count(), INT_MAX);
        const int ready = poll(&watched, 1, static_cast<int>(limit));
        if (ready > 0 && (watched.revents & events) != 0)
            return static_cast<short>(watched.revents & events);
        if (ready > 0 || (ready < 0 && errno != EINTR)) return events;
    }
}

connection::connection(PGconn* handle, kind what) noexcept : handle_(handle), kind_(what) {
    // A borrowed connection keeps its receiver: libpq can't tell what to put back.
    if (kind_ == kind::borrowed) return;
    PQsetNoticeReceiver(handle_, on_notice, this);
    PQsetnonblocking(handle_, 1);
}

connection::~connection() {
    // PQfinish says goodbye to the server on a socket that a forked child shares with its parent,
    // and would end the parent's session. The child lets go of it instead.
    if (kind_ != kind::borrowed && opened_by_ == detail::own_pid()) PQfinish(handle_);
}

bool connection::reusable() const noexcept {
    if (kind_ == kind::borrowed) return true;
    return !in_doubt_ && PQstatus(handle_) == CONNECTION_OK &&
           PQtransactionStatus(handle_) == PQTRANS_IDLE;
}

bool connection::disturbed() const noexcept {
    if (kind_ == kind::borrowed) return false;
    if (PQstatus(handle_) != CONNECTION_OK) return true;
    if (std::chrono::steady_clock::now() - answered_at_ < std::chrono::milliseconds(1))
        return false;
    // The server speaks up unasked when it closes the connection or when a setting has changed;
    // a fresh connection is right after both.
    pollfd watched{.fd = PQsocket(handle_), .events = POLLIN, .revents = 0};
    return poll(&watched, 1, 0) != 0;
}

result<std::size_t> connection::execute(const statement& what, std::span<const value> values,
                                        row_sink on_row, moment deadline, stake at_stake) {
    outdated_ = false;
    if (auto set = parameters_.set(values); !set) return set.error();
    // Only the simple protocol takes several commands in one text.
    const bool commands = !what.prepared && values.empty() && what.results.empty();
    if (commands) {
        text_.assign(what.text);
        if (auto done = command(text_.c_str(), deadline, at_stake); !done) return done.error();
        return std::size_t{0};
    }
    auto answer = what.prepared && kind_ == kind::keeping ? send_kept(what, deadline, at_stake)
                                                          : send(what, deadline, at_stake);
    if (!answer) return answer.error();
    return read_rows(*answer.value(), what.results, row_, on_row);
}

result<reply> connection::command(const char* text, moment deadline, stake at_stake) {
    return exchange(PQsendQuery(handle_, text) == 1, deadline, at_stake);
}

result<reply> connection::send(const statement& what, moment deadline, stake at_stake) {
    text_.assign(what.text);
    const int sent = PQsendQueryParams(
        handle_, text_.c_str(), parameters_.count(), parameters_.types(), parameters_.contents(),
        parameters_.lengths(), parameters_.formats(), binary_replies);
    return exchange(sent == 1, deadline, at_stake);
}

result<reply> connection::send_kept(const statement& what, moment deadline, stake at_stake) {
    const auto [kept, is_new] = kept_.try_emplace(what.text.data());
    if (is_new) {
        if (name_.empty()) name_ = unique_name();
        kept->second = name_ + std::to_string(++names_used_);
        text_.assign(what.text);
        auto prepared = exchange(PQsendPrepare(handle_, kept->second.c_str(), text_.c_str(),
                                               parameters_.count(), parameters_.types()) == 1,
                                 deadline, stake::nothing);
        if (!prepared) {
            kept_.erase(kept);
            return prepared.error();
        }
    }
    auto answer = exchange(PQsendQueryPrepared(handle_, kept->second.c_str(), parameters_.count(),
                                               parameters_.contents(), parameters_.lengths(),
                                               parameters_.formats(), binary_replies) == 1,
                           deadline, at_stake);
    if (answer) return answer;
    // The schema may change between preparing and running it as well; a statement that is missing
    // right after it was prepared went to another session, and would again.
    const auto why = answer.error().native();
    if (why == "0A000" || (why == "26000" && !is_new)) {
        // Under 0A000 the server keeps the old one until the connection ends; schema changes are
        // too rare to spend a round trip on it.
        kept_.erase(kept);
        outdated_ = true;
    }
    return answer;
}

result<reply> connection::exchange(bool sent, moment deadline, stake at_stake) {
    committed_locally_ = false;
    if (!sent) return give_up(PQstatus(handle_) == CONNECTION_OK ? not_sent() : lost(at_stake));
    // The caller may go on reading from a borrowed connection, so there it stays open what comes.
    const stake when_late = is_borrowed() ? stake::change : at_stake;
    if (!wait_until_sent(deadline)) return give_up(late(when_late));

    reply last;
    reply refusal;
    for (;;) {
        if (!wait_until_answered(deadline)) return give_up(late(when_late));
        reply next(PQgetResult(handle_));
        if (!next) break;
        switch (PQresultStatus(next.get())) {
            case PGRES_COMMAND_OK:
            case PGRES_TUPLES_OK:
            case PGRES_EMPTY_QUERY: last = std::move(next); break;
            case PGRES_FATAL_ERROR:
            case PGRES_BAD_RESPONSE:
                if (!refusal) refusal = std::move(next);
                break;
            default: return give_up(not_understood());
        }
    }
    answered_at_ = std::chrono::steady_clock::now();
    if (refusal) return refused(*refusal, at_stake, PQstatus(handle_) == CONNECTION_OK);
    if (!last) return give_up(lost(at_stake));
    return last;
}

bool connection::wait_until_sent(moment deadline) {
    // A failed write is told when the reply is read.
    while (PQflush(handle_) == 1) {
        const auto ready = wait_for_socket(PQsocket(handle_), POLLIN | POLLOUT, deadline);
        if (ready == 0) return false;
        // The server may wait for us to read before it goes on reading.
        if ((ready & POLLIN) != 0 && PQconsumeInput(handle_) == 0) break;
    }
    return true;
}

bool connection::wait_until_answered(moment deadline) {
    while (PQisBusy(handle_)) {
        if (wait_for_socket(PQsocket(handle_), POLLIN, deadline) == 0) return false;
        // What failed is told by PQgetResult.
        if (PQconsumeInput(handle_) == 0) break;
    }
    return true;
}

error connection::give_up(error cause) noexcept {
    in_doubt_ = true;
    return cause;
}

void connection::on_notice(void* self, const PGresult* notice) {
    // The text is translated, the name of the server's function is not.
    const char* const function = PQresultErrorField(notice, PG_DIAG_SOURCE_FUNCTION);
    if (function && std::string_view(function) == "SyncRepWaitForLSN")
        static_cast<connection*>(self)->committed_locally_ = true;
}

}  // namespace statemachine::postgres
