// Where callers meet who each bring one change, so that those who would wait share a statement.
//
//     meeting::visitor self(purpose, until);
//     if (at.come(self)) {                                  // this caller leads:
//         const meeting::lead leading(at, self);            // it does its own, and what the others
//         for (meeting::visitor* each : leading.others())   // brought who waited for the same
//             ...
//     }                                                     // they are told
//
// Who finds few enough at work leads at once, with its own change alone, and pays two locks that
// nobody else wants. Who comes meanwhile waits; when a leader is done, the first of those leads
// next, with all that wait for the same by then. There is no thread of its own.
//
// Nobody waits for others to come, but for those who were served together a moment ago and come
// back for what they do next: the first of them would otherwise send its own alone, and the others
// wait for it. Who completes them leads. It takes no longer than half of what the statement before
// took, and where some do not come back it is tried less and less often.
//
// What holds under the mutex: while somebody waits, as many lead as may, or one of these began less
// than `patience` ago, or not all have come back and there is time left for it. A leader that takes
// longer, such as one that waits for a lock, is counted no more, and whoever waited that long leads
// beside it.
#pragma once

#include <statemachine/detail/bells.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

namespace statemachine::detail {

/// Thread-safe.
class [[gnu::visibility("default")]] meeting {
public:
    using moment = std::chrono::steady_clock::time_point;

    /// A caller, on its own stack.
    class visitor {
    public:
        /// @param purpose  those with the same one may share a statement
        /// @param until    the end of its call
        /// @param owner    where the statement is of one owner; outlives the visitor. While one of
        ///                 them is here, those of another pass by, and lead by themselves at once.
        visitor(const void* purpose, moment until, std::string_view owner = {}) noexcept
            : purpose_(purpose), owner_(owner), until_(until) {}
        /// One whose statement is of a single job: it meets those with the same purpose and the
        /// same job, and nobody else.
        visitor(const void* purpose, moment until, std::int64_t job) noexcept
            : purpose_(purpose), job_(job), until_(until) {}
        visitor(const visitor&) = delete;
        visitor& operator=(const visitor&) = delete;

        moment until() const noexcept { return until_; }

    protected:
        ~visitor() = default;

    private:
        friend class meeting;
        enum class stage : unsigned char { waits, leads, passes, is_taken, is_served };

        bool meets(const visitor& other) const noexcept {
            return job_ == other.job_ && (job_ == 0 || purpose_ == other.purpose_);
        }

        const void* const purpose_;
        const std::string_view owner_{};
        const std::int64_t job_ = 0;
        const moment until_;
        moment led_since_{};
        stage stage_ = stage::waits;
        visitor* next_ = nullptr;  // of those who wait, or of those who lead
        bell* bell_ = nullptr;
    };

    /// @param leaders   how many may be at work at once
    /// @param patience  how long one waits for them
    explicit meeting(std::size_t leaders, std::chrono::milliseconds patience) noexcept
        : leaders_(leaders), patience_(patience) {}
    meeting(const meeting&) = delete;
    meeting& operator=(const meeting&) = delete;

    /// Returns when this caller is to lead, or another one has taken what it brought along.
    /// @return whether it leads: a `lead` has to be made of it, in the same breath
    bool come(visitor & self);

    /// What a leader takes along, until its end tells the others.
    class [[gnu::visibility("default")]] lead {
    public:
        lead(meeting & at, visitor & self);
        ~lead();
        lead(const lead&) = delete;
        lead& operator=(const lead&) = delete;

        /// Takes those who came meanwhile along, too.
        void take_more() { at_.take(*this); }

        const std::vector<visitor*>& others() const noexcept { return others_; }

    private:
        friend class meeting;

        meeting& at_;
        visitor& self_;
        std::vector<visitor*> others_;
        std::vector<bell*> bells_;  // of the others
    };

private:
    // First in, first out, of those who are in no other.
    struct queue {
        visitor* first = nullptr;
        visitor* last = nullptr;

        void add(visitor& one) noexcept;
        void remove(visitor& one) noexcept;
    };

    bool has_room(const visitor& self, moment now) const noexcept;
    bool has_other_owner(const visitor& self) const noexcept;
    void begin(visitor & self, moment now) noexcept;
    void expect(std::size_t served, moment now, moment::duration took) noexcept;
    bool still_expects(moment now) noexcept;  // when one more came
    void stop_expecting(moment now) noexcept;
    void wait(std::unique_lock<std::mutex> & lock, visitor & self, moment most);
    void take(lead & by);
    bell* appoint(const visitor& after, moment now) noexcept;
    void end(lead & by) noexcept;

    const std::size_t leaders_;
    const std::chrono::milliseconds patience_;
    std::mutex mutex_;
    queue waiting_;
    queue leading_;
    bells bells_;
    // Of those who were served last.
    std::size_t away_ = 0;
    moment back_by_{};
    int rests_ = 0;    // how often in turn they are not expected
    int resting_ = 0;  // and how often it is still to be so
};

}  // namespace statemachine::detail
