#include "joined.hpp"

#include "transactions.hpp"

namespace statemachine::postgres {

thread_local const thread_inside* thread_inside::innermost = nullptr;

bool thread_inside::has_entered(const session& one) noexcept {
    for (const thread_inside* each = innermost; each != nullptr; each = each->outer_)
        if (&each->of_ == &one) return true;
    return false;
}

result<ending> joined_session::transact(access need, steady_time until, work body) {
    if (detail::own_pid() != opened_by_)
        return error{errc::used_after_fork,
                     "The transaction was begun by the parent process: leave it there."};
    if (in_call_)
        return error{errc::nested_call,
                     "A call on this transaction is going on: make the next one after it "
                     "returned."};
    if (auto ready = check_in_transaction(on_.handle()); !ready) return std::move(ready).error();
    struct marked {
        bool& flag;
        ~marked() { flag = false; }
    };
    in_call_ = true;
    const marked until_the_end{in_call_};
    const waiting_mode mode(on_.handle(), false);
    return run_in_open(on_, need, until, body);
}

}  // namespace statemachine::postgres
