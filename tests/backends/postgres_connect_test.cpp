#include "postgres_fixture.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <map>

namespace {

using namespace postgres_test;
using sm::postgres::connect;

/// A port of ours. While nobody listens connections are refused; then the kernel accepts them, and
/// nobody ever says a word.
class port {
public:
    enum class ear { deaf, silent };
    explicit port(ear how) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        if (bind(socket_, generic, size) != 0 || getsockname(socket_, generic, &size) != 0 ||
            (how == ear::silent && listen(socket_, 8) != 0))
            throw std::runtime_error("no port");
        number_ = ntohs(address.sin_port);
    }
    ~port() { close(socket_); }
    port(const port&) = delete;
    port& operator=(const port&) = delete;

    std::string number() const { return std::to_string(number_); }

private:
    int socket_;
    int number_ = 0;
};

/// What the run's conninfo says, keyword by keyword.
std::map<std::string, std::string> parts() {
    std::map<std::string, std::string> all;
    PQconninfoOption* const options = PQconninfoParse(conninfo().c_str(), nullptr);
    for (const auto* each = options; each && each->keyword; ++each)
        if (each->val) all[each->keyword] = each->val;
    PQconninfoFree(options);
    return all;
}

void expect_no_secret(const sm::error& why) {
    for (const char* secret : {"hunter2", "nosuch", "127.0.0.1", "host=", "5x4"})
        EXPECT_EQ(why.message().find(secret), std::string::npos) << why.message();
}

template <class Result>
std::string refusal(const Result& done) {
    if (done) return "success";
    expect_no_secret(done.error());
    return outcome(done) + " " + std::string(done.error().native());
}

TEST(postgres_connect, refuses_a_conninfo_that_makes_no_sense_without_showing_it) {
    EXPECT_EQ(refusal(connect("password=hunter2 host")), "invalid_argument ");
    EXPECT_EQ(refusal(connect("passwort=hunter2")), "invalid_argument ");
    EXPECT_EQ(refusal(connect("postgresql://u:hunter2@[::1")), "invalid_argument ");
    EXPECT_EQ(refusal(connect("host=nosuch password=hunter2 port=5x4")), "invalid_argument ");
    EXPECT_EQ(refusal(connect("host=nosuch sslmode=hunter2")), "invalid_argument ");
    EXPECT_EQ(refusal(connect(std::string("host=a\0password=hunter2", 23))), "invalid_argument ");
}

TEST(postgres_connect, tells_what_is_wrong_with_the_address) {
    const port deaf(port::ear::deaf);
    const auto refused = connect("host=127.0.0.1 password=hunter2 port=" + deaf.number());
    EXPECT_EQ(refusal(refused), "cannot_connect ");
    EXPECT_NE(refused.error().message().find("No server listens"), std::string::npos);
    const auto nowhere = connect("host=/nosuch password=hunter2");
    EXPECT_EQ(refusal(nowhere), "cannot_connect ");
    EXPECT_NE(nowhere.error().message().find("Unix socket"), std::string::npos);
    const auto unknown = connect("host=nosuch.invalid password=hunter2", {.deadline = 60s});
    EXPECT_EQ(refusal(unknown), "cannot_connect ");
    EXPECT_NE(unknown.error().message().find("does not resolve"), std::string::npos);
}

TEST(postgres_connect, tells_an_unknown_database_or_user) {
    EXPECT_EQ(refusal(connect(conninfo() + " dbname=nosuch")), "cannot_open 3D000");
    EXPECT_EQ(refusal(connect(conninfo() + " user=nosuch password=hunter2")),
              "authentication_failed 28000");
}

TEST(postgres_connect, takes_a_uri) {
    auto given = parts();
    std::string host;
    for (const char c : given["host"]) host += c == '/' ? std::string("%2F") : std::string(1, c);
    const auto uri = "postgresql://" + given["user"] + "@/" + given["dbname"] + "?host=" + host +
                     "&port=" + given["port"];
    EXPECT_EQ(outcome(connect(uri)), "success");
}

TEST(postgres_connect, gives_up_a_silent_server_at_the_deadline) {
    const port silent(port::ear::silent);
    const auto begin = std::chrono::steady_clock::now();
    const auto done = connect("host=127.0.0.1 port=" + silent.number(), {.deadline = 300ms});
    const auto took = std::chrono::steady_clock::now() - begin;
    EXPECT_EQ(refusal(done), "cannot_connect ");
    EXPECT_GE(took, 300ms);
    EXPECT_LT(took, 5s);
}

TEST(postgres_connect, keeps_to_a_shorter_connect_timeout) {
    const port silent(port::ear::silent);
    const auto begin = std::chrono::steady_clock::now();
    const auto done =
        connect("host=127.0.0.1 connect_timeout=1 port=" + silent.number(), {.deadline = 300s});
    EXPECT_EQ(refusal(done), "cannot_connect ");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 100s);
}

TEST(postgres_connect, goes_on_to_the_next_host_when_one_refuses_or_is_silent) {
    const port deaf(port::ear::deaf), silent(port::ear::silent);
    auto given = parts();
    const auto hosts = "host='127.0.0.1,127.0.0.1," + given["host"] + "' port=" + deaf.number() +
                       "," + silent.number() + "," + given["port"] + " user=" + given["user"] +
                       " dbname=" + given["dbname"];
    auto db = connect(hosts, {.deadline = 2s});
    ASSERT_TRUE(db) << db.error().message();
    EXPECT_EQ(outcome(run(db.value(), "SELECT 1")), "committed");
}

TEST(postgres_connect, does_not_try_further_hosts_with_a_refused_user) {
    auto given = parts();
    const auto twice = given["host"] + "," + given["host"];
    const auto done = connect("host=" + twice + " port=" + given["port"] + " user=nosuch");
    EXPECT_EQ(refusal(done), "authentication_failed 28000");
}

TEST(postgres_connect, says_that_the_server_has_no_slot_left) {
    const raw by;
    by.run("DROP ROLE IF EXISTS one_slot; CREATE ROLE one_slot LOGIN CONNECTION LIMIT 1");
    {
        auto first = opened({}, conninfo() + " user=one_slot");
        const auto second = connect(conninfo() + " user=one_slot");
        EXPECT_EQ(refusal(second), "overloaded 53300");
        EXPECT_EQ(second.error().what_is_known(), fate::not_applied_retry);
    }
    EXPECT_TRUE(eventually([&] {
        return by.ask("SELECT count(*) FROM pg_stat_activity WHERE usename = 'one_slot'") == "0";
    }));
    by.run("DROP ROLE one_slot");
}

TEST(postgres_connect, leaks_no_file_descriptor_when_connections_die) {
    const auto descriptors = [] {
        const std::filesystem::directory_iterator all("/proc/self/fd");
        return std::distance(begin(all), end(all));
    };
    const port deaf(port::ear::deaf);
    auto db = opened({.connections = 1});
    const raw by;
    const auto before = descriptors();
    for (int round = 0; round < 20; ++round) {
        const auto session = ask(db, "SELECT pg_backend_pid()", column_type::int64);
        by.run("SELECT pg_terminate_backend(" + session + ", 60000)");
        EXPECT_NE(ask(db, "SELECT pg_backend_pid()", column_type::int64), session);
        EXPECT_FALSE(connect("host=127.0.0.1 port=" + deaf.number()));
    }
    EXPECT_EQ(descriptors(), before);
}

}  // namespace
