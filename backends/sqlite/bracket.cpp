#include "bracket.hpp"

#include <optional>

namespace statemachine::sqlite {
namespace {

struct texts {
    statement begin;
    statement commit;
    statement undo;
};

constexpr statement commit_own{.text = "COMMIT", .results = {}};
constexpr statement undo_own{.text = "ROLLBACK", .results = {}};
constexpr statement release{.text = "RELEASE statemachine_call", .results = {}};

constexpr texts own_read{{.text = "BEGIN", .results = {}}, commit_own, undo_own};
// IMMEDIATE: a transaction that reads before it writes would be turned away, without any waiting,
// by whoever wrote in between.
constexpr texts own_write{{.text = "BEGIN IMMEDIATE", .results = {}}, commit_own, undo_own};
// A name that the caller uses too would do no harm: the innermost of a name is meant.
constexpr texts savepoint{{.text = "SAVEPOINT statemachine_call", .results = {}},
                          release,
                          {.text = "ROLLBACK TO statemachine_call", .results = {}}};

constexpr const texts& texts_of(bracket::kind what) {
    switch (what) {
        case bracket::kind::read: return own_read;
        case bracket::kind::write: return own_write;
        default: return savepoint;
    }
}

class open_work final : public executor {
public:
    open_work(connection& on, timestamp now) noexcept : on_(on), now_(now) {}

    result<std::size_t> execute(const statement& what, std::span<const value> parameters,
                                row_sink on_row) override {
        // SQLite may have rolled back, and would commit each further statement by itself.
        if (failure_) return *failure_;
        auto done = on_.execute(what, parameters, on_row);
        if (!done && !failure_) failure_ = done.error();
        return done;
    }

    timestamp now() const noexcept override { return now_; }

    /// The first error, which the body may have dropped.
    const std::optional<error>& failure() const noexcept { return failure_; }

private:
    connection& on_;
    timestamp now_;
    std::optional<error> failure_;
};

}  // namespace

result<void> bracket::begin() {
    if (kind_ == kind::write && !on_.borrowed()) lined_up_ = on_.waiting().line_up();
    auto begun = on_.command(texts_of(kind_).begin);
    open_ = begun.has_value();
    return begun;
}

result<ending> bracket::commit() {
    const bool inside = kind_ == kind::within;
    auto ended = on_.command(texts_of(kind_).commit, inside ? stage::running : stage::committing);
    if (!ended) return ended.error();
    open_ = false;
    return inside ? ending::provisional : ending::committed;
}

error bracket::told_whole(const error& cause) const {
    if (kind_ != kind::within || on_.in_transaction()) return cause;
    return {errc::transaction_aborted,
            sentence({cause.message(),
                      "; SQLite rolled back your whole transaction with the call, "
                      "so begin it again"}),
            cause.native()};
}

void bracket::undo() noexcept {
    // SQLite rolls back by itself on some errors, and the transaction around a savepoint is gone
    // with it.
    if (!on_.in_transaction()) return;
    static_cast<void>(on_.command(texts_of(kind_).undo));
    if (kind_ == kind::within) static_cast<void>(on_.command(release));
}

result<verdict> run_body(connection& on, const clock& time, work body) {
    open_work inside(on, time.now());
    auto decided = body(inside);
    if (decided && decided.value() == verdict::commit && inside.failure()) return *inside.failure();
    return decided;
}

result<ending> run_in(bracket& around, connection& on, const clock& time, work body) {
    if (auto begun = around.begin(); !begun) return begun.error();
    const auto decided = run_body(on, time, body);
    if (!decided) return around.told_whole(decided.error());
    if (decided.value() == verdict::roll_back) return ending::rolled_back;
    return around.commit();
}

}  // namespace statemachine::sqlite
