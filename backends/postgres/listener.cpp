// One thread waits for the server and for this process at once:
//
//     lost --(connected, LISTEN)--> rings everybody --> waits --+--(notification)--> rings
//     everybody
//       ^                                                 ^     +--(ring)----------> NOTIFY, later
//       +-----------------(connection lost)---------------+-----+
//
// What this thread rings it does not hear itself, and its own NOTIFYs it does not ring for: so
// nothing that came from elsewhere is sent out again.
#include "open.hpp"

#include <statemachine/postgres_listener.hpp>

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <mutex>
#include <random>
#include <thread>

namespace statemachine::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int shares_of_longest_wait = 50;

/// What ends a wait in poll(2).
class signal_socket {
public:
    signal_socket() noexcept : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
    ~signal_socket() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    signal_socket(const signal_socket&) = delete;
    signal_socket& operator=(const signal_socket&) = delete;

    bool is_open() const noexcept { return descriptor_ >= 0; }
    int descriptor() const noexcept { return descriptor_; }
    void raise() const noexcept {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
    }
    void lower() const noexcept {
        std::uint64_t raised = 0;
        [[maybe_unused]] const auto read = ::read(descriptor_, &raised, sizeof raised);
    }

private:
    int descriptor_;
};

bool is_channel(std::string_view name) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || c == '_' || (c >= '0' && c <= '9');
    };
    return !name.empty() && name.size() <= 63 && std::all_of(name.begin(), name.end(), fits) &&
           !(name[0] >= '0' && name[0] <= '9');
}

result<void> check(const listener_options& how) {
    constexpr milliseconds longest = std::chrono::hours(24);
    if (!is_channel(how.channel))
        return error{errc::invalid_argument,
                     "The channel has no name that can be listened to: give one of 1 to 63 small "
                     "letters, digits and underscores, and no digit in front."};
    if (how.interval < milliseconds::zero() || how.interval > longest ||
        how.deadline <= milliseconds::zero() || how.deadline > longest ||
        how.longest_wait <= milliseconds::zero() || how.longest_wait > longest)
        return error{errc::invalid_argument,
                     "A time of the listener is out of range: give times above zero and up to a "
                     "day."};
    return success();
}

bool ever_mends(const error& why) {
    // A server that still starts, or a standby before it is promoted, comes by itself.
    return why.what_is_known() == fate::not_applied_retry || why.code() == errc::read_only ||
           why.code() == errc::connection_lost;
}

}  // namespace

struct [[gnu::visibility("hidden")]] listener::state final : wakeup::ear {
    state(std::string where, listener_options with)
        : conninfo(std::move(where)), how(std::move(with)) {}

    void hear() noexcept override {
        // Rung by this listener for somebody else: that process does not want it back.
        if (std::this_thread::get_id() == runner.load()) return;
        if (!rung.exchange(true)) wake.raise();
    }

    void ring_all() {
        const std::lock_guard lock(mutex);
        for (session* each : bells) each->wakeups().ring();
    }

    bool serves_several() {
        const std::lock_guard lock(mutex);
        return bells.size() > 1;
    }

    result<void> listen(const target& where, const std::stop_token& stop);
    result<std::unique_ptr<connection>> begin(const target& where) const;
    result<void> stay(connection & on, const std::stop_token& stop);
    result<void> notify(connection & on);
    void take_notifications(connection & on);
    void wait(int socket, steady_clock::duration limit) const noexcept;

    const std::string conninfo;
    const listener_options how;
    const signal_socket wake;
    std::mutex mutex;
    std::vector<session*> bells;
    std::atomic<bool> rung = false;
    std::atomic<bool> runs = false;
    std::atomic<std::thread::id> runner{};
    std::atomic<std::uint64_t> connected{0}, sent{0}, heard{0};
    steady_clock::time_point next_notify{};
};

listener::listener(std::string conninfo, listener_options how)
    : state_(std::make_unique<state>(std::move(conninfo), std::move(how))) {}

listener::~listener() {
    for (session* each : state_->bells) each->wakeups().forget(*state_);
}

result<void> listener::ring_for(session& database) {
    const std::lock_guard lock(state_->mutex);
    if (!database.wakeups().follow(*state_))
        return error{errc::nested_call,
                     "Another listener rings for this database already: use one for each."};
    state_->bells.push_back(&database);
    return success();
}

listener_counts listener::counts() const noexcept {
    return {state_->connected.load(), state_->sent.load(), state_->heard.load()};
}

result<void> listener::run(const std::stop_token& stop) {
    if (auto checked = check(state_->how); !checked) return checked;
    auto where =
        target::parse(state_->conninfo, {.deadline = state_->how.deadline, .connections = 1});
    if (!where) return std::move(where).error();
    if (!state_->wake.is_open())
        return error{errc::overloaded, "The process has no file descriptor left: allow it more."};
    if (state_->runs.exchange(true))
        return error{errc::nested_call, "The listener runs already, on another thread."};
    state_->runner = std::this_thread::get_id();
    auto ended = state_->listen(where.value(), stop);
    state_->runner = std::thread::id{};
    state_->runs = false;
    return ended;
}

// Waits for the socket too, unless it is negative.
void listener::state::wait(int socket, steady_clock::duration limit) const noexcept {
    const auto left = std::chrono::ceil<milliseconds>(limit).count();
    const auto time = std::clamp<milliseconds::rep>(left, 0, INT_MAX);
    pollfd watched[] = {{wake.descriptor(), POLLIN, 0}, {socket, POLLIN, 0}};
    ::poll(watched, 2, static_cast<int>(time));
    wake.lower();
}

result<void> listener::state::listen(const target& where, const std::stop_token& stop) {
    const std::stop_callback ends(stop, [this] { wake.raise(); });
    // Only to come at another moment than others: nothing rests on it.
    std::minstd_rand chance(static_cast<unsigned>(getpid()));
    const milliseconds first = std::max(how.longest_wait / shares_of_longest_wait, milliseconds(1));
    milliseconds pause = first;
    while (!stop.stop_requested()) {
        auto begun = begin(where);
        const auto since = steady_clock::now();
        if (begun) {
            ++connected;
            ring_all();
            (void)stay(*begun.value(), stop);
            // One that is ended again and again must not be made again and again at once.
            if (steady_clock::now() - since > how.longest_wait) pause = first;
        } else if (connected == 0 && !ever_mends(begun.error())) {
            return std::move(begun).error();
        }
        // Up to a half less, so that the many who lost one server don't come back at once.
        auto less = std::uniform_int_distribution<milliseconds::rep>(0, pause.count() / 2);
        const auto until = steady_clock::now() + pause - milliseconds(less(chance));
        while (!stop.stop_requested() && steady_clock::now() < until)
            wait(-1, until - steady_clock::now());
        pause = std::min(pause * 2, how.longest_wait);
    }
    return success();
}

result<std::unique_ptr<connection>> listener::state::begin(const target& where) const {
    const auto deadline = steady_clock::now() + how.deadline;
    auto opened = where.open(deadline);
    if (!opened) return opened;
    const std::string text = "LISTEN \"" + how.channel + '"';
    if (auto done = opened.value()->command(text.c_str(), deadline, stake::nothing); !done)
        return std::move(done).error();
    return opened;
}

result<void> listener::state::stay(connection& on, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        take_notifications(on);
        const auto now = steady_clock::now();
        if (rung.load() && now >= next_notify) {
            if (auto done = notify(on); !done) return done;
            continue;
        }
        wait(PQsocket(on.handle()), rung.load() ? next_notify - now : std::chrono::hours(1));
        if (PQconsumeInput(on.handle()) == 0) return lost(stake::nothing);
    }
    return success();
}

void listener::state::take_notifications(connection& on) {
    std::uint64_t from_others = 0;
    while (PGnotify* const each = PQnotifies(on.handle())) {
        if (each->be_pid != PQbackendPID(on.handle())) ++from_others;
        PQfreemem(each);
    }
    if (from_others == 0) return;
    heard += from_others;
    ring_all();
}

result<void> listener::state::notify(connection& on) {
    // Before sending: what rings from now on is sent next time.
    rung = false;
    // Those of this process, which do not get what this connection sends.
    if (serves_several()) ring_all();
    const std::string text = "NOTIFY \"" + how.channel + '"';
    const auto deadline = steady_clock::now() + how.deadline;
    if (auto done = on.command(text.c_str(), deadline, stake::nothing); !done) {
        rung = true;
        return std::move(done).error();
    }
    ++sent;
    next_notify = steady_clock::now() + how.interval;
    return success();
}

}  // namespace statemachine::postgres
