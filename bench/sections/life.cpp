// The whole life of jobs, one by one and in batches, and many callers on one database, against the
// best one would write by hand. Everything at full durability.
#include "crew.hpp"
#include "databases/by_hand.hpp"
#include "library.hpp"
#include "sections/pace.hpp"

#include <algorithm>
#include <mutex>

namespace bench {
namespace {

/// Seconds of each part of a life.
struct parts {
    cost submit, work;
};

/// Submits, claims and finishes by several workers, each with its share of the jobs.
template <class Place>
class whole_life {
public:
    whole_life(std::size_t jobs, std::size_t batch, std::size_t workers)
        : jobs_(jobs / workers * workers),
          batch_(batch),
          workers_(workers),
          library_at_(durability::full),
          hand_at_(durability::full),
          library_(library_at_, false, static_cast<int>(workers)) {
        by_hand<Place>::make_table(hand_at_);
        for (std::size_t i = 0; i < workers; ++i)
            hands_.push_back(std::make_unique<by_hand<Place>>(hand_at_));
        live(std::min(jobs_, batch_ * workers_));
        live_by_hand(std::min(jobs_, batch_ * workers_));
    }

    void pair(report& said) {
        parts ours, theirs;
        turn_.run({[&] { return (ours = live(jobs_)).work; },
                   [&] { return (theirs = live_by_hand(jobs_)).work; }});
        said.took(ours.submit.wall + ours.work.wall);
        say(said, "library", ours);
        say(said, "hand", theirs);
        said.number("jobs", static_cast<double>(jobs_));
    }

private:
    void say(report& said, const std::string& who, const parts& all) const {
        const auto rate = [&](double seconds) { return static_cast<double>(jobs_) / seconds; };
        said.number(who + "_submit_per_s", rate(all.submit.wall));
        said.number(who + "_work_per_s", rate(all.work.wall));
        said.number(who + "_life_per_s", rate(all.submit.wall + all.work.wall));
        said.number(who + "_cpu_us",
                    1e6 * (all.submit.cpu + all.work.cpu) / static_cast<double>(jobs_));
    }

    parts live(std::size_t jobs) {
        const std::size_t share = jobs / workers_;
        parts all;
        all.submit = measured([&] {
            run_threads(workers_, [&](std::size_t) {
                for (std::size_t i = 0; i < share; i += batch_) {
                    if (batch_ == 1) {
                        succeeded(library_.jobs.submit(sample));
                        continue;
                    }
                    succeeded_all(std::min(batch_, share - i));
                }
            });
        });
        all.work = measured([&] {
            run_threads(workers_, [&](std::size_t) {
                for (std::size_t done = 0; done < share;) done += work(share - done);
            });
        });
        return all;
    }
    void succeeded_all(std::size_t count) {
        const std::vector<jobs_store::submission> batch(count, {sample, {}, {}});
        all_succeeded(library_.jobs.submit_many(batch));
    }
    std::size_t work(std::size_t left) {
        if (batch_ == 1) {
            auto run = library_.jobs.claim(claim, {.owner = "worker"});
            succeeded(run);
            library_.finish(*run.value());
            return 1;
        }
        const auto runs = library_.claim(std::min(batch_, left));
        if (!runs.empty()) library_.finish(runs);
        return runs.size();
    }

    parts live_by_hand(std::size_t jobs) {
        const std::size_t share = jobs / workers_;
        parts all;
        all.submit = measured([&] {
            run_threads(workers_, [&](std::size_t who) {
                for (std::size_t i = 0; i < share; i += batch_)
                    if (batch_ == 1)
                        hands_[who]->submit(sample.payload);
                    else
                        hands_[who]->submit_many(sample.payload, std::min(batch_, share - i));
            });
        });
        all.work = measured([&] {
            run_threads(workers_, [&](std::size_t who) {
                by_hand<Place>& hand = *hands_[who];
                for (std::size_t done = 0; done < share;) {
                    const auto runs = hand.claim(std::min(batch_, share - done));
                    if (batch_ == 1)
                        for (const held& run : runs) hand.finish(run);
                    else if (!runs.empty())
                        hand.finish_many(runs);
                    done += runs.size();
                }
            });
        });
        return all;
    }

    std::size_t jobs_, batch_, workers_;
    Place library_at_, hand_at_;
    library<Place> library_;
    std::vector<std::unique_ptr<by_hand<Place>>> hands_;
    in_turn turn_;
};

/// Callers that each change one row at a time: on one database of the library, and by hand, on one
/// handle behind a mutex (SQLite) or on a connection each (PostgreSQL).
template <class Place>
class many_callers {
public:
    many_callers(std::size_t callers, std::size_t calls)
        : callers_(callers),
          calls_(calls),
          library_at_(durability::full),
          hand_at_(durability::full),
          library_(library_at_) {
        by_hand<Place>::make_table(hand_at_);
        const bool alone = std::is_same_v<Place, sqlite_place>;
        for (std::size_t i = 0; i < (alone ? 1 : callers); ++i)
            hands_.push_back(std::make_unique<by_hand<Place>>(hand_at_));
    }

    void pair(report& said) {
        const std::size_t all = callers_ * calls_;
        library_.submit(all);
        const auto runs = library_.claim_all(all);
        hands_[0]->submit_many(sample.payload, all);
        const auto by_hand_runs = hands_[0]->claim(all);
        const auto costs =
            turn_.run({[&] {
                           return measured([&] {
                               run_threads(callers_, [&](std::size_t who) {
                                   for (std::size_t i = 0; i < calls_; ++i)
                                       library_.finish(runs[i * callers_ + who]);
                               });
                           });
                       },
                       [&] {
                           return measured([&] {
                               run_threads(callers_, [&](std::size_t who) {
                                   for (std::size_t i = 0; i < calls_; ++i)
                                       finish_by_hand(who, by_hand_runs[i * callers_ + who]);
                               });
                           });
                       }});
        said.took(costs[0].wall);
        said.each("library", costs[0], all);
        said.each("hand", costs[1], all);
    }

private:
    void finish_by_hand(std::size_t who, const held& run) {
        if (hands_.size() > 1) {
            hands_[who]->finish(run);
            return;
        }
        const std::lock_guard lock(mutex_);
        hands_[0]->finish(run);
    }

    std::size_t callers_, calls_;
    Place library_at_, hand_at_;
    library<Place> library_;
    std::vector<std::unique_ptr<by_hand<Place>>> hands_;
    std::mutex mutex_;
    in_turn turn_;
};

/// Processes that share one SQLite file, each of which submits for the same time.
class shared_file {
public:
    explicit shared_file(std::size_t processes)
        : processes_(processes), at_(durability::full), alone_at_(durability::full) {
        { const library<sqlite_place> made(at_); }
        { const library<sqlite_place> made(alone_at_); }
    }

    void pair(report& said) {
        std::vector<met> together, alone;
        turn_.run(
            {[&] { return measured([&] { together = meet_processes(processes_, submits(at_)); }); },
             [&] { return measured([&] { alone = meet_processes(1, submits(alone_at_)); }); }});
        const auto rate = [](const std::vector<met>& all) {
            return static_cast<double>(all_won(all).size()) / seconds();
        };
        said.took(seconds());
        said.number("fairness", fairness(together));
        said.number("together_per_s", rate(together));
        said.number("alone_per_s", rate(alone));
        say_times(said, "wait", all_won(together));
        say_times(said, "alone", all_won(alone));
    }

private:
    static double seconds() { return 1e-3 * static_cast<double>(scaled(100, 1000, 3000)); }

    static caller submits(const sqlite_place& at) {
        const auto start = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
        return [&at, start](std::size_t) {
            library<sqlite_place> own(at);
            met times;
            const auto end = start + std::chrono::duration<double>(seconds());
            while (std::chrono::steady_clock::now() < start) {
            }
            while (std::chrono::steady_clock::now() < end)
                note(times, [&] {
                    succeeded(own.jobs.submit(sample));
                    return true;
                });
            return times;
        };
    }

    std::size_t processes_;
    sqlite_place at_, alone_at_;
    in_turn turn_;
};

template <class Place>
void add() {
    const std::string group = std::string("life/") + Place::name;
    const int pairs = static_cast<int>(scaled(2, 5, 7));
    add_pairs<whole_life<Place>>(group + "/one_by_one/workers:1", pairs,
                                 affordable<Place>(scaled(20, 500, 10'000), 6), std::size_t{1},
                                 std::size_t{1});
    add_pairs<whole_life<Place>>(group + "/one_by_one/workers:8", pairs,
                                 affordable<Place>(scaled(16, 1'600, 40'000), 2), std::size_t{1},
                                 std::size_t{8});
    add_pairs<whole_life<Place>>(group + "/batches_of_100/workers:1", pairs,
                                 scaled(200, 8'000, 100'000), std::size_t{100}, std::size_t{1});
    add_pairs<whole_life<Place>>(group + "/batches_of_100/workers:4", pairs,
                                 scaled(400, 8'000, 100'000), std::size_t{100}, std::size_t{4});
    add_pairs<whole_life<Place>>(group + "/batches_of_500/workers:1", pairs,
                                 scaled(1000, 10'000, 100'000), std::size_t{500}, std::size_t{1});
    for (const std::size_t callers : {1, 8, 64})
        add_pairs<many_callers<Place>>(group + "/callers:" + std::to_string(callers), pairs,
                                       callers,
                                       affordable<Place>(scaled(2, callers == 1 ? 500 : 40, 1000),
                                                         0.7 * static_cast<double>(callers)));
}

}  // namespace

void add_benchmarks() {
    add<sqlite_place>();
    add<postgres_place>();
    add_pairs<shared_file>("life/sqlite/processes:8", static_cast<int>(scaled(2, 5, 7)),
                           std::size_t{8});
}

}  // namespace bench
