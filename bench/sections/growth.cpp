// How claims keep their speed while a table grows and wears, against a fresh table.
#include "library.hpp"
#include "pairs.hpp"

#include <algorithm>

namespace bench {
namespace {

std::string copies(const sqlite_place& at, std::size_t count) {
    const std::string columns = at.columns("jobs");
    return "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
           std::to_string(count) + ") INSERT INTO jobs (" + columns + ") SELECT " + columns +
           " FROM jobs, n WHERE id = (SELECT max(id) FROM jobs)";
}
std::string copies(const postgres_place& at, std::size_t count) {
    const std::string columns = at.columns("jobs");
    return "INSERT INTO jobs (" + columns + ") SELECT " + columns +
           " FROM jobs, generate_series(1, " + std::to_string(count) +
           ") WHERE id = (SELECT max(id) FROM jobs); ANALYZE jobs";
}

/// What happened to the table before.
struct past {
    std::size_t finished = 0;  ///< rows that were put there, finished
    std::size_t lived = 0;     ///< jobs that were submitted, claimed and finished
    bool vacuum = true;
    bool foreign = false;  ///< while a transaction of somebody else is open
};

template <class Place>
class aged {
public:
    explicit aged(past what)
        : what_(what),
          fresh_at_(durability::relaxed),
          aged_at_(durability::relaxed),
          fresh_(fresh_at_),
          aged_(aged_at_) {
        if (!what.vacuum) aged_at_.execute("ALTER TABLE jobs SET (autovacuum_enabled = off)");
        if (what.finished > 0) {
            live(aged_, 1);
            aged_at_.execute(copies(aged_at_, what.finished));
        }
        if (what.foreign) {
            live(aged_, 1);
            foreign_ = aged_at_.connect();
            send(foreign_, std::is_same_v<Place, postgres_place>
                               ? "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM jobs"
                               : "BEGIN; SELECT count(*) FROM jobs");
        }
        live(aged_, what.lived);
        live(fresh_, 10);
    }

    // In small parts, because what else the machine does changes from moment to moment.
    void pair(report& said) {
        constexpr std::size_t parts = 10, batch = 100;
        const std::size_t singles = scaled(1, 10, 40), batches = scaled(1, 1, 4);
        for (library<Place>* each : {&fresh_, &aged_})
            each->submit(parts * (singles + batches * batch));
        cost alone[2], batched[2];
        const auto one = [&](library<Place>& on, std::size_t which) {
            std::vector<run_type> runs;
            const cost took = measured([&] {
                for (std::size_t i = 0; i < singles; ++i) {
                    auto run = on.jobs.claim(claim, {.owner = "worker"});
                    succeeded(run);
                    runs.push_back(std::move(*run.value()));
                }
            });
            alone[which] += took;
            batched[which] += measured([&] {
                for (std::size_t i = 0; i < batches; ++i)
                    for (auto& each : on.claim(batch)) runs.push_back(std::move(each));
            });
            on.finish(runs);
            return took;
        };
        for (std::size_t part = 0; part < parts; ++part)
            turn_.run({[&] { return one(fresh_, 0); }, [&] { return one(aged_, 1); }});
        said.took(alone[1].wall);
        said.each("fresh", alone[0], parts * singles);
        said.each("aged", alone[1], parts * singles);
        said.each("fresh_batch", batched[0], parts * batches * batch);
        said.each("aged_batch", batched[1], parts * batches * batch);
        said.number("rows", static_cast<double>(std::max(what_.finished, what_.lived)));
    }

private:
    static void live(library<Place>& on, std::size_t count) {
        for (std::size_t done = 0; done < count;) {
            const std::size_t part = std::min<std::size_t>(count - done, 1000);
            on.submit(part);
            on.finish(on.claim_all(part));
            done += part;
        }
    }

    past what_;
    Place fresh_at_, aged_at_;
    library<Place> fresh_, aged_;
    typename Place::handle foreign_;
    in_turn turn_;
};

template <class Place>
void add() {
    const std::string group = std::string("growth/") + Place::name + "/";
    const auto named = [&](const char* what, const past& before) {
        add_pairs<aged<Place>>(group + what, usual_pairs(), before);
    };
    for (const std::size_t rows : {scaled(100, 10'000, 10'000), scaled(200, 100'000, 100'000),
                                   scaled(300, 1'000'000, 1'000'000)})
        named(("finished/" + std::to_string(rows)).c_str(), {.finished = rows});
    if constexpr (std::is_same_v<Place, postgres_place>)
        named("without_vacuum", {.lived = scaled(100, 200'000, 200'000), .vacuum = false});
    named("foreign_transaction", {.lived = scaled(100, 20'000, 200'000), .foreign = true});
}

}  // namespace

void add_benchmarks() {
    add<sqlite_place>();
    add<postgres_place>();
}

}  // namespace bench
