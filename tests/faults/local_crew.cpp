#include "local_crew.hpp"

#include "journal.hpp"

#include <algorithm>
#include <filesystem>
#include <ostream>

namespace faults {
namespace {

namespace fs = std::filesystem;

std::string fresh_directory() {
    std::string name = (fs::temp_directory_path() / "journals-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    return name;
}

void count(const sm::testing::call_record& call, crew::told& into) {
    if (call.failed) ++into.errors[*call.failed];
    if (call.ended != 0)
        into.longest = std::max(into.longest, std::chrono::nanoseconds(call.ended - call.began));
    if (call.acknowledged())
        ++into.acknowledged;
    else if (call.unsettled())
        ++into.unsettled;
    else if (call.status == sm::status::rejected) {
        ++into.refused;
        ++into.reasons[call.reason];
    } else
        ++into.not_sent;
}

crew::told counted(const std::vector<sm::testing::call_record>& calls) {
    crew::told all;
    for (const auto& each : calls) count(each, all);
    return all;
}

void forget_the_answer(sm::testing::call_record& call) {
    call.ended = 0;
    call.status.reset();
    call.failed.reset();
    call.reason = sm::reason::none;
    call.got.clear();
}

}  // namespace

crew::crew(place on, std::uint64_t seed)
    : on_(std::move(on)), seed_(seed), directory_(fresh_directory()) {}

crew::~crew() {
    programs_.clear();
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
}

program& crew::start(int clients, const std::vector<std::string>& environment) {
    const std::string name = "program-" + std::to_string(programs_.size() + 1);
    std::vector<std::string> role{"clients"}, files;
    for (auto& each : on_.words()) role.push_back(std::move(each));
    role.push_back(std::to_string(seed_ * 1000 + programs_.size() * 10));
    for (int i = 1; i <= clients; ++i) {
        const std::string client = name + "." + std::to_string(i);
        files.push_back(directory_ + "/" + client);
        role.push_back(client);
        role.push_back(files.back());
    }
    journals_.push_back(files);
    power_.emplace_back();
    return programs_.emplace_back(role, environment);
}

std::uint64_t crew::now() {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::nanoseconds(since).count());
}

void crew::note_loss_of_power(std::uint64_t before, std::uint64_t after) {
    for (std::size_t i = 0; i < programs_.size(); ++i)
        if (programs_[i].runs()) power_[i] = {before, after};
}

void crew::kill_all() {
    for (auto& each : programs_) each.kill();
}

bool crew::stop_all() {
    bool well = true;
    for (auto& each : programs_)
        if (each.runs()) well = each.stop() && well;
    return well;
}

void crew::read(std::size_t program, sm::testing::history& into) const {
    sm::testing::history own;
    for (const auto& each : journals_[program]) add_journal(each, own);
    for (auto& call : own.calls()) {
        if (call.began >= power_[program].sent) continue;
        if (call.ended >= power_[program].told) forget_the_answer(call);
        into.add(std::move(call));
    }
}

void crew::add_to(sm::testing::history& seen) const {
    for (std::size_t i = 0; i < journals_.size(); ++i) read(i, seen);
}

std::vector<sm::testing::call_record> crew::calls() const {
    sm::testing::history all;
    add_to(all);
    return all.calls();
}

std::vector<sm::testing::call_record> crew::calls_of(std::size_t program) const {
    sm::testing::history own;
    read(program, own);
    return own.calls();
}

crew::told crew::so_far() const { return counted(calls()); }
crew::told crew::so_far_of(std::size_t program) const { return counted(calls_of(program)); }

bool crew::is_at_work(std::uint64_t bytes_of_journals) const {
    return statemachine::tests::wait_until([&] {
        for (const auto& each : journals_.back()) {
            std::error_code none_yet;
            const auto size = fs::file_size(each, none_yet);
            if (none_yet || size < bytes_of_journals) return false;
        }
        return true;
    });
}

std::ostream& operator<<(std::ostream& to, const crew::told& what) {
    to << what.acknowledged << " acknowledged, " << what.refused << " refused, " << what.unsettled
       << " left in doubt, " << what.not_sent << " not applied";
    for (const auto& [code, times] : what.errors) to << ", " << sm::to_string(code) << ' ' << times;
    return to << "; longest call "
              << std::chrono::duration_cast<std::chrono::milliseconds>(what.longest).count()
              << " ms";
}

}  // namespace faults
