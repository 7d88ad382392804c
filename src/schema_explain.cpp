#include "render/plans.hpp"

#include <statemachine/detail/schema_core.hpp>

namespace statemachine::detail {
namespace {

// Something of the right type, so that the planner sees a statement as it is sent.
value sample(const parameter& wanted, const spec& declared, timestamp now) {
    constexpr std::int64_t in_2001 = 1'000'000'000'000;
    if (wanted.from == slot::constant) return wanted.constant;
    if (wanted.many) return value::array(wanted.type, {});
    if (wanted.from == slot::state) return value::view(wanted.type, declared.states[0].name);
    switch (wanted.type) {
        case column_type::real: return value::real(0.5);
        case column_type::time: {
            const std::int64_t moment = now.time_since_epoch().count();
            return value::integer(wanted.type, moment != 0 ? moment : in_2001);
        }
        case column_type::text:
        case column_type::bytes: return value::view(wanted.type, "sample");
        case column_type::json: return value::view(wanted.type, "{}");
        default: return value::integer(wanted.type, 1);
    }
}

class explanation {
public:
    explanation(const catalog& statements, executor& transaction)
        : statements_(statements), transaction_(transaction) {}

    result<std::vector<explained>> run() {
        add("submit", "", statements_.submit);
        add("submit", "many", statements_.submit_many);
        add("submit", "many without keys", statements_.submit_many_unkeyed);
        add("submit", "many alike", statements_.submit_many_alike);
        add("submit", "shared", statements_.submit_shared);
        add("submit", "find key", statements_.find_key);
        add("submit", "find keys", statements_.find_keys);
        add("any", "find token", statements_.find_token);
        add("read", "", statements_.read);
        add("list", "", statements_.list);
        add("history", "", statements_.history);
        add("renew", "", statements_.renew);
        add("renew", "many", statements_.renew_many);
        add("renew", "reason", statements_.renew_reason);
        add("expire", "", statements_.expire);
        for (std::size_t i = 0; i < statements_.events.size(); ++i) {
            const std::string event{statements_.declared->events[i].name};
            const event_plans& plans = statements_.events[i];
            add(event, plans.next.is_empty() ? "" : "by id", plans.plain);
            add(event, "next", plans.next);
            add(event, "next one", plans.next_one.search);
            add(event, "front", plans.front);
            add(event, "exhaust", plans.exhaust);
            add(event, "with token", plans.with_token);
            add(event, "many", plans.many);
            add(event, "many plain", plans.many_plain);
            add(event, "any version", plans.any_version);
            add(event, "any version with token", plans.any_version_with_token);
            add(event, "reason", plans.reason);
        }
        if (failure_) return *std::move(failure_);
        return std::move(all_);
    }

private:
    void add(const std::string& event, const std::string& form, const plan& change) {
        add(event, form, change.change);
        add(event, form + (form.empty() ? "" : ", ") + "read back", change.read_back);
        for (std::size_t i = 0; i < change.follower_count; ++i)
            add(event, form + (form.empty() ? "" : ", ") + "follower " + std::to_string(i + 1),
                change.followers[i]);
    }

    void add(const std::string& event, const std::string& form, const compiled_statement& what) {
        if (failure_ || what.sql.text.empty()) return;
        const schema_dialect& speech = statements_.speech->schema;
        std::vector<value> values;
        for (const parameter& each : what.parameters)
            values.push_back(sample(each, *statements_.declared, transaction_.now()));
        explained& made = all_.emplace_back(explained{event, form, what.sql.text, {}});
        const std::string text = std::string{speech.explain}.append(what.sql.text);
        auto rows = transaction_.execute(
            {text, speech.plan_types, false}, values, [&](std::span<const value> row) {
                made.plan.append(made.plan.empty() ? "" : "\n").append(row.back().text());
            });
        if (!rows) failure_ = std::move(rows).error();
    }

    const catalog& statements_;
    executor& transaction_;
    std::vector<explained> all_{};
    std::optional<error> failure_{};
};

}  // namespace

result<std::vector<explained>> schema_core::explain() {
    std::vector<explained> all;
    const auto body = [&](executor& transaction) -> result<verdict> {
        auto made = explanation(*statements_, transaction).run();
        if (!made) return std::move(made).error();
        all = std::move(made).value();
        return verdict::commit;
    };
    auto ended = session_->transact(access::read, body);
    if (!ended) return std::move(ended).error();
    return all;
}

}  // namespace statemachine::detail
