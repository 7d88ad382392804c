// What callers sent and what they were told, in the order in which it happened.
//
//     sm::testing::history seen;
//     sm::testing::recorder<transcode::machine> jobs{db, seen, "worker-1"};
//     jobs.claim(transcode::claim);                  // as of a store, and written down
//     for (const auto& each : sm::testing::check<transcode::machine>(db, seen)) print(each.text());
#pragma once

#include <statemachine/answer.hpp>
#include <statemachine/run.hpp>

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace statemachine::testing {

enum class call_kind : unsigned char { submit, claim, claim_by_id, step, control, renew, resolve };

/// A job, run, change or lease that an answer brought.
struct granted {
    std::int64_t id = 0;
    std::int64_t epoch = 0;
    std::int64_t version = 0;
    std::optional<timestamp> lease_until{};
};

/// One call: the arguments that decide what it may do, and its answer. A batch is one record for
/// each of its jobs, but for `claim_many`, which is one.
struct call_record {
    // Sent.
    call_kind what = call_kind::submit;
    std::string client{};  ///< also the actor or owner that the log shows
    std::string event{};   ///< empty for a submit, a plain renewal and a resolve
    std::int64_t id = 0;   ///< 0 where the call names no job
    std::int64_t epoch = 0;
    std::int64_t limit = 1;  ///< of a claim
    std::string token{};     ///< or the key of a submit
    std::string content{};   ///< what the inputs or the identity columns hold
    // Told; nothing while `ended` is 0: the caller was gone before the answer came. Moments are
    // nanoseconds of the clock that all processes of the machine share.
    std::uint64_t began = 0;
    std::uint64_t ended = 0;
    std::optional<enum status> status{};  ///< empty where the call ended with an error
    enum reason reason = reason::none;
    std::optional<errc> failed{};  ///< the error, or that behind `retryable` and `unknown`
    std::vector<granted> got{};
    bool local = false;  ///< committed on the primary alone: a fail-over may take it back

    /// This call did it.
    bool applied() const noexcept {
        return status == status::applied || status == status::provisional;
    }
    /// The caller may go on as if it had done it.
    bool acknowledged() const noexcept {
        return !local && (applied() || status == status::already_applied);
    }
    /// Nobody was told whether it happened, or whether it stays.
    bool unsettled() const noexcept {
        return ended == 0 || local || status == status::unknown ||
               (!status && failed && fate_of(*failed) == fate::unknown);
    }
    std::string text() const;
};

/// Collects records; all members may be called from several threads at once.
class [[gnu::visibility("default")]] history {
public:
    /// Sees each record twice: before the call is sent, and when its answer has come. Such as to
    /// keep what a process has sent that may be killed at any moment.
    using witness = std::function<void(std::size_t number, const call_record& call)>;

    history() = default;
    explicit history(witness told) : witness_(std::move(told)) {}

    /// Takes in the record of another history, such as that of another process.
    void add(call_record call);

    /// @return the number of the record, for `end`
    std::size_t begin(call_record sent);
    void end(std::size_t number, const outcome& told, std::vector<granted> got);
    void end(std::size_t number, const error& failed);

    /// For what happens beside the calls, such as a crash.
    void remark(std::string what);

    std::vector<call_record> calls() const;

    /// One line for each beginning, end and remark, as they came.
    std::string text() const;

private:
    std::uint64_t next_moment();

    witness witness_{};
    mutable std::mutex mutex_;
    std::vector<call_record> calls_;
    std::vector<std::string> lines_;
    std::uint64_t moments_ = 0;
};

}  // namespace statemachine::testing
