// How long a job waits for an idle worker, and what idle workers cost.
#include "crew.hpp"
#include "library.hpp"

#include <statemachine/postgres_listener.hpp>
#include <statemachine/worker.hpp>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace bench {
namespace {

/// A worker on a thread of its own that tells when its callable begins.
class idle_worker {
public:
    explicit idle_worker(jobs_store& jobs)
        : worker_(jobs, claim, [this](auto& task) -> sm::result<void> {
              const auto at = std::chrono::steady_clock::now();
              auto done = task.finish(bench::finish);
              const std::lock_guard lock(mutex_);
              begun_ = at;
              ++seen_;
              changed_.notify_all();
              return done;
          }) {
        worker_.on_failure(fail, [](const sm::failed& why) { return fault{why.message}; });
        thread_ = std::jthread([this](const std::stop_token& stop) {
            sm::worker_options how;
            how.owner = "worker";
            static_cast<void>(worker_.run(stop, how));
        });
    }

    /// Waits for the n-th job since the start.
    std::chrono::steady_clock::time_point begun(std::size_t nth) {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, std::chrono::seconds(60), [&] { return seen_ >= nth; }))
            throw std::runtime_error("a worker did not begin a job within a minute");
        return begun_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t seen_ = 0;
    std::chrono::steady_clock::time_point begun_{};
    sm::worker<machine> worker_;
    std::jthread thread_;
};

/// How the worker hears of a job.
enum class by : unsigned char { same_process, listener, polling };

template <class Place>
class wait_for_worker {
public:
    explicit wait_for_worker(by how)
        : at_(durability::full), submits_(at_), works_(at_), worker_(works_.jobs) {
        same_ = how == by::same_process;
        if constexpr (std::is_same_v<Place, postgres_place>)
            if (how == by::listener)
                for (library<Place>* each : {&submits_, &works_}) {
                    auto& bell = bells_.emplace_back(
                        std::make_unique<sm::postgres::listener>(at_.conninfo()));
                    bell->ring_for(each->database()).value();
                    hearing_.emplace_back([listens = bell.get()](const std::stop_token& stop) {
                        static_cast<void>(listens->run(stop));
                    });
                }
        waits(3);
    }
    ~wait_for_worker() { hearing_.clear(); }
    wait_for_worker(const wait_for_worker&) = delete;
    wait_for_worker& operator=(const wait_for_worker&) = delete;

    void pair(report& said) {
        const auto times = waits(scaled(3, 20, 100));
        said.took(1e-6 * quantile(times, 0.5));
        say_times(said, "wait", times);
    }

private:
    std::vector<double> waits(std::size_t count) {
        std::vector<double> times;
        jobs_store& submitting = same_ ? works_.jobs : submits_.jobs;
        for (std::size_t i = 0; i < count; ++i) {
            // The worker has found nothing and waits.
            std::this_thread::sleep_for(std::chrono::milliseconds(30));
            const auto before = std::chrono::steady_clock::now();
            succeeded(submitting.submit(sample));
            const std::chrono::duration<double, std::micro> waited =
                worker_.begun(++sent_) - before;
            times.push_back(waited.count());
        }
        return times;
    }

    Place at_;
    library<Place> submits_, works_;
    std::vector<std::unique_ptr<sm::postgres::listener>> bells_;
    idle_worker worker_;
    std::vector<std::jthread> hearing_;
    std::size_t sent_ = 0;
    bool same_ = false;
};

class counting final : public sm::observer {
public:
    void observed(const sm::observation&) noexcept override { ++calls; }
    std::atomic<std::size_t> calls{0};
};

/// Eight workers with nothing to do.
template <class Place>
class idle_crew {
public:
    idle_crew() : at_(durability::full), library_(at_) {
        for (std::size_t i = 0; i < 8; ++i) {
            stores_.push_back(std::make_unique<jobs_store>(library_.database(),
                                                           sm::store_options{.watch = &counter_}));
            workers_.push_back(std::make_unique<idle_worker>(*stores_.back()));
        }
        // Until their pauses have grown to the longest.
        std::this_thread::sleep_for(std::chrono::milliseconds(scaled(50, 3000, 5000)));
    }

    void pair(report& said) {
        const std::size_t before = counter_.calls;
        const cost all = measured([] {
            std::this_thread::sleep_for(std::chrono::milliseconds(scaled(100, 2000, 10'000)));
        });
        said.took(all.wall);
        said.number("calls_per_s", static_cast<double>(counter_.calls - before) / all.wall);
        said.number("cpu_percent", 100 * all.cpu / all.wall);
    }

private:
    Place at_;
    library<Place> library_;
    counting counter_;
    std::vector<std::unique_ptr<jobs_store>> stores_;
    std::vector<std::unique_ptr<idle_worker>> workers_;
};

template <class Place>
void add() {
    const std::string group = std::string("wakeup/") + Place::name + "/";
    const int pairs = static_cast<int>(scaled(2, 5, 7));
    add_pairs<wait_for_worker<Place>>(group + "same_process", pairs, by::same_process);
    if constexpr (std::is_same_v<Place, postgres_place>)
        add_pairs<wait_for_worker<Place>>(group + "other_process_listener", pairs, by::listener);
    if (wanted_size() == size::full)
        add_pairs<wait_for_worker<Place>>(group + "other_process_polling", pairs, by::polling);
    add_pairs<idle_crew<Place>>(group + "eight_idle_workers", pairs);
}

}  // namespace

void add_benchmarks() {
    add<sqlite_place>();
    add<postgres_place>();
}

}  // namespace bench
