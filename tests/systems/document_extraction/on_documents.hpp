// A fresh place with the example's table, and the parts of the example on it.
#pragma once

#include "conformance/backend.hpp"
#include "example_program.hpp"
#include "shows.hpp"
#include "support/child.hpp"

#include "legs.hpp"
#include "make_pdf.hpp"
#include "receiver.hpp"
#include "submit_api.hpp"
#include "webhook.hpp"

#include <statemachine/sweeper.hpp>

#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

namespace systems::extracted {

using namespace extraction;
using conformance::backend_names;
using conformance::backends;
using statemachine::tests::wait_until;

// NOLINTNEXTLINE(*-avoid-non-const-global-variables): the declaration under test
inline constexpr const auto& as_declared = machine<production>;
using store_type = documents<production>;
using run_type = store_type::run_type;
using sweeper_type = sm::sweeper<machine<production>>;
using relay_type = sm::relay<machine<production>>;

/// Defined in on_documents.cpp, where the store is compiled.
template <class Database>
store_type documents_on(Database& database);
template <class Database>
std::unique_ptr<sweeper_type> sweeper_on(Database& database, const sm::sweeper_options& how);
template <class Database>
std::unique_ptr<relay_type> webhooks_on(Database& database, const sm::relay_options& how,
                                        const std::string& sender);

/// `applied`, `rejected: stale_epoch`, `error: unique_violated`.
template <class Answer>
std::string told(const sm::result<Answer>& got) {
    if (!got) return "error: " + std::string(to_string(got.error().code()));
    std::string text(to_string(got.value().status()));
    if (got.value().rejected()) text.append(": ").append(to_string(got.value().reason()));
    return text;
}

/// A database of its own at the place, and the documents on it: what another process would have.
template <class Backend>
struct replica {
    explicit replica(const Backend& place) : database(place.open()) {}
    typename Backend::database database;
    store_type jobs = documents_on(database);
};

template <class Backend>
class on_documents : public ::testing::Test {
public:
    on_documents() {
        std::string name = (std::filesystem::temp_directory_path() / "inbox-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no directory for the inbox");
        inbox = name;
        replica<Backend>(place).jobs.migrate().value();
    }
    ~on_documents() override {
        std::error_code ignored;
        std::filesystem::remove_all(inbox, ignored);
    }

    /// Opened when it is first asked for: processes are forked before that.
    store_type& jobs() {
        if (!own_) own_.emplace(place);
        return own_->jobs;
    }
    typename Backend::database& database() {
        static_cast<void>(jobs());
        return own_->database;
    }
    void close() { own_.reset(); }

    std::int64_t submit(bool boxes = false, const std::string& document = "a.pdf",
                        const std::string& callback = "") {
        return jobs()
            .submit({.document = document, .with_boxes = boxes, .callback = callback})
            .value()
            ->id;
    }
    void submit_many(int count, bool boxes = false) {
        const store_type::submission each{{.document = "a.pdf", .with_boxes = boxes}};
        const std::vector<store_type::submission> all(static_cast<std::size_t>(count), each);
        for (const auto& got : jobs().submit_many(all)) ASSERT_EQ(told(got), "applied");
    }
    run_type run_of(const sm::event<>& on, std::int64_t id, const std::string& owner = "worker") {
        return *jobs().claim_by_id(on, id, {.owner = owner}).value();
    }
    /// A document whose text was found, and whose boxes are wanted.
    std::int64_t submit_partial(const std::string& callback = "") {
        const auto id = submit(true, "a.pdf", callback);
        EXPECT_EQ(told(jobs().fire(found_text, run_of(claim, id), {"the text"})), "applied");
        return id;
    }
    store_type::record_type read(std::int64_t id) { return jobs().read(id).value().value(); }
    std::string state_of(std::int64_t id) { return name_of(read(id).state); }
    std::size_t in(state state) { return jobs().list(state, {.limit = 10'000}).value().size(); }
    conformance::rows row(std::int64_t id) const {
        return place.query("SELECT * FROM documents WHERE id = " + std::to_string(id));
    }
    std::int64_t events_of(std::int64_t id) const {
        return place.number("SELECT count(*) FROM documents_outbox WHERE job = " +
                            std::to_string(id));
    }

    void pass_time(std::int64_t id, std::chrono::milliseconds by) {
        place.pass_time("documents", id, by);
    }
    /// As if that much time had gone by for everything but the jobs.
    void pass_time_of(const std::string& table, const std::string& column,
                      std::chrono::milliseconds by) const {
        place.execute("UPDATE documents_" + table + " SET " + column + " = " + column + " - " +
                      std::to_string(by.count()) +
                      std::string{Backend::database::dialect.millisecond});
    }

    std::string written(const std::string& name) const {
        make_pdf(inbox + "/" + name, {{"Total: 17 EUR"}});
        return name;
    }
    std::string garbage(const std::string& name) const {
        std::ofstream(inbox + "/" + name) << "no PDF\n";
        return name;
    }
    leg_options leg(const std::string& name) const {
        return {.name = name, .inbox = inbox, .poll = std::chrono::milliseconds{20}};
    }

    /// A process of the example at this place.
    std::unique_ptr<example_program> start(std::vector<std::string> words) const {
        if constexpr (std::is_same_v<Backend, conformance::sqlite_backend>)
            words.insert(words.end(), {"--database", place.where()});
        else
            words.insert(words.end(), {"--postgres", place.conninfo()});
        return std::make_unique<example_program>(std::move(words), inbox);
    }

    Backend place;
    std::string inbox;

private:
    std::optional<replica<Backend>> own_;
};

inline constexpr auto text_lease = production.text_lease;
inline constexpr auto boxes_lease = production.boxes_lease;

}  // namespace systems::extracted
