// Submits: one key makes one document, whoever sends it and however often.
#include "contest.hpp"

#include <nlohmann/json.hpp>

namespace systems::extracted {
namespace {

using nlohmann::json;

template <class Backend>
class submitted_document : public on_documents<Backend> {};
TYPED_TEST_SUITE(submitted_document, backends, backend_names);

std::string body_for(const std::string& document, const std::string& callback = "") {
    return json{{"document", document}, {"boxes", true}, {"callback", callback}}.dump();
}

// What the caller sees, with the id apart: two answers of one shape read the same.
report reported(const http_reply& reply) {
    auto body = json::parse(reply.body);
    const std::int64_t id = body.value("id", std::int64_t{0});
    body["id"] = "...";
    return report(std::to_string(reply.status) + " " + body.dump(), id);
}

TYPED_TEST(submitted_document, is_one_for_all_who_send_its_key_at_once) {
    shows("B1");
    constexpr int rounds = 25;
    const auto all = contest(this->place, {}, rounds, [](store_type& jobs, int, int round) {
        submit_api<production> api{jobs};
        return reported(api.submit("key-" + std::to_string(round), body_for("a.pdf")));
    });
    for (const auto& round : all) {
        for (const report& each : round) {
            EXPECT_EQ(each.text(), R"(202 {"id":"...","status":"queued"})");
            EXPECT_EQ(each.id, round[0].id);
        }
        EXPECT_GT(round[0].id, 0);
    }
    EXPECT_EQ(this->place.number("SELECT count(*) FROM documents"), rounds);
    EXPECT_EQ(this->place.number("SELECT count(*) FROM documents_log"), rounds);
}

TYPED_TEST(submitted_document, is_one_for_all_who_post_its_key_over_http) {
    shows("B1");
    submit_api<production> api{this->jobs()};
    http_server server;
    api.serve(server);
    const std::string url = server.start() + "/documents";
    std::vector<report> replies(8);
    {
        std::vector<std::jthread> callers;
        for (report& each : replies)
            callers.emplace_back(
                [&] { each = reported(http_post(url, body_for("a.pdf"), "one-key")); });
    }
    for (const report& each : replies) {
        EXPECT_EQ(each.text(), R"(202 {"id":"...","status":"queued"})");
        EXPECT_EQ(each.id, replies[0].id);
    }
    EXPECT_EQ(this->place.number("SELECT count(*) FROM documents"), 1);
    EXPECT_EQ(http_post(url, body_for("other.pdf"), "one-key").status, 409);
    EXPECT_EQ(http_post(url, body_for("a.pdf")).status, 400);
    EXPECT_EQ(http_post(url, body_for("../a.pdf"), "escape").status, 400);
    EXPECT_EQ(http_post(url, R"({"document": 7})", "number").status, 400);
    EXPECT_EQ(this->place.number("SELECT count(*) FROM documents"), 1);
}

TYPED_TEST(submitted_document, keeps_its_answer_when_it_went_on) {
    shows("B1");
    submit_api<production> api{this->jobs()};
    const auto first = reported(api.submit("key", body_for("a.pdf")));
    static_cast<void>(this->run_of(claim, first.id));
    const auto again = reported(api.submit("key", body_for("a.pdf")));
    EXPECT_EQ(again.text(), R"(202 {"id":"...","status":"running"})");
    EXPECT_EQ(again.id, first.id);
}

TYPED_TEST(submitted_document, is_refused_aloud_when_another_column_has_to_be_unique) {
    shows("B1");
    this->place.execute("CREATE UNIQUE INDEX one_callback ON documents (callback)");
    submit_api<production> api{this->jobs()};
    const auto first = reported(api.submit("first", body_for("a.pdf", "http://here")));
    const auto other = api.submit("second", body_for("b.pdf", "http://here"));
    EXPECT_EQ(other.status, 500) << other.body;
    EXPECT_FALSE(json::parse(other.body).contains("id"));
    const auto told_by_store =
        this->jobs().submit({.document = "b.pdf", .callback = "http://here"}, {.key = "second"});
    EXPECT_EQ(told(told_by_store), "error: unique_violated");
    EXPECT_EQ(this->place.number("SELECT count(*) FROM documents"), 1);
    const auto again = reported(api.submit("first", body_for("a.pdf", "http://here")));
    EXPECT_EQ(again.id, first.id);
    EXPECT_EQ(again.text(), first.text());
}

}  // namespace
}  // namespace systems::extracted
