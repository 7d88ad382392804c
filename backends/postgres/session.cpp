#include "session.hpp"

#include "joined.hpp"
#include "open.hpp"
#include "transactions.hpp"

#include <algorithm>
#include <string_view>

namespace statemachine::postgres {
namespace {

// There was a primary when the database was opened, so there will be one again: a fail-over must
// not look like something that a person has to mend.
error not_lent(error why) {
    if (why.code() != errc::read_only) return why;
    return {errc::cannot_connect, "Only standbys answered: wait until one is promoted."};
}

// A pooler goes on serving its clients while the server behind it is a standby for a moment. Unless
// the session itself was told to be read-only, it is such a moment or was one a moment ago.
error not_taken(connection& on, moment by, error why) {
    constexpr const char* ask =
        "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'off'";
    const auto answer = on.command(ask, by, stake::nothing);
    if (answer && *PQgetvalue(answer.value().get(), 0, 0) == 'f') return why;
    on.retire();
    return {errc::cannot_connect,
            "The server is a standby at the moment: wait until it or another one is promoted.",
            why.native()};
}

// A borrowed connection is found as its owner left it.
result<void> check_borrowed(PGconn* handle) {
    if (PQstatus(handle) != CONNECTION_OK)
        return error{errc::cannot_connect, "The borrowed connection is closed: open another one."};
    if (PQpipelineStatus(handle) != PQ_PIPELINE_OFF)
        return error{errc::nested_call,
                     "The borrowed connection is in pipeline mode: leave it before the call."};
    const char* const encoding = PQparameterStatus(handle, "client_encoding");
    if (!encoding || std::string_view(encoding) != "UTF8")
        return error{
            errc::misconfigured,
            "The borrowed connection does not talk UTF-8: set its client_encoding to UTF8."};
    if (PQtransactionStatus(handle) == PQTRANS_IDLE) return success();
    return check_in_transaction(handle);
}

result<ending> run_borrowed(connection& on, access need, moment deadline, work body) {
    if (auto ready = check_borrowed(on.handle()); !ready) return std::move(ready).error();
    const waiting_mode mode(on.handle(), false);
    return PQtransactionStatus(on.handle()) == PQTRANS_IDLE ? run_on_idle(on, need, deadline, body)
                                                            : run_in_open(on, need, deadline, body);
}

// How many statements with the steps of several callers may be under way. With two each carries
// half as many, and 64 callers cost the server and this process 1.2 to 1.6 times the processor
// time.
constexpr std::size_t leaders = 1;

// Longer than a commit takes as a rule, and short beside the time by which the server's limits end
// before the deadline.
std::chrono::milliseconds patience(const options& how) {
    return std::min(std::chrono::milliseconds(20), how.deadline / 40);
}

result<void> check(const options& how) {
    // Longer ones would overflow the clock.
    constexpr std::chrono::hours longest{24 * 365};
    if (how.deadline <= std::chrono::milliseconds::zero() || how.deadline > longest)
        return error{errc::invalid_argument,
                     "The deadline is out of range: give one above zero and below a year."};
    if (how.connections < 1 || how.connections > 10'000)
        return error{errc::invalid_argument,
                     "The number of connections is out of range: give one of 1 to 10000."};
    return success();
}

}  // namespace

pooled_session::pooled_session(target where, const options& how)
    : deadline_(how.deadline),
      reconnects_(true),
      has_limits_(!how.transaction_pooling),
      wants_primary_(!where.takes_standby()),
      connections_(how.connections,
                   [where = std::move(where)](moment deadline) { return where.open(deadline); }),
      merges_(how.merge_calls),
      meeting_(leaders, patience(how)) {}

pooled_session::pooled_session(std::unique_ptr<connection> borrowed, const options& how)
    : deadline_(how.deadline),
      reconnects_(false),
      has_limits_(false),
      wants_primary_(false),
      connections_(std::move(borrowed)),
      merges_(false),
      meeting_(leaders, patience(how)) {}

// Null where `take` would refuse the call: in a forked child the lock may be another thread's.
detail::meeting* pooled_session::meets() noexcept {
    if (!merges_ || detail::own_pid() != opened_by_ || thread_inside::has_entered(*this))
        return nullptr;
    return &meeting_;
}

result<void> pooled_session::reach() {
    auto lent = connections_.take(call_deadline());
    if (!lent) return std::move(lent).error();
    return success();
}

result<pool::loan> pooled_session::take(steady_time by) {
    if (detail::own_pid() != opened_by_)
        return error{errc::used_after_fork,
                     "The database was opened by the parent process: open it anew after fork."};
    if (thread_inside::has_entered(*this))
        return error{errc::nested_call,
                     "This thread is inside a transaction of the same database: make the call on "
                     "that transaction, or after it."};
    auto lent = connections_.take(by);
    if (!lent) return not_lent(std::move(lent).error());
    return lent;
}

result<ending> pooled_session::transact(access need, steady_time by, work body) {
    auto lent = take(by);
    if (!lent) return std::move(lent).error();
    connection& on = *lent.value();
    if (on.is_borrowed()) return run_borrowed(on, need, by, body);
    const auto left = by - std::chrono::steady_clock::now();
    // A call that was kept waiting before it was sent may end sooner than the server's limits end
    // its statement. In a transaction that is certainly undone; only a COMMIT can be in doubt.
    if (need == access::single && left < statement_limit(deadline_)) need = access::write;
    const bool is_longer = left > deadline_;
    return unless_on_standby(on, by,
                             has_limits_ && is_longer ? run_longer(on, need, by, body)
                                                      : run_on_idle(on, need, by, body));
}

result<ending> pooled_session::unless_on_standby(connection& on, steady_time by,
                                                 result<ending> ended) const {
    if (ended || ended.error().code() != errc::read_only || !wants_primary_) return ended;
    return not_taken(on, by, std::move(ended).error());
}

// A record behind those of all changes that can be read, whose commit waits for the standby as
// theirs did: they may have given up waiting. Without a standby it is a question, and writes
// nothing.
ending pooled_session::assure(steady_time by) {
    constexpr const char* mark =
        "SELECT pg_logical_emit_message(true, 'statemachine', '') WHERE "
        "current_setting('synchronous_standby_names') <> ''";
    auto lent = take(by);
    if (!lent) return ending::committed_locally;
    connection& on = *lent.value();
    if (on.is_borrowed()) return ending::committed;
    const auto done = on.command(mark, by, stake::change);
    return done && !on.committed_locally() ? ending::committed : ending::committed_locally;
}

// A migration has more time than other calls, whose limits the server was given.
result<ending> pooled_session::run_longer(connection& on, access need, steady_time by, work body) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        by - std::chrono::steady_clock::now());
    if (auto set = on.command(session_settings(left).c_str(), by, stake::nothing); !set)
        return std::move(set).error();
    auto ended = run_on_idle(on, need, by, body);
    const std::string usual = session_settings(deadline_);
    if (!on.reusable() || !on.command(usual.c_str(), call_deadline(), stake::nothing)) on.retire();
    return ended;
}

result<ending> pooled_session::transact_together(joint_work body) {
    const steady_time by = call_deadline();
    auto lent = take(by);
    if (!lent) return std::move(lent).error();
    connection& on = *lent.value();
    PGconn* const handle = on.handle();
    if (on.is_borrowed())
        if (auto ready = check_borrowed(handle); !ready) return std::move(ready).error();

    joined_session inside(on, by);
    const waiting_mode mode(handle, false);
    // A connection of the library's own waits as one that the user has just made.
    const bool users_mode = !on.is_borrowed() || mode.waited_before();
    const auto filled = [&]() -> result<verdict> {
        result<verdict> wanted = verdict::roll_back;
        {
            const thread_inside noted(*this);
            const waiting_mode users(handle, users_mode);
            wanted = body(inside, handle);
        }
        if (!wanted || wanted.value() == verdict::roll_back) return wanted;
        if (auto ready = check_in_transaction(handle); !ready) return std::move(ready).error();
        return wanted;
    };
    auto ended = PQtransactionStatus(handle) == PQTRANS_IDLE
                     ? in_transaction_of_user(on, by, filled)
                     : in_savepoint(on, by, filled);
    if (ended && ended.value() != ending::rolled_back && inside.wakeups().rings() != 0)
        wakeups().ring();
    return unless_on_standby(on, by, std::move(ended));
}

session& database::connection() noexcept { return *session_; }

database::database(std::unique_ptr<pooled_session> opened) noexcept : session_(std::move(opened)) {}
database::~database() = default;
database::database(database&&) noexcept = default;
database& database::operator=(database&&) noexcept = default;

result<ending> database::run_together(function_ref<result<verdict>(postgres::transaction&)> body) {
    return session_->transact_together([body](session& inside, PGconn* handle) {
        postgres::transaction together(inside, handle);
        return body(together);
    });
}

result<database> connect(const std::string& conninfo, options how) {
    if (auto checked = check(how); !checked) return checked.error();
    auto where = target::parse(conninfo, how);
    if (!where) return std::move(where).error();
    auto opened = std::make_unique<pooled_session>(std::move(where).value(), how);
    if (auto reached = opened->reach(); !reached) return reached.error();
    return database(std::move(opened));
}

result<database> borrow(PGconn* connection, options how) {
    if (auto checked = check(how); !checked) return checked.error();
    if (!connection)
        return error{errc::invalid_argument, "There is no connection to borrow: pass one."};
    if (PQstatus(connection) != CONNECTION_OK)
        return error{errc::cannot_connect, "The borrowed connection is closed: open another one."};
    if (auto checked = check_version(connection); !checked) return checked.error();
    return database(std::make_unique<pooled_session>(
        std::make_unique<postgres::connection>(connection, kind::borrowed), how));
}

}  // namespace statemachine::postgres
