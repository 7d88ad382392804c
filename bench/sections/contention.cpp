// Races: who wins, what losing costs, and how even the shares are.
#include "crew.hpp"
#include "databases/by_hand.hpp"
#include "library.hpp"
#include "sections/pace.hpp"

#include <atomic>
#include <functional>
#include <optional>

namespace bench {
namespace {

/// The contenders of one round start together, each with one call; the next round has a fresh job.
template <class Place>
class race {
public:
    /// What a contender does with the job of a round; it tells whether it won.
    using move = std::function<bool(library<Place>&, const run_type&, std::size_t who)>;
    /// Makes the job of a round.
    using begin = std::function<run_type(library<Place>&)>;

    race(std::size_t contenders, begin made, move moved)
        : contenders_(contenders),
          at_(durability::full),
          library_(at_, false, static_cast<int>(contenders)),
          made_(std::move(made)),
          moved_(std::move(moved)) {}

    void pair(report& said) {
        const std::size_t rounds = affordable<Place>(scaled(3, 40, 200), 3);
        std::vector<run_type> jobs;
        for (std::size_t i = 0; i < rounds; ++i) jobs.push_back(made_(library_));
        std::barrier together(static_cast<std::ptrdiff_t>(contenders_));
        const auto each = meet_threads(contenders_, [&](std::size_t who) {
            met times;
            for (std::size_t i = 0; i < rounds; ++i) {
                together.arrive_and_wait();
                note(times, [&] { return moved_(library_, jobs[i], who); });
            }
            return times;
        });
        const auto won = all_won(each), lost = all_lost(each);
        said.took(1e-6 * quantile(won, 0.5));
        said.number("winners_a_round",
                    static_cast<double>(won.size()) / static_cast<double>(rounds));
        double first = static_cast<double>(each[0].won.size());
        said.number("first_wins", first / static_cast<double>(rounds));
        say_times(said, "won", won);
        say_times(said, "lost", lost);
    }

private:
    std::size_t contenders_;
    Place at_;
    library<Place> library_;
    begin made_;
    move moved_;
};

template <class Place>
run_type fresh_job(library<Place>& on) {
    const auto made = on.jobs.submit(sample);
    succeeded(made);
    run_type named;
    named.id = made.value()->id;
    return named;
}
template <class Place>
run_type fresh_run(library<Place>& on) {
    on.submit(1);
    return on.claim(1).at(0);
}

/// Contenders for one job, against as many statements by hand on connections of their own, and
/// against the same number of calls in turn by one of them, which all were started for.
template <class Place>
class hot_job {
public:
    explicit hot_job(std::size_t contenders)
        : contenders_(contenders),
          library_at_(durability::full),
          hand_at_(durability::full),
          library_(library_at_, false, static_cast<int>(contenders)) {
        by_hand<Place>::make_table(hand_at_);
        for (std::size_t i = 0; i < contenders; ++i)
            hands_.push_back(std::make_unique<by_hand<Place>>(hand_at_));
    }

    void pair(report& said) {
        const std::size_t rounds = affordable<Place>(scaled(3, 40, 200), 6);
        std::vector<std::int64_t> ids, ids_in_turn, ids_by_hand;
        for (std::size_t i = 0; i < rounds; ++i) {
            ids.push_back(fresh_job(library_).id);
            ids_in_turn.push_back(fresh_job(library_).id);
            ids_by_hand.push_back(hands_[0]->submit(sample.payload));
        }
        std::vector<met> each, by_hand_each;
        const auto costs =
            turn_.run({[&] { return measured([&] { each = together(rounds, ids, claims()); }); },
                       [&] { return measured([&] { one_by_one(ids_in_turn); }); },
                       [&] {
                           return measured([&] {
                               by_hand_each = together(rounds, ids_by_hand,
                                                       [&](std::size_t who, std::int64_t id) {
                                                           return hands_[who]->claim_by_id(id);
                                                       });
                           });
                       }});
        said.took(costs[0].wall);
        said.number("winners_a_round",
                    static_cast<double>(all_won(each).size()) / static_cast<double>(rounds));
        said.number("fairness", fairness(each));
        said.each("library", costs[0], rounds);
        said.each("in_turn", costs[1], rounds);
        said.each("hand", costs[2], rounds);
        say_times(said, "won", all_won(each));
        say_times(said, "lost", all_lost(each));
        say_times(said, "hand_lost", all_lost(by_hand_each));
    }

private:
    using move = std::function<bool(std::size_t, std::int64_t)>;
    move claims() {
        return [this](std::size_t, std::int64_t id) {
            return library_.jobs.claim_by_id(claim, id, {.owner = "worker"}).value().applied();
        };
    }
    std::vector<met> together(std::size_t rounds, const std::vector<std::int64_t>& ids,
                              const move& call) {
        std::barrier gate(static_cast<std::ptrdiff_t>(contenders_));
        return meet_threads(contenders_, [&](std::size_t who) {
            met times;
            for (std::size_t i = 0; i < rounds; ++i) {
                gate.arrive_and_wait();
                note(times, [&] { return call(who, ids[i]); });
            }
            return times;
        });
    }

    // All of them meet before each round as in a race, so that to start them costs the same here.
    void one_by_one(const std::vector<std::int64_t>& ids) {
        std::barrier gate(static_cast<std::ptrdiff_t>(contenders_));
        run_threads(contenders_, [&](std::size_t who) {
            for (const std::int64_t id : ids) {
                gate.arrive_and_wait();
                for (std::size_t i = 0; who == 0 && i < contenders_; ++i) claims()(i, id);
            }
        });
    }

    std::size_t contenders_;
    Place library_at_, hand_at_;
    library<Place> library_;
    std::vector<std::unique_ptr<by_hand<Place>>> hands_;
    in_turn turn_;
};

/// Contenders that take the next due job until none is left, as threads or as processes.
template <class Place>
class many_jobs {
public:
    many_jobs(std::size_t contenders, bool processes, bool expired)
        : contenders_(contenders), processes_(processes), expired_(expired), at_(durability::full) {
        { const library<Place> made(at_); }
    }

    void pair(report& said) {
        const std::size_t jobs = affordable<Place>(scaled(40, 600, 4'000), 1);
        {
            library<Place> own(at_);
            own.submit(jobs);
            if (expired_) {  // everybody who held one is gone
                static_cast<void>(own.claim_all(jobs));
                at_.end_leases("jobs");
            }
        }
        std::vector<met> each;
        const cost all = measured([&] { each = processes_ ? by_processes() : by_threads(); });
        said.took(all.wall);
        said.number("per_s", static_cast<double>(all_won(each).size()) / all.wall);
        said.number("taken", static_cast<double>(all_won(each).size()) / static_cast<double>(jobs));
        said.number("fairness", fairness(each));
        say_times(said, "won", all_won(each));
    }

private:
    static met take(library<Place>& from) {
        met times;
        bool left = true;
        while (left)
            note(times, [&] {
                const auto run = from.jobs.claim(claim, {.owner = "worker"});
                if (!run) throw std::runtime_error(std::string(run.error().message()));
                return left = run.value().applied();
            });
        return times;
    }
    std::vector<met> by_threads() {
        library<Place> shared(at_, false, static_cast<int>(contenders_));
        return meet_threads(contenders_, [&](std::size_t) { return take(shared); });
    }
    std::vector<met> by_processes() {
        return meet_processes(contenders_, [&](std::size_t) {
            library<Place> own(at_, false, 1);
            return take(own);
        });
    }

    std::size_t contenders_;
    bool processes_, expired_;
    Place at_;
};

template <class Place>
void add_races(const std::string& group, int pairs) {
    add_pairs<race<Place>>(
        group + "cancel_against_claim", pairs, std::size_t{2}, fresh_job<Place>,
        [](library<Place>& on, const run_type& job, std::size_t who) {
            return who == 0 ? on.jobs.fire(cancel, job.id, sm::version{1}).value().applied()
                            : on.jobs.claim_by_id(claim, job.id, {.owner = "w"}).value().applied();
        });
    add_pairs<race<Place>>(group + "one_key/16", pairs, std::size_t{16}, fresh_job<Place>,
                           [](library<Place>& on, const run_type& round, std::size_t) {
                               const auto made = on.jobs.submit(
                                   sample, {.key = "key-" + std::to_string(round.id)});
                               succeeded(made);
                               return made.value().applied();
                           });
    add_pairs<race<Place>>(group + "one_token/16", pairs, std::size_t{16}, fresh_run<Place>,
                           [](library<Place>& on, const run_type& run, std::size_t) {
                               const auto did = on.jobs.fire(finish, run, "token");
                               succeeded(did);
                               return did.value().applied();
                           });
}

template <class Place>
void add() {
    const std::string group = std::string("contention/") + Place::name + "/";
    const int pairs = static_cast<int>(scaled(2, 5, 7));
    for (const std::size_t contenders : {1, 2, 4, 8, 16}) {
        add_pairs<hot_job<Place>>(group + "hot_job/" + std::to_string(contenders), pairs,
                                  contenders);
        add_pairs<many_jobs<Place>>(group + "many_jobs/threads/" + std::to_string(contenders),
                                    pairs, contenders, false, false);
    }
    for (const std::size_t contenders : {1, 2, 4, 8})
        add_pairs<many_jobs<Place>>(group + "many_jobs/processes/" + std::to_string(contenders),
                                    pairs, contenders, true, false);
    add_pairs<many_jobs<Place>>(group + "reclaim_storm/8", pairs, std::size_t{8}, false, true);
    add_races<Place>(group, pairs);
}

}  // namespace

void add_benchmarks() {
    add<sqlite_place>();
    add<postgres_place>();
}

}  // namespace bench
