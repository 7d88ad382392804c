// What callers wait at who are told by another caller, outside of the lock that they wait under:
// told inside of it, each would wake up only to wait for the lock, and whoever is next would wait
// until all were told.
//
//     bell* const own = at.take();                             // under the lock, from here on
//     own->rung.wait(lock, [&] { return told; });
//     at.give_back(own);
//
//     told = true;                                             // whoever tells
//     lock.unlock();
//     own->rung.notify_one();
//
// By then the caller may be gone, and its bell in the hands of another one, who looks around and
// goes on waiting.
#pragma once

#include <condition_variable>
#include <memory>
#include <vector>

namespace statemachine::detail {

struct bell {
    std::condition_variable rung;
};

/// Bells for as many as ever waited at once. To be used under the lock of its owner.
class bells {
public:
    bell* take() {
        if (!idle_.empty()) {
            bell* const taken = idle_.back();
            idle_.pop_back();
            return taken;
        }
        idle_.reserve(all_.size() + 1);
        all_.push_back(std::make_unique<bell>());
        return all_.back().get();
    }

    void give_back(bell* one) noexcept { idle_.push_back(one); }

private:
    std::vector<std::unique_ptr<bell>> all_;
    std::vector<bell*> idle_;  // with room for all of them
};

}  // namespace statemachine::detail
