#include "session.hpp"

#include "bracket.hpp"
#include "joined.hpp"
#include "sharing.hpp"

#include <statemachine/detail/own_pid.hpp>

#include <algorithm>
#include <utility>

namespace statemachine::sqlite {
namespace {

// The caller may close a borrowed handle after any call, and a kept statement would forbid it.
class borrowed_for_a_call {
public:
    explicit borrowed_for_a_call(connection& on) noexcept : on_(on) {}
    ~borrowed_for_a_call() {
        if (on_.borrowed()) on_.forget_statements();
    }
    borrowed_for_a_call(const borrowed_for_a_call&) = delete;
    borrowed_for_a_call& operator=(const borrowed_for_a_call&) = delete;

private:
    connection& on_;
};

error not_let_in(turnstile::entry why) {
    if (why == turnstile::entry::nested)
        return {errc::nested_call,
                "this thread is inside a call on the same database already; make the call after "
                "that one has returned, or on its transaction"};
    return {errc::busy, "other threads used the database until the deadline; send the call again"};
}

result<ending> answer_of(shared_call& served) {
    if (served.thrown) std::rethrow_exception(served.thrown);
    return *std::move(served.answer);
}

}  // namespace

steady_time deadline_of(const options& how) noexcept {
    using namespace std::chrono;
    return steady_clock::now() + std::clamp<milliseconds>(how.deadline, 0ms, hours(24 * 365));
}

local_session::local_session(std::unique_ptr<connection> on, open_file file, const options& how)
    : connection_(std::move(on)),
      file_(std::move(file)),
      how_(how),
      clock_(how.time != nullptr ? *how.time : system_clock()),
      process_(detail::own_pid()) {}

local_session::~local_session() {
    // The child's copy would act on locks that only the parent holds: roll its transaction back,
    // checkpoint, and delete the log under it.
    if (detail::own_pid() != process_) connection_->abandon();
}

result<ending> local_session::transact(access need, steady_time until, work body) {
    if (auto ours = check_process(); !ours) return ours.error();
    const bool shares = need != access::read && !connection_->borrowed();
    shared_call own{body};
    turnstile::caller self(until, shares ? &own : nullptr);
    const turn mine(turnstile_, self);
    if (mine.how() == turnstile::entry::served) return answer_of(own);
    if (mine.how() != turnstile::entry::taken) return not_let_in(mine.how());
    connection_->waiting().wait_until(until);
    if (shares) return lead(turnstile_, *connection_, clock_, body);
    const borrowed_for_a_call borrowed(*connection_);
    bracket around(*connection_, kind_for(need));
    return run_in(around, *connection_, clock_, body);
}

result<ending> local_session::transact_together(joint_work body) {
    if (auto ours = check_process(); !ours) return ours.error();
    const steady_time until = call_deadline();
    turnstile::caller self(until);
    const turn mine(turnstile_, self);
    if (mine.how() != turnstile::entry::taken) return not_let_in(mine.how());
    connection_->waiting().wait_until(until);
    const borrowed_for_a_call borrowed(*connection_);
    bracket around(*connection_, kind_for(access::write));
    if (auto begun = around.begin(); !begun) return begun.error();
    joined_session inside(*connection_, clock_, until);
    const result<verdict> decided = body(inside, connection_->handle());
    if (!decided) return decided.error();
    if (decided.value() == verdict::roll_back) return ending::rolled_back;
    if (!connection_->in_transaction()) return no_longer_open();
    auto ended = around.commit();
    if (ended && inside.wakeups().rings() != 0) wakeups().ring();
    return ended;
}

bracket::kind local_session::kind_for(access need) const noexcept {
    if (connection_->borrowed() && connection_->in_transaction()) return bracket::kind::within;
    return need == access::read ? bracket::kind::read : bracket::kind::write;
}

// Before the turnstile, which another thread of the parent may have held at the fork.
result<void> local_session::check_process() const {
    if (detail::own_pid() == process_) return success();
    return error(errc::used_after_fork,
                 "the database was opened by the parent process; open it again after fork()");
}

}  // namespace statemachine::sqlite
