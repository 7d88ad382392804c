// Webhooks by several relays: each event at least once, in the order of its document.
#include "on_documents.hpp"

#include <nlohmann/json.hpp>

namespace systems::extracted {
namespace {

template <class Backend>
class announced_document : public on_documents<Backend> {
public:
    /// Both events of a document with boxes.
    std::int64_t submit_and_finish(const std::string& callback) {
        const auto id = this->submit_partial(callback);
        EXPECT_EQ(told(this->jobs().fire(found_boxes, this->run_of(refine, id), {sm::json{"[]"}})),
                  "applied");
        return id;
    }
    static sm::relay_options quick() {
        auto how = webhook_options(production);
        how.retry = {.first = 50ms, .cap = 100ms};
        how.poll = 20ms;
        return how;
    }
};
TYPED_TEST_SUITE(announced_document, backends, backend_names);

// In the order of each document, and none twice.
void expect_in_order(const std::vector<heard>& events) {
    std::set<std::string> ids;
    std::map<std::int64_t, std::vector<std::string>> topics;
    for (const heard& each : events) {
        EXPECT_TRUE(ids.insert(each.id).second) << each.id;
        topics[each.document].push_back(each.topic);
    }
    for (const auto& [document, order] : topics)
        EXPECT_EQ(order, (std::vector<std::string>{"text_ready", "succeeded"})) << document;
}

TYPED_TEST(announced_document, makes_20_distinct_deliveries_of_20_events_by_2_replicas) {
    shows("B10");
    webhook_receiver receiver;
    for (int i = 0; i < 10; ++i) this->submit_and_finish(receiver.url());
    {
        std::vector<std::jthread> relays;
        for (const char* name : {"one", "two"})
            relays.emplace_back([this, name](const std::stop_token& stop) {
                replica<TypeParam> mine(this->place);
                auto how = this->quick();
                how.batch = 2;
                EXPECT_TRUE(webhooks_on(mine.database, how, name)->run(stop));
            });
        EXPECT_TRUE(receiver.wait_for(20, 60s));
    }
    EXPECT_EQ(receiver.events().size(), 20U);
    expect_in_order(receiver.events());
    EXPECT_EQ(this->place.number("SELECT count(*) FROM documents_deliveries"), 0);
}

TYPED_TEST(announced_document, is_told_of_though_its_transaction_commits_late) {
    shows("B10");
    webhook_receiver receiver;
    const auto late = this->submit(false, "a.pdf", receiver.url());
    replica<TypeParam> other(this->place);
    auto relay = webhooks_on(other.database, this->quick(), "relay");
    ASSERT_TRUE(relay->join());
    const auto before = this->submit(false, "a.pdf", receiver.url());
    auto ended = this->database().transaction([&](auto& inside) -> sm::result<void> {
        auto jobs = documents_on(inside);
        EXPECT_EQ(told(jobs.fire(cancel, late, sm::any_version)), "provisional");
        // Elsewhere a later event commits first and is delivered. SQLite has one writer at a time.
        constexpr bool two_writers = std::is_same_v<TypeParam, conformance::postgres_backend>;
        if constexpr (two_writers) {
            EXPECT_EQ(told(other.jobs.fire(cancel, before, sm::any_version)), "applied");
            EXPECT_EQ(relay->deliver_some().value().delivered, 1U);
        }
        EXPECT_EQ(receiver.counted().taken, two_writers ? 1U : 0U);
        return sm::success();
    });
    ASSERT_TRUE(ended);
    EXPECT_EQ(relay->deliver_some().value().delivered, 1U);
    EXPECT_EQ(receiver.events().back().document, late);
}

TYPED_TEST(announced_document, is_parked_when_it_fails_too_often_while_the_rest_flows) {
    shows("B10");
    webhook_receiver receiver;
    http_server poisoned;
    std::atomic<int> tries{0};
    poisoned.on_post("/webhook", [&](const http_request&) {
        ++tries;
        return http_reply{500, "{}"};
    });
    const auto poison = this->submit_and_finish(poisoned.start() + "/webhook");
    for (int i = 0; i < 3; ++i) this->submit_and_finish(receiver.url());
    auto how = this->quick();
    how.tries = 3;
    auto relay = webhooks_on(this->database(), how, "relay");
    {
        const std::jthread delivering(
            [&](const std::stop_token& stop) { EXPECT_TRUE(relay->run(stop)); });
        EXPECT_TRUE(receiver.wait_for(6, 60s));
        // Both of its events, the later one after the first was parked.
        EXPECT_TRUE(wait_until([&] {
            return this->place.number(
                       "SELECT count(*) FROM documents_deliveries WHERE "
                       "parked_at IS NOT NULL") == 2;
        }));
    }
    EXPECT_EQ(tries, 6);
    expect_in_order(receiver.events());
    EXPECT_EQ(this->place.text("SELECT DISTINCT error FROM documents_deliveries"),
              "the receiver answered 500");
    EXPECT_EQ(this->place.number("SELECT DISTINCT job FROM documents_deliveries"), poison);
}

TYPED_TEST(announced_document, is_told_of_by_the_other_relay_when_the_delivering_one_is_killed) {
    shows("B10");
    constexpr int count = 10;
    // Takes nothing until it is told to, so that the first relay is killed while it delivers.
    std::mutex mutex;
    std::condition_variable changed;
    std::string first;
    bool open = false;
    std::set<std::string> ids;
    std::map<std::string, int> by;
    http_server receiver;
    receiver.on_post("/webhook", [&](const http_request& delivered) {
        std::unique_lock lock(mutex);
        if (first.empty()) first = delivered.sender;
        changed.notify_all();
        const bool opened = changed.wait_for(lock, 30s, [&] { return open; });
        if (!opened || delivered.sender == first) return http_reply{503, "{}"};
        ids.insert(nlohmann::json::parse(delivered.body).at("id"));
        ++by[delivered.sender];
        changed.notify_all();
        return http_reply{200, "{}"};
    });
    const std::string url = receiver.start() + "/webhook";
    for (int i = 0; i < count; ++i) this->submit_and_finish(url);
    this->close();
    const auto doomed = this->start({"deliver", "--name", "one"});
    {
        std::unique_lock lock(mutex);
        ASSERT_TRUE(changed.wait_for(lock, 60s, [&] { return !first.empty(); }));
    }
    const auto other = this->start({"deliver", "--name", "two"});
    doomed->signal(SIGKILL);
    EXPECT_EQ(doomed->end(), -SIGKILL);
    {
        std::unique_lock lock(mutex);
        open = true;
        changed.notify_all();
        EXPECT_TRUE(changed.wait_for(lock, 60s, [&] { return ids.size() == 2 * count; }));
        EXPECT_GE(by["two"], 2 * count);
        EXPECT_EQ(by.count("one"), 0U);
    }
    other->signal(SIGTERM);
    EXPECT_EQ(other->end(), 0);
    EXPECT_EQ(this->place.number("SELECT count(*) FROM documents_deliveries"), 0);
}

TYPED_TEST(announced_document, comes_to_its_end_by_polling_alone) {
    shows("B10");
    constexpr int count = 6;
    webhook_receiver receiver;
    this->written("a.pdf");
    // Each has a database of its own, whose wake-ups ring for what happens there, and no listener
    // carries them further: nobody hears of what the others did.
    std::vector<std::jthread> all;
    all.emplace_back([this](const std::stop_token& stop) {
        replica<TypeParam> mine(this->place);
        EXPECT_TRUE(find_texts<production>(mine.jobs, this->leg("texts"), stop).ended);
    });
    all.emplace_back([this](const std::stop_token& stop) {
        replica<TypeParam> mine(this->place);
        EXPECT_TRUE(find_boxes<production>(mine.jobs, this->leg("boxes"), stop).ended);
    });
    all.emplace_back([this](const std::stop_token& stop) {
        replica<TypeParam> mine(this->place);
        EXPECT_TRUE(webhooks_on(mine.database, this->quick(), "relay")->run(stop));
    });
    for (int i = 0; i < count; ++i) this->submit(true, "a.pdf", receiver.url());
    EXPECT_TRUE(receiver.wait_for(2 * count, 60s));
    EXPECT_EQ(this->in(succeeded), static_cast<std::size_t>(count));
    expect_in_order(receiver.events());
}

}  // namespace
}  // namespace systems::extracted
