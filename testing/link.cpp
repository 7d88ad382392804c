// The connection of a simulated client, and what goes wrong on it.
#include "scheduler.hpp"

namespace statemachine::testing {
namespace {

steady_time without_end() { return std::chrono::steady_clock::now() + std::chrono::hours{1}; }

error lost() { return {errc::connection_lost, "the simulated connection broke"}; }

/// Held by the client whose transaction is open: the others wait, as for SQLite's write lock.
class held {
public:
    explicit held(scheduler& of) : of_(of), taken_(of.lock()) {}
    ~held() {
        if (taken_) of_.unlock();
    }
    held(const held&) = delete;
    held& operator=(const held&) = delete;
    explicit operator bool() const noexcept { return taken_; }

private:
    scheduler& of_;
    bool taken_;
};

error kept_waiting() { return {errc::busy, "the simulated database stayed locked"}; }

class simulated_session final : public session {
public:
    simulated_session(scheduler& runs_in, const std::string& client)
        : scheduler_(runs_in), client_(client) {}

    using session::transact;

    // One that lies in the past leaves a call its first sending.
    steady_time call_deadline() const noexcept override {
        return scheduler_.happens(scheduler_.options().rates.impatient) ? steady_time{}
                                                                        : without_end();
    }

    result<ending> transact(access need, steady_time, work body) override;

    /// At a boundary of statements: others may run, and this client may freeze or die.
    void between_statements();

    result<ending> perform(access need, work body, fault what);
    result<ending> read(work body);
    result<ending> lose(work body, bool arrives_late);
    error refusal();
    void die_with_request_in_flight(access need, work body);
    void freeze();
    [[noreturn]] void die();

private:
    scheduler& scheduler_;
    const std::string& client_;
};

class stepping_executor final : public executor {
public:
    stepping_executor(executor& inner, simulated_session& on) : inner_(inner), on_(on) {}

    result<std::size_t> execute(const statement& what, std::span<const value> parameters,
                                row_sink on_row) override {
        on_.between_statements();
        return inner_.execute(what, parameters, on_row);
    }
    timestamp now() const noexcept override { return inner_.now(); }

private:
    executor& inner_;
    simulated_session& on_;
};

/// Reads see what is committed when each of them runs, not when the first did.
class reading_executor final : public executor {
public:
    reading_executor(scheduler& runs_in, simulated_session& on) : scheduler_(runs_in), on_(on) {}

    result<std::size_t> execute(const statement& what, std::span<const value> parameters,
                                row_sink on_row) override {
        on_.between_statements();
        const held lock(scheduler_);
        if (!lock) return kept_waiting();
        std::size_t count = 0;
        const auto body = [&](executor& inner) -> result<verdict> {
            auto rows = inner.execute(what, parameters, on_row);
            if (!rows) return std::move(rows).error();
            count = rows.value();
            return verdict::commit;
        };
        auto ended = scheduler_.inner().transact(access::read, without_end(), body);
        if (!ended) return std::move(ended).error();
        return count;
    }
    timestamp now() const noexcept override { return scheduler_.now(); }

private:
    scheduler& scheduler_;
    simulated_session& on_;
};

void simulated_session::freeze() {
    ++scheduler_.counts().pauses;
    scheduler_.seen().remark(client_ + " freezes");
    scheduler_.sleep(scheduler_.some_pause());
    scheduler_.seen().remark(client_ + " thaws");
}

void simulated_session::die() {
    ++scheduler_.counts().crashes;
    throw crash{};
}

void simulated_session::between_statements() {
    scheduler_.step();
    // Whole requests are drawn for elsewhere; inside of one little can happen.
    constexpr int rarely = 4;
    if (!scheduler_.happens(rarely)) return;
    switch (scheduler_.next_fault()) {
        case fault::crashed:
        case fault::crashed_in_flight:
        case fault::request_lost: die();
        default: freeze();
    }
}

error simulated_session::refusal() {
    constexpr errc ways[] = {errc::busy,           errc::deadlock,   errc::serialization_failure,
                             errc::cannot_connect, errc::overloaded, errc::cancelled};
    return {ways[scheduler_.random(std::size(ways))], "the simulated database refused the request"};
}

result<ending> simulated_session::transact(access need, steady_time, work body) {
    scheduler_.step();
    const fault what = scheduler_.next_fault();
    fault_counts& counts = scheduler_.counts();
    switch (what) {
        case fault::refused: ++counts.refused; return refusal();
        case fault::request_lost: ++counts.requests_lost; return lost();
        case fault::request_late:
            if (need == access::read) break;
            return lose(body, true);
        case fault::paused: freeze(); break;
        case fault::crashed_in_flight:
            if (need != access::read) die_with_request_in_flight(need, body);
            [[fallthrough]];
        case fault::crashed:
            if (scheduler_.random(2) == 0) die();
            break;
        default: break;
    }
    auto ended = need == access::read ? read(body) : perform(need, body, what);
    if (what == fault::crashed) die();
    if (what == fault::reply_lost) {
        ++counts.replies_lost;
        scheduler_.seen().remark(client_ + " loses a reply");
        return lost();
    }
    if (what == fault::reply_late) {
        ++counts.replies_late;
        scheduler_.sleep(scheduler_.some_pause() / 16);
    }
    return ended;
}

result<ending> simulated_session::read(work body) {
    reading_executor inside(scheduler_, *this);
    auto decided = body(inside);
    if (!decided) return std::move(decided).error();
    return ending::committed;
}

result<ending> simulated_session::perform(access need, work body, fault what) {
    const held lock(scheduler_);
    if (!lock) return kept_waiting();
    const auto stepped = [&](executor& inner) -> result<verdict> {
        stepping_executor inside(inner, *this);
        auto decided = body(inside);
        if (!decided || decided.value() == verdict::roll_back) return decided;
        between_statements();
        if (what != fault::commit_failed) return decided;
        ++scheduler_.counts().commits_failed;
        return error(errc::serialization_failure, "the simulated commit failed");
    };
    return scheduler_.inner().transact(need, without_end(), stepped);
}

// The client's side of the call runs once to learn what it would send, and leaves nothing behind.
result<ending> simulated_session::lose(work body, bool arrives_late) {
    request sent;
    {
        const held lock(scheduler_);
        if (!lock) return kept_waiting();
        const auto copied = [&](executor& inner) -> result<verdict> {
            request_copy inside(inner);
            auto decided = body(inside);
            sent = inside.take();
            arrives_late = arrives_late && decided && decided.value() == verdict::commit;
            return verdict::roll_back;
        };
        static_cast<void>(scheduler_.inner().transact(access::write, without_end(), copied));
    }
    if (arrives_late && travels_at_once(sent)) {
        ++scheduler_.counts().requests_late;
        scheduler_.seen().remark(client_ + " loses its connection, its request is on its way");
        scheduler_.send_late(std::move(sent));
    } else {
        ++scheduler_.counts().requests_lost;
    }
    return lost();
}

void simulated_session::die_with_request_in_flight(access need, work body) {
    ++scheduler_.counts().crashes_in_flight;
    scheduler_.seen().remark(client_ + " crashes, its request is on its way");
    scheduler_.go_on_elsewhere(client_);
    scheduler_.sleep(scheduler_.some_pause());
    const held lock(scheduler_);
    if (lock) {
        const auto ended = scheduler_.inner().transact(need, without_end(), body);
        scheduler_.seen().remark("a request of the dead " + client_ +
                                 (ended && ended.value() == ending::committed
                                      ? " arrives, and changes something"
                                      : " arrives, and is refused"));
    }
    throw gone{};
}

class joined_link final : public session {
public:
    joined_link(session& inner, simulated_session& on) : inner_(inner), on_(on) {}
    using session::transact;
    steady_time call_deadline() const noexcept override { return without_end(); }
    bool reconnects() const noexcept override { return false; }
    result<ending> transact(access need, steady_time until, work body) override {
        return inner_.transact(need, until, [&](executor& inner) -> result<verdict> {
            stepping_executor inside(inner, on_);
            return body(inside);
        });
    }

private:
    session& inner_;
    simulated_session& on_;
};

}  // namespace

world::link::link(scheduler& runs_in, std::string client)
    : scheduler_(runs_in),
      client_(std::move(client)),
      session_(std::make_unique<simulated_session>(runs_in, client_)) {}
world::link::~link() = default;

void world::link::pass(std::chrono::milliseconds time) { scheduler_.sleep(time); }
std::uint64_t world::link::random(std::uint64_t below) { return scheduler_.random(below); }

void world::link::look(work body) {
    const held lock(scheduler_);
    if (lock) scheduler_.database().connection().transact(access::read, body).value();
}

result<ending> world::link::run_together(function_ref<result<verdict>(transaction&)> body) {
    scheduler_.step();
    const fault what = scheduler_.next_fault();
    auto& on = static_cast<simulated_session&>(*session_);
    if (what == fault::refused) return on.refusal();
    if (what == fault::paused) on.freeze();
    if (what == fault::crashed || what == fault::crashed_in_flight) on.die();
    const held lock(scheduler_);
    if (!lock) return kept_waiting();
    // The library's transaction takes an exception for the function's own.
    std::exception_ptr ended_by;
    auto ended =
        scheduler_.database().transaction([&](sqlite::transaction& inner) -> result<verdict> {
            try {
                joined_link joined(inner.connection(), on);
                transaction inside(joined, inner.handle());
                return body(inside);
            } catch (...) {
                ended_by = std::current_exception();
                return verdict::roll_back;
            }
        });
    if (ended_by) std::rethrow_exception(ended_by);
    if (what == fault::reply_lost || what == fault::request_lost) {
        ++scheduler_.counts().replies_lost;
        return lost();
    }
    return ended;
}

}  // namespace statemachine::testing
