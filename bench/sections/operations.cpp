#include "sections/operations.hpp"

#include <atomic>
#include <functional>

namespace bench {
namespace {

template <class Place>
using with_library = std::function<void(library<Place>&, rows&, std::size_t)>;
template <class Place>
using with_hand = std::function<void(by_hand<Place>&, rows&, std::size_t)>;

void check(bool succeeded) {
    if (!succeeded) throw std::runtime_error("a statement by hand changed nothing");
}

template <class Place>
with_library<Place> nothing() {
    return [](auto&, rows&, std::size_t) {};
}
template <class Place>
with_hand<Place> nothing_by_hand() {
    return [](auto&, rows&, std::size_t) {};
}
template <class Place>
with_library<Place> queued_jobs() {
    return [](library<Place>& on, rows& all, std::size_t count) {
        all.ids.clear();
        std::vector<jobs_store::submission> batch(count, {sample, {}, {}});
        for (auto& each : on.jobs.submit_many(batch)) all.ids.push_back(each.value()->id);
    };
}
template <class Place>
with_hand<Place> queued_by_hand() {
    return [](by_hand<Place>& on, rows& all, std::size_t count) {
        all.ids.clear();
        for (std::size_t i = 0; i < count; ++i) all.ids.push_back(on.submit(sample.payload));
    };
}
template <class Place>
with_library<Place> running_jobs() {
    return [](library<Place>& on, rows& all, std::size_t count) {
        on.submit(count);
        all.runs = on.claim_all(count);
    };
}
template <class Place>
with_hand<Place> running_by_hand() {
    return [](by_hand<Place>& on, rows& all, std::size_t count) {
        on.submit_many(sample.payload, count);
        all.leases = on.claim(count);
        check(all.leases.size() == count);
    };
}
template <class Place>
with_library<Place> finished_jobs() {
    return [](library<Place>& on, rows& all, std::size_t count) {
        running_jobs<Place>()(on, all, count);
        on.finish(all.runs);
    };
}
template <class Place>
with_hand<Place> finished_by_hand() {
    return [](by_hand<Place>& on, rows& all, std::size_t count) {
        running_by_hand<Place>()(on, all, count);
        check(on.finish_many(all.leases) == count);
    };
}

std::string fresh_name() {
    static std::atomic<std::size_t> count{0};
    return "name-" + std::to_string(++count);
}

template <class Place>
void add_submits(std::vector<operation<Place>>& all) {
    const with_hand<Place> insert = [](by_hand<Place>& on, rows&, std::size_t) {
        check(on.submit(sample.payload) > 0);
    };
    all.push_back(
        {"submit", 1, nothing<Place>(),
         [](library<Place>& on, rows&, std::size_t) { succeeded(on.jobs.submit(sample)); },
         nothing_by_hand<Place>(), insert});
    all.push_back({"submit_key", 1, nothing<Place>(),
                   [](library<Place>& on, rows&, std::size_t) {
                       succeeded(on.jobs.submit(sample, {.key = fresh_name()}));
                   },
                   nothing_by_hand<Place>(), insert});
}

template <class Place>
void add_claims(std::vector<operation<Place>>& all) {
    all.push_back({"claim_next", 1, queued_jobs<Place>(),
                   [](library<Place>& on, rows&, std::size_t) {
                       succeeded(on.jobs.claim(claim, {.owner = "worker"}));
                   },
                   queued_by_hand<Place>(),
                   [](by_hand<Place>& on, rows&, std::size_t) { check(on.claim(1).size() == 1); }});
    all.push_back(
        {"claim_by_id", 1, queued_jobs<Place>(),
         [](library<Place>& on, rows& of, std::size_t i) {
             succeeded(on.jobs.claim_by_id(claim, of.ids[i], {.owner = "worker"}));
         },
         queued_by_hand<Place>(),
         [](by_hand<Place>& on, rows& of, std::size_t i) { check(on.claim_by_id(of.ids[i])); }});
    all.push_back(
        {"renew", 1, running_jobs<Place>(),
         [](library<Place>& on, rows& of, std::size_t i) { succeeded(on.jobs.renew(of.runs[i])); },
         running_by_hand<Place>(),
         [](by_hand<Place>& on, rows& of, std::size_t i) { check(on.renew(of.leases[i])); }});
}

template <class Place>
void add_steps(std::vector<operation<Place>>& all) {
    const with_hand<Place> end = [](by_hand<Place>& on, rows& of, std::size_t i) {
        check(on.finish(of.leases[i]));
    };
    all.push_back({"finish", 1, running_jobs<Place>(),
                   [](library<Place>& on, rows& of, std::size_t i) { on.finish(of.runs[i]); },
                   running_by_hand<Place>(), end});
    all.push_back({"finish_token", 1, running_jobs<Place>(),
                   [](library<Place>& on, rows& of, std::size_t i) {
                       succeeded(on.jobs.fire(finish, of.runs[i], "token"));
                   },
                   running_by_hand<Place>(), end});
    all.push_back(
        {"cancel", 1, queued_jobs<Place>(),
         [](library<Place>& on, rows& of, std::size_t i) {
             succeeded(on.jobs.fire(cancel, of.ids[i], sm::version{1}));
         },
         queued_by_hand<Place>(),
         [](by_hand<Place>& on, rows& of, std::size_t i) { check(on.cancel(of.ids[i])); }});
}

template <class Place>
void add_looks(std::vector<operation<Place>>& all) {
    all.push_back({"read", 1, queued_jobs<Place>(),
                   [](library<Place>& on, rows& of, std::size_t i) {
                       check(on.jobs.read(of.ids[i]).value().has_value());
                   },
                   queued_by_hand<Place>(),
                   [](by_hand<Place>& on, rows& of, std::size_t i) { check(on.read(of.ids[i])); }});
    // The library also says why.
    all.push_back(
        {"refused_finish", 1, finished_jobs<Place>(),
         [](library<Place>& on, rows& of, std::size_t i) {
             check(on.jobs.fire(finish, of.runs[i]).value().rejected());
         },
         finished_by_hand<Place>(),
         [](by_hand<Place>& on, rows& of, std::size_t i) { check(!on.finish(of.leases[i])); }});
}

template <class T>
std::span<const T> part(const std::vector<T>& all, std::size_t i, std::size_t batch) {
    return std::span<const T>(all).subspan(i * batch, batch);
}

}  // namespace

template <class Place>
std::vector<operation<Place>> single_operations() {
    std::vector<operation<Place>> all;
    add_submits(all);
    add_claims(all);
    add_steps(all);
    add_looks(all);
    return all;
}

template <class Place>
std::vector<operation<Place>> batch_operations(std::size_t batch) {
    const std::string of = "_" + std::to_string(batch);
    return {
        {"submit_many" + of, batch, nothing<Place>(),
         [batch](library<Place>& on, rows&, std::size_t) { on.submit_batch(batch); },
         nothing_by_hand<Place>(),
         [batch](by_hand<Place>& on, rows&, std::size_t) {
             on.submit_many(sample.payload, batch);
         }},
        {"claim_many" + of, batch, queued_jobs<Place>(),
         [batch](library<Place>& on, rows&, std::size_t) {
             check(on.claim(batch).size() == batch);
         },
         queued_by_hand<Place>(),
         [batch](by_hand<Place>& on, rows&, std::size_t) {
             check(on.claim(batch).size() == batch);
         }},
        {"renew_many" + of, batch, running_jobs<Place>(),
         [batch](library<Place>& on, rows& all, std::size_t i) {
             check(on.jobs.renew_many(part(all.runs, i, batch)).value().size() == batch);
         },
         running_by_hand<Place>(),
         [batch](by_hand<Place>& on, rows& all, std::size_t i) {
             check(on.renew_many(part(all.leases, i, batch)) == batch);
         }},
        {"finish_many" + of, batch, running_jobs<Place>(),
         [batch](library<Place>& on, rows& all, std::size_t i) {
             const auto runs = part(all.runs, i, batch);
             on.finish(std::vector<run_type>(runs.begin(), runs.end()));
         },
         running_by_hand<Place>(),
         [batch](by_hand<Place>& on, rows& all, std::size_t i) {
             check(on.finish_many(part(all.leases, i, batch)) == batch);
         }},
    };
}

template std::vector<operation<sqlite_place>> single_operations();
template std::vector<operation<postgres_place>> single_operations();
template std::vector<operation<sqlite_place>> batch_operations(std::size_t);
template std::vector<operation<postgres_place>> batch_operations(std::size_t);

}  // namespace bench
