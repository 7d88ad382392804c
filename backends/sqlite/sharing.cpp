#include "sharing.hpp"

#include "bracket.hpp"

#include <sqlite3.h>

#include <chrono>

namespace statemachine::sqlite {
namespace {

// Other processes, and the first that was taken in, wait no longer than this for the commit to
// begin.
constexpr std::chrono::milliseconds longest{2};

// A deferred foreign key is checked by COMMIT, which would fail for all.
bool has_dangling_references(const connection& on) noexcept {
    int dangling = 0;
    int highest = 0;
    sqlite3_db_status(on.handle(), SQLITE_DBSTATUS_DEFERRED_FKS, &dangling, &highest, 0);
    return dangling != 0;
}

error dangling_reference() {
    return {errc::constraint_violated,
            "a foreign key refers to a row that does not exist; give other values"};
}

error rolled_back_with_others() {
    return {errc::busy,
            "the change shared a transaction with another one, at whose failure SQLite rolled back "
            "all of it; send the call again"};
}

result<ending> run_as_savepoint(connection& on, const clock& time, work body) {
    bracket around(on, bracket::kind::within);
    if (auto begun = around.begin(); !begun) return begun.error();
    const auto decided = run_body(on, time, body);
    if (!decided) return decided.error();
    if (decided.value() == verdict::roll_back) return ending::rolled_back;
    if (has_dangling_references(on)) return dangling_reference();
    if (auto kept = around.commit(); !kept) return kept.error();
    return ending::committed;
}

void take_others_in(turnstile& at, connection& on, const clock& time) noexcept {
    const auto begun = std::chrono::steady_clock::now();
    for (auto now = begun; now - begun < longest; now = std::chrono::steady_clock::now()) {
        shared_call* next = nullptr;
        try {
            next = at.take_work(now);
        } catch (...) {
            break;  // without memory the others wait for their own turn
        }
        if (next == nullptr) break;
        try {
            next->answer = run_as_savepoint(on, time, next->body);
        } catch (...) {
            next->thrown = std::current_exception();
        }
        if (!on.in_transaction()) break;
    }
}

// Also those that were refused, because it may have been for a change that is gone now.
void answer_with(const error& cause, std::span<shared_call* const> taken) noexcept {
    for (shared_call* const each : taken) each->answer = cause;
}

}  // namespace

result<ending> lead(turnstile& at, connection& on, const clock& time, work own) {
    bracket around(on, bracket::kind::write);
    if (auto begun = around.begin(); !begun) return begun.error();
    const auto decided = run_body(on, time, own);
    if (!decided) return decided.error();
    if (decided.value() == verdict::roll_back) return ending::rolled_back;
    if (!has_dangling_references(on)) take_others_in(at, on, time);

    const auto taken = at.taken();
    if (!on.in_transaction() && !taken.empty()) {
        // The last one made SQLite roll back, and has its own error; the others are not to blame.
        const error cause = rolled_back_with_others();
        answer_with(cause, taken.first(taken.size() - 1));
        return cause;
    }
    auto ended = around.commit();
    if (!ended) answer_with(ended.error(), taken);
    return ended;
}

}  // namespace statemachine::sqlite
