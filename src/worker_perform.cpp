// One run from its callable to the end of its lease.
#include "checks.hpp"

#include <statemachine/detail/worker_calls.hpp>

namespace statemachine::detail {
namespace {

constexpr std::size_t longest_message = 1000;

// A message is stored by the failure rule: what the database would refuse must not keep a job
// leased.
std::string storable(std::string text) {
    if (text.size() > longest_message) {
        text.resize(longest_message);
        // The cut may have split a character.
        while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U)
            text.pop_back();
        if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0U) text.pop_back();
    }
    if (!is_plain_utf8(text))
        for (char& each : text)
            if (each == '\0' || static_cast<unsigned char>(each) >= 0x80U) each = '?';
    return text;
}

error thrown(const char* words) { return {errc::work_failed, words}; }

// The one place where what a callable throws ends.
template <class Call>
auto caught(Call call) -> decltype(call()) {
    try {
        return call();
    } catch (const failure& left) {
        return left.cause();
    } catch (const std::exception& left) {
        return thrown(left.what());
    } catch (...) {
        return thrown("the callable threw what is no std::exception");
    }
}

performed ended_by(result<outcome> fired, run_end wanted, const held_run& run) {
    if (fired && fired.value().succeeded()) return {wanted};
    if (run.unsettled()) return {run_end::unknown};
    if (run.lost()) return {run_end::lost};
    if (!fired) return {run_end::abandoned, std::move(fired).error()};
    return {run_end::abandoned, error(errc::refused, fired.value().why())};
}

performed fail(const routine_calls& how, held_run& run, const error& cause) {
    const failed why{storable(cause.message()), run.permanent, how.attempts(run), cause};
    auto fired = caught([&] { return how.fail(run, why); });
    return ended_by(std::move(fired), run_end::failed, run);
}

}  // namespace

performed hand_back(const routine_calls& how, held_run& run) {
    if (!how.release)
        return {run_end::abandoned,
                error(errc::invalid_argument,
                      "a job could not be handed back: declare by on_release how that is done")};
    return ended_by(caught([&] { return how.release(run); }), run_end::released, run);
}

performed perform(const routine_calls& how, held_run& run) {
    const auto worked = caught([&] { return how.work(run); });
    if (run.ended()) return {run_end::finished};
    if (run.unsettled() && run.lost()) return {run_end::unknown};
    if (run.lost()) return {run_end::lost};
    if (run.put_back && how.release) return hand_back(how, run);
    if (run.put_back) return fail(how, run, {errc::work_failed, "the callable put its job back"});
    if (worked && how.succeed)
        return ended_by(caught([&] { return how.succeed(run); }), run_end::finished, run);
    if (run.asked() && !run.permanent && how.release) return hand_back(how, run);
    if (!worked) return fail(how, run, worked.error());
    return fail(how, run,
                {errc::work_failed, "the callable returned without a step that ends its lease"});
}

void count(work_counts& counts, run_end how) {
    switch (how) {
        case run_end::finished: ++counts.finished; return;
        case run_end::failed: ++counts.failed; return;
        case run_end::released: ++counts.released; return;
        case run_end::lost: ++counts.lost; return;
        case run_end::abandoned: ++counts.abandoned; return;
        case run_end::unknown: ++counts.unknown; return;
    }
}

bool ends_all_work(const error& cause) {
    switch (cause.code()) {
        case errc::used_after_fork:
        case errc::cannot_open:
        case errc::permission_denied:
        case errc::network_file_system:
        case errc::read_only:
        case errc::disk_full:
        case errc::io_error:
        case errc::corrupt:
        case errc::misconfigured:
        case errc::authentication_failed:
        case errc::schema_missing:
        case errc::schema_drifted: return true;
        default: return false;
    }
}

}  // namespace statemachine::detail
