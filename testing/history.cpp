#include <statemachine/testing/history.hpp>

#include <algorithm>
#include <array>
#include <chrono>

namespace statemachine::testing {
namespace {

constexpr std::array<std::string_view, 7> names{"submit",  "claim", "claim_by_id", "step",
                                                "control", "renew", "resolve"};

std::string sent(const call_record& call) {
    std::string text = call.client + ": " + std::string(names[static_cast<std::size_t>(call.what)]);
    const auto add = [&](std::string_view name, const std::string& content) {
        if (!content.empty()) text.append(" ").append(name).append(content);
    };
    const auto add_number = [&](std::string_view name, std::int64_t content) {
        if (content != 0) add(name, std::to_string(content));
    };
    add("", call.event);
    add_number("job ", call.id);
    add_number("epoch ", call.epoch);
    if (call.limit != 1) add_number("limit ", call.limit);
    add(call.what == call_kind::submit ? "key " : "token ", call.token);
    add("with ", call.content);
    return text;
}

std::string told(const call_record& call) {
    if (call.ended == 0) return "(no answer)";
    std::string text = call.status ? std::string(to_string(*call.status)) : "error";
    if (call.local) text.append(" on the primary alone");
    if (call.reason != reason::none) text.append(": ").append(to_string(call.reason));
    if (call.failed) text.append(": ").append(to_string(*call.failed));
    for (const granted& each : call.got) {
        text += " [job " + std::to_string(each.id) + " epoch " + std::to_string(each.epoch) +
                " version " + std::to_string(each.version);
        if (each.lease_until)
            text += " until " + std::to_string(each.lease_until->time_since_epoch().count());
        text += "]";
    }
    return text;
}

}  // namespace

std::string call_record::text() const { return sent(*this) + " -> " + told(*this); }

std::uint64_t history::next_moment() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    const auto read = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
    return moments_ = std::max(moments_ + 1, static_cast<std::uint64_t>(read));
}

std::size_t history::begin(call_record call) {
    const std::lock_guard lock(mutex_);
    call.began = next_moment();
    lines_.push_back("#" + std::to_string(calls_.size()) + " " + sent(call));
    calls_.push_back(std::move(call));
    if (witness_) witness_(calls_.size() - 1, calls_.back());
    return calls_.size() - 1;
}

void history::add(call_record call) {
    const std::lock_guard lock(mutex_);
    lines_.push_back("#" + std::to_string(calls_.size()) + " " + call.text());
    calls_.push_back(std::move(call));
}

void history::end(std::size_t number, const outcome& told_of, std::vector<granted> got) {
    const std::lock_guard lock(mutex_);
    call_record& call = calls_[number];
    call.ended = next_moment();
    call.status = told_of.status();
    call.reason = told_of.reason();
    if (told_of.cause() != nullptr) call.failed = told_of.cause()->code();
    call.got = std::move(got);
    call.local = told_of.committed_locally();
    lines_.push_back("#" + std::to_string(number) + " -> " + told(call));
    if (witness_) witness_(number, call);
}

void history::end(std::size_t number, const error& failed) {
    const std::lock_guard lock(mutex_);
    call_record& call = calls_[number];
    call.ended = next_moment();
    call.failed = failed.code();
    lines_.push_back("#" + std::to_string(number) + " -> " + told(call));
    if (witness_) witness_(number, call);
}

void history::remark(std::string what) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(what));
}

std::vector<call_record> history::calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
}

std::string history::text() const {
    const std::lock_guard lock(mutex_);
    std::string all;
    for (const std::string& each : lines_) all.append(each).append("\n");
    return all;
}

}  // namespace statemachine::testing
