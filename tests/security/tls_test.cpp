// The TLS options of conninfo are libpq's: they reach it as they are, and what it refuses is told.
#include "conformance/backend.hpp"

#include "support/child.hpp"
#include "support/postgres_server.hpp"

#include <libpq-fe.h>

#include <filesystem>
#include <fstream>

namespace security {
namespace {

namespace fs = std::filesystem;
namespace sm = statemachine;
using statemachine::tests::throwaway_postgres;

/// Certificates for a server on this machine, made for one run.
class certificates {
public:
    certificates() {
        std::string name = (fs::temp_directory_path() / "statemachine-tls-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        directory_ = name;
        fs::permissions(directory_, fs::perms(0755));
        // openssl runs as the user that the server runs as, whose key it then is.
        if (const passwd* user = statemachine::tests::other_user();
            user && chown(directory_.c_str(), user->pw_uid, user->pw_gid) != 0)
            throw std::runtime_error("cannot give " + directory_ + " away");
        std::ofstream(directory_ + "/names") << "subjectAltName=DNS:localhost\n";
        make_authority("right");
        make_authority("wrong");
        openssl({"req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout",
                 path("server.key"), "-out", path("server.csr")});
        openssl({"x509", "-req", "-in", path("server.csr"), "-CA", path("right.pem"), "-CAkey",
                 path("right.key"), "-CAcreateserial", "-days", "2", "-extfile", path("names"),
                 "-out", path("server.pem")});
    }
    ~certificates() { fs::remove_all(directory_); }
    certificates(const certificates&) = delete;
    certificates& operator=(const certificates&) = delete;

    std::string path(const std::string& file) const { return directory_ + "/" + file; }

private:
    void make_authority(const std::string& name) {
        openssl({"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                 "/CN=" + name, "-keyout", path(name + ".key"), "-out", path(name + ".pem")});
    }
    void openssl(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "openssl");
        const std::string log = path("log");
        if (statemachine::tests::wait_for_end(statemachine::tests::launch(arguments, log)) == 0)
            return;
        std::ifstream said(log);
        throw std::runtime_error("openssl failed: " +
                                 std::string(std::istreambuf_iterator<char>(said), {}));
    }

    std::string directory_;
};

class tls : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        made = std::make_unique<certificates>();
        server = std::make_unique<throwaway_postgres>(std::vector<std::string>{
            "ssl = on", "ssl_cert_file = '" + made->path("server.pem") + "'",
            "ssl_key_file = '" + made->path("server.key") + "'"});
        plain = std::make_unique<throwaway_postgres>();
    }
    static void TearDownTestSuite() {
        plain.reset();
        server.reset();
        made.reset();
    }

    /// libpq takes the last of two values for a keyword.
    static std::string at(const throwaway_postgres& which, const std::string& more) {
        return which.tcp_conninfo() + " " + more;
    }
    static std::string named(const std::string& host, const std::string& authority) {
        return at(*server, "host=" + host + " hostaddr=127.0.0.1 sslmode=verify-full sslrootcert=" +
                               made->path(authority));
    }
    static std::string told(const std::string& conninfo) {
        const auto got = sm::postgres::connect(conninfo);
        if (got) return "connected";
        EXPECT_EQ(got.error().message().find(made->path("")), std::string::npos)
            << got.error().message();
        return std::string(to_string(got.error().code()));
    }

    static inline std::unique_ptr<certificates> made;
    static inline std::unique_ptr<throwaway_postgres> server, plain;
};

TEST_F(tls, verify_full_reaches_a_server_whose_certificate_and_name_fit) {
    auto database = sm::postgres::connect(named("localhost", "right.pem")).value();
    const auto asked = database.transaction([](sm::postgres::transaction& inside) {
        EXPECT_EQ(PQsslInUse(inside.handle()), 1);
        return sm::result<void>(sm::success());
    });
    ASSERT_TRUE(asked) << asked.error().message();
}

TEST_F(tls, verify_full_refuses_another_authority_and_another_name) {
    EXPECT_EQ(told(named("localhost", "wrong.pem")), "misconfigured");
    EXPECT_EQ(told(named("elsewhere.invalid", "right.pem")), "misconfigured");
    EXPECT_EQ(told(named("localhost", "missing.pem")), "misconfigured");
}

TEST_F(tls, require_refuses_a_server_without_it) {
    EXPECT_EQ(told(at(*plain, "sslmode=require")), "misconfigured");
    EXPECT_EQ(told(at(*plain, "sslmode=prefer")), "connected");
    EXPECT_EQ(told(at(*server, "sslmode=require")), "connected");
}

TEST_F(tls, the_versions_that_conninfo_demands_are_kept_to) {
    auto database = sm::postgres::connect(at(*server,
                                             "sslmode=require ssl_max_protocol_version=TLSv1.2 "
                                             "ssl_min_protocol_version=TLSv1.2"))
                        .value();
    ASSERT_TRUE(database.transaction([](sm::postgres::transaction& inside) {
        EXPECT_STREQ(PQsslAttribute(inside.handle(), "protocol"), "TLSv1.2");
        return sm::result<void>(sm::success());
    }));
}

}  // namespace
}  // namespace security
