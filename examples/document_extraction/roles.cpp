#include "roles.hpp"

#include "legs.hpp"
#include "webhook.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <thread>

namespace extraction {
namespace {

// A stop that SIGTERM requests. Made before any thread, so that all of them leave the signal to it.
class stop_by_signal {
public:
    stop_by_signal() {
        prctl(PR_SET_PDEATHSIG, SIGTERM);  // nobody is left behind
        sigemptyset(&wanted_);
        sigaddset(&wanted_, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &wanted_, nullptr);
        waiting_ = std::jthread([this](const std::stop_token& ended) {
            const timespec a_while{0, 200'000'000};
            while (!ended.stop_requested())
                if (sigtimedwait(&wanted_, nullptr, &a_while) == SIGTERM) stop_.request_stop();
        });
    }
    std::stop_token token() const { return stop_.get_token(); }

private:
    sigset_t wanted_{};
    std::stop_source stop_;
    std::jthread waiting_;
};

}  // namespace

void work(const place& where, const worker_role& how) {
    const stop_by_signal signal;
    on_database(where, [&](auto& database) {
        documents<hurried> jobs{database};
        leg_options leg{.name = how.name, .inbox = how.inbox};
        if (how.stops_in_the_middle) leg.in_the_middle = [] { kill(getpid(), SIGSTOP); };
        leg_options text_leg = leg;
        if (how.dies_after_text) text_leg.after_the_end = [] { kill(getpid(), SIGKILL); };
        // A process that is frozen while one of its threads writes keeps the file of the database
        // locked: the one that is to stand still has no second thread that claims.
        std::jthread boxes;
        if (!how.stops_in_the_middle)
            boxes =
                std::jthread([&] { find_boxes<hurried>(jobs, leg, signal.token()).ended.value(); });
        find_texts<hurried>(jobs, text_leg, signal.token()).ended.value();
    });
}

void deliver(const place& where, const std::string& name) {
    const stop_by_signal signal;
    on_database(where, [&](auto& database) {
        make_webhooks<hurried>(database, webhook_options(hurried), name)
            ->run(signal.token())
            .value();
    });
}

}  // namespace extraction
