// A run in this process's hands.
#pragma once

#include <statemachine/detail/store_core.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>

namespace statemachine::detail {

/// One claimed job from its claim until its lease ended. The callable's thread, the keeper's and
/// the one that stops the worker share it.
class [[gnu::visibility("default")]] held_run {
public:
    // `state` is the index of a leased state, `since` a moment before the claim was sent, and
    // `content` the run with its types.
    held_run(const spec& declared, held_lease lease, int state, steady_time since,
             std::shared_ptr<void> content);

    const held_lease& lease() const noexcept { return lease_; }
    void* content() const noexcept { return content_.get(); }
    std::stop_token stop() const noexcept { return stop_.get_token(); }

    // One sending of a step; where it succeeds, it says which state the job came to.
    using sending = function_ref<result<outcome>(int& to)>;
    // Whether the log shows the step; where it does, it says which state the job came to.
    using finding = function_ref<result<bool>(int& to)>;

    // Sends a step until it is known what became of it, or until nothing may be waited for.
    // `repeatable` promises that the step changes nothing when it is sent again after it happened.
    result<outcome> insist(bool repeatable, sending send, finding in_log);

    // What a renewal that the callable sent was told.
    void note_renewal(steady_time sent, const outcome& got);

    // The worker stops: the callable is told.
    void ask_to_stop();

    bool ended() const;  // the job left its leased states by a step of this run
    std::optional<reason> lost() const;
    bool asked() const;
    int state() const;       // where the steps of this run brought the job, as far as is known
    bool unsettled() const;  // a step was sent, and it is not known what became of it

    // What the callable said about its job. Touched by its thread alone.
    bool permanent = false;
    bool put_back = false;

private:
    friend class lease_keeper;
    using lock = std::unique_lock<std::mutex>;

    void came_to(int state, steady_time since);
    void note_refusal(const outcome& got);
    bool still_leased(const outcome& got) const;
    bool rest(int attempt);
    bool held() const { return length_.count() > 0 && lost_ == reason::none; }

    const spec* declared_;
    const held_lease lease_;
    const std::shared_ptr<void> content_;
    std::stop_source stop_;

    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    int state_;
    std::chrono::milliseconds length_;  // of the current state's lease; 0 when it ended
    steady_time due_;                   // to be renewed
    unsigned steps_ = 0;                // odd while one is on its way
    reason lost_ = reason::none;
    bool asked_ = false;
    bool unsettled_ = false;
    int last_words_ = 0;  // sent again after the stop
};

using held_runs = std::vector<std::shared_ptr<held_run>>;

}  // namespace statemachine::detail
