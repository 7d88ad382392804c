#include "answers.hpp"

namespace transcode {
namespace {

reply said(int status, const char* answer, std::string why) {
    return {status, {{"answer", answer}, {"why", std::move(why)}}};
}

reply reply_to_rejected(const statemachine::outcome& what) {
    // A state that nothing leaves says more than whose lease it was.
    if (what.seen_in() == "completed") return said(200, answers::already_completed, what.why());
    if (what.seen_in() == "failed") return said(410, answers::failed, what.why());
    switch (what.reason()) {
        case statemachine::reason::not_found: return said(404, answers::no_such_job, what.why());
        case statemachine::reason::stale_epoch:
        case statemachine::reason::lease_held: return said(403, answers::not_yours, what.why());
        case statemachine::reason::attempts_exhausted:
            return said(410, answers::failed, what.why());
        case statemachine::reason::lease_expired:
        // It went back to wait, or the worker was marked offline, and nobody has taken it since.
        case statemachine::reason::wrong_state:
            return said(409, answers::lease_ran_out, what.why());
        default: return said(503, answers::try_again, what.why());
    }
}

}  // namespace

reply reply_to(const statemachine::outcome& what) {
    switch (what.status()) {
        case statemachine::status::applied:
        case statemachine::status::provisional: return {200, {{"answer", answers::done}}};
        case statemachine::status::already_applied:
            return {200, {{"answer", answers::already_done}}};
        case statemachine::status::rejected: return reply_to_rejected(what);
        default: return said(503, answers::try_again, what.why());
    }
}

reply reply_to(const statemachine::error& what) {
    using statemachine::errc;
    if (what.code() >= errc::invalid_argument && what.code() <= errc::too_large)
        return said(400, answers::bad_request, what.message());
    return said(503, answers::try_again, what.message());
}

}  // namespace transcode
