// Where callers meet who each bring one change, so that those who would wait share a statement.
//
//     meeting::visitor self({machine, statement}, until);
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
// Nobody waits for others to come, but for as many as were served together a moment ago: they come
// back for what they do next, and the first of them would otherwise send its own alone and the
// others wait for it. Who completes them leads. It takes no longer than half of what the statement
// before took, and where some do not come back it is tried less and less often.
//
// Those of one machine who came for different statements wait for each other, too, as long as
// statements are brief: they would only be in each other's way on the server. Where a statement
// takes long, as over a network or with a slow disk, waiting for those of the same is enough.
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
#include <optional>
#include <string_view>
#include <vector>

namespace statemachine::detail {

/// Thread-safe.
class [[gnu::visibility("default")]] meeting {
public:
    using moment = std::chrono::steady_clock::time_point;

    /// What a caller came for.
    struct errand {
        const void* machine;    ///< those of one machine may be in each other's way
        const void* statement;  ///< those with the same one may share it
        /// Where the statement is of one owner; outlives the visitor. While one of them is here,
        /// those of another pass by, and lead by themselves at once.
        std::string_view owner{};
        /// Where the statement is of a single job: those for the same one meet, and nobody else.
        std::optional<std::int64_t> job{};
    };

    /// A caller, on its own stack.
    class visitor {
    public:
        /// @param until  the end of its call
        visitor(const errand& what, moment until) noexcept : errand_(what), until_(until) {}
        visitor(const visitor&) = delete;
        visitor& operator=(const visitor&) = delete;

        moment until() const noexcept { return until_; }

    protected:
        ~visitor() = default;

    private:
        friend class meeting;
        enum class stage : unsigned char { waits, leads, passes, is_taken, is_served };

        bool meets(const visitor& other) const noexcept {
            return errand_.machine == other.errand_.machine && errand_.job == other.errand_.job;
        }
        bool shares_with(const visitor& other) const noexcept {
            return meets(other) && errand_.statement == other.errand_.statement;
        }

        const errand errand_;
        const moment until_;
        moment led_since_{};
        stage stage_ = stage::waits;
        visitor* next_ = nullptr;  // of those who wait, or of those who lead
        bell* bell_ = nullptr;
    };

    /// @param leaders   how many may be at work at once
    /// @param patience  how long one waits for them
    explicit meeting(std::size_t leaders, std::chrono::milliseconds patience) noexcept
        : leaders_(leaders), patience_(patience), brief_(moment::duration(patience) / 10) {}
    meeting(const meeting&) = delete;
    meeting& operator=(const meeting&) = delete;

    /// Returns when this caller is to lead, or another one has taken what it brought along.
    /// @return whether it leads: a `lead` has to be made of it, in the same breath
    bool come(visitor & self);

    /// How many callers wait to lead or to be taken along.
    std::size_t waiting() const;

    /// What a leader takes along, until its end tells the others.
    class [[gnu::visibility("default")]] lead {
    public:
        lead(meeting & at, visitor & self);
        ~lead();
        lead(const lead&) = delete;
        lead& operator=(const lead&) = delete;

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

    moment::duration patience_with(const visitor& leader, const visitor& self) const noexcept;
    bool has_room(const visitor& self, moment now) const noexcept;
    bool has_other_owner(const visitor& self) const noexcept;
    void begin(visitor & self, moment now) noexcept;
    void expect(const lead& served, moment now) noexcept;
    bool still_expects(const visitor& self, moment now) noexcept;  // once it came
    void stop_expecting(moment now) noexcept;
    moment next_look(const visitor& self, moment most, moment now) const noexcept;
    bool ends_with(const visitor& one, const visitor& other) const noexcept;
    void take(lead & by);
    bell* appoint(const visitor& after, moment now) noexcept;
    void end(lead & by) noexcept;

    const std::size_t leaders_;
    const moment::duration patience_;
    const moment::duration brief_;
    mutable std::mutex mutex_;
    queue waiting_;
    queue leading_;
    bells bells_;
    // Of those who were served last, for one machine.
    const void* machine_ = nullptr;
    std::size_t away_ = 0;
    moment back_by_{};
    int rests_ = 0;            // how often in turn they are not expected
    int resting_ = 0;          // and how often it is still to be so
    bool takes_long_ = false;  // the last statement did
};

}  // namespace statemachine::detail
