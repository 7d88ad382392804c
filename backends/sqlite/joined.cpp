#include "joined.hpp"

#include "bracket.hpp"

namespace statemachine::sqlite {

error no_longer_open() {
    return {errc::transaction_aborted,
            "the transaction has ended before its function did: leave COMMIT and ROLLBACK to the "
            "library, and look for an error that made SQLite roll back"};
}

result<ending> joined_session::transact(access, steady_time, work body) {
    if (detail::own_pid() != opened_by_)
        return error(errc::used_after_fork,
                     "the transaction was begun by the parent process; leave it there");
    if (in_call_)
        return error(errc::nested_call,
                     "a call on this transaction is going on; make the next one after it returned");
    if (!on_.in_transaction()) return no_longer_open();
    struct marked {
        bool& flag;
        ~marked() { flag = false; }
    };
    in_call_ = true;
    const marked until_the_end{in_call_};
    bracket around(on_, bracket::kind::within);
    return run_in(around, on_, time_, body);
}

}  // namespace statemachine::sqlite
