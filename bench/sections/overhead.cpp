// What the library's code costs, against its own SQL sent by hand, and what its guarantees cost,
// against the best guarded statements without them.
#include "databases/player.hpp"
#include "pairs.hpp"
#include "sections/operations.hpp"
#include "sections/pace.hpp"

#include <algorithm>

namespace bench {
namespace {

template <class Place>
class overhead {
    static constexpr std::size_t parts = 10;

public:
    overhead(operation<Place> what, durability sync, std::size_t calls)
        : what_(std::move(what)),
          calls_(calls),
          recorded_at_(sync),
          played_at_(sync),
          library_at_(sync),
          hand_at_(sync),
          recorder_(recorded_at_, true),
          beside_player_(played_at_),
          library_(library_at_),
          player_(played_at_) {
        by_hand<Place>::make_table(hand_at_);
        hand_ = std::make_unique<by_hand<Place>>(hand_at_);
        compare(std::max<std::size_t>(calls_ / 5, 6));  // prepares statements, fills caches
    }

    void pair(report& said) {
        const auto costs = compare(calls_);
        said.took(costs[0].wall);
        said.each("library", costs[0], calls_);
        said.each("raw", costs[1], calls_);
        said.each("hand", costs[2], calls_);
        said.number("jobs", static_cast<double>(what_.jobs));
        said.number("statements", statements_);
        said.number("transactions", transactions_);
    }

private:
    std::vector<cost> compare(std::size_t calls) {
        const std::size_t jobs = calls * what_.jobs;
        rows of;
        // First, so that by the times on the tape what it claims is due.
        what_.prepare(beside_player_, of, jobs);
        what_.prepare(recorder_, of, jobs);
        played_at_.follow(recorded_at_);
        recorder_.recorded().calls.clear();
        for (std::size_t i = 0; i < calls; ++i) what_.call(recorder_, of, i);
        std::deque<taped_call> sent = std::move(recorder_.recorded().calls);
        count(sent, calls);
        const std::size_t transactions = sent.size();

        player_.load(std::move(sent));
        rows of_library, of_hand;
        what_.prepare(library_, of_library, jobs);
        what_.prepare_hand(*hand_, of_hand, jobs);
        // In small parts, because what else the machine does changes from moment to moment.
        std::vector<cost> all(3);
        for (std::size_t part = 0; part < parts; ++part) {
            const auto each = [part](std::size_t of_all, const auto& make) {
                return [=] {
                    return measured([&] {
                        for (std::size_t i = of_all * part / parts; i < of_all * (part + 1) / parts;
                             ++i)
                            make(i);
                    });
                };
            };
            const auto costs = turn_.run({
                each(calls, [&](std::size_t i) { what_.call(library_, of_library, i); }),
                each(transactions, [&](std::size_t) { player_.play_next(); }),
                each(calls, [&](std::size_t i) { what_.call_hand(*hand_, of_hand, i); }),
            });
            for (std::size_t i = 0; i < costs.size(); ++i) all[i] += costs[i];
        }
        return all;
    }

    void count(const std::deque<taped_call>& sent, std::size_t calls) {
        std::size_t statements = 0;
        for (const taped_call& each : sent) statements += each.statements.size();
        statements_ = static_cast<double>(statements) / static_cast<double>(calls);
        transactions_ = static_cast<double>(sent.size()) / static_cast<double>(calls);
    }

    operation<Place> what_;
    std::size_t calls_;
    Place recorded_at_, played_at_, library_at_, hand_at_;
    library<Place> recorder_, beside_player_, library_;
    player<Place> player_;
    std::unique_ptr<by_hand<Place>> hand_;
    in_turn turn_;
    double statements_ = 0, transactions_ = 0;
};

template <class Place>
void add(durability sync) {
    const bool full = sync == durability::full;
    const std::string group =
        std::string("overhead/") + Place::name + (full ? "/full/" : "/relaxed/");
    for (auto& each : single_operations<Place>()) {
        if (full && each.name != "finish" && each.name != "claim_by_id" && each.name != "submit")
            continue;
        const std::size_t calls =
            full ? affordable<Place>(scaled(10, 100, 300), 5) : scaled(10, 300, 1000);
        add_pairs<overhead<Place>>(group + each.name, usual_pairs() + 4, each, sync, calls);
    }
    if (full) return;
    for (const std::size_t batch : {10, 100, 500})
        for (auto& each : batch_operations<Place>(batch))
            add_pairs<overhead<Place>>(group + each.name, usual_pairs(), each, sync,
                                       std::max<std::size_t>(scaled(10, 1500, 5000) / batch, 1));
}

}  // namespace

void add_benchmarks() {
    for (const durability sync : {durability::relaxed, durability::full}) {
        add<sqlite_place>(sync);
        add<postgres_place>(sync);
    }
}

}  // namespace bench
