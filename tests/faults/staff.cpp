#include "staff.hpp"

#include <statemachine/postgres.hpp>
#include <statemachine/sqlite.hpp>

namespace faults {

template <class Database>
staff::staff(Database& database)
    : jobs_(database),
      worker_(jobs_, work::claim,
              [this](auto& task) {
                  auto done = task.finish(work::complete, {"by the worker"});
                  if (done) ++finished_;
                  return done;
              }),
      sweeper_(database, {.interval = 100ms}),
      relay_(
          database,
          {.group = "all", .from = sm::from::beginning, .lease = 2s, .tries = 1000, .poll = 50ms},
          [this](const sm::emitted<work::machine>& event) -> sm::result<void> {
              const std::lock_guard lock(mutex_);
              delivered_.insert(event.id);
              return sm::success();
          }) {
    worker_.on_failure(work::fail).on_release(work::release);
}

void staff::start() {
    threads_.emplace_back([this](const std::stop_token& stop) {
        note("worker", worker_.run(stop, {.owner = "staff", .batch = 2, .poll_most = 50ms}).ended);
    });
    threads_.emplace_back([this](const std::stop_token& stop) {
        const auto ended = sweeper_.run(stop);
        note("sweeper", ended ? sm::result<void>(sm::success()) : ended.error());
    });
    threads_.emplace_back([this](const std::stop_token& stop) {
        const auto ended = relay_.run(stop);
        note("relay", ended ? sm::result<void>(sm::success()) : ended.error());
    });
}

void staff::stop() { threads_.clear(); }

void staff::note(const char* who, const sm::result<void>& ended) {
    if (ended) return;
    const std::lock_guard lock(mutex_);
    complaints_.push_back(std::string("the ") + who + " ended: " + ended.error().message());
}

std::size_t staff::delivered() const {
    const std::lock_guard lock(mutex_);
    return delivered_.size();
}

template staff::staff(sm::sqlite::database&);
template staff::staff(sm::postgres::database&);

}  // namespace faults
