#include "postgres/errors.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <string>

namespace {

namespace sm = statemachine;
using sm::errc;
using sm::fate;
using sm::postgres::meaning_of;
using sm::postgres::not_connected;
using sm::postgres::stake;

struct expected {
    const char* sqlstate;
    errc code;
};

constexpr expected every_meaning[] = {
    {"40001", errc::serialization_failure},
    {"40002", errc::serialization_failure},
    {"40003", errc::connection_lost},
    {"40P01", errc::deadlock},
    {"55P03", errc::busy},
    {"55006", errc::busy},
    {"55000", errc::unexpected},
    {"57014", errc::cancelled},
    {"57P01", errc::connection_lost},
    {"57P02", errc::connection_lost},
    {"57P03", errc::connection_lost},
    {"08000", errc::connection_lost},
    {"08006", errc::connection_lost},
    {"08007", errc::connection_lost},
    {"53000", errc::overloaded},
    {"53100", errc::disk_full},
    {"53200", errc::overloaded},
    {"53300", errc::overloaded},
    {"53400", errc::overloaded},
    {"23000", errc::constraint_violated},
    {"23502", errc::constraint_violated},
    {"23503", errc::constraint_violated},
    {"23505", errc::unique_violated},
    {"23514", errc::constraint_violated},
    {"23P01", errc::constraint_violated},
    {"22003", errc::invalid_value},
    {"22008", errc::invalid_value},
    {"22021", errc::invalid_value},
    {"22P02", errc::invalid_value},
    {"22P05", errc::invalid_value},
    {"42P01", errc::schema_missing},
    {"42P07", errc::already_exists},
    {"42710", errc::already_exists},
    {"3F000", errc::schema_missing},
    {"42703", errc::schema_drifted},
    {"42704", errc::schema_drifted},
    {"42804", errc::schema_drifted},
    {"42883", errc::schema_drifted},
    {"42P10", errc::schema_drifted},
    {"42501", errc::permission_denied},
    {"42601", errc::unexpected},
    {"42P05", errc::misconfigured},
    {"26000", errc::misconfigured},
    {"28000", errc::authentication_failed},
    {"28P01", errc::authentication_failed},
    {"3D000", errc::cannot_open},
    {"25006", errc::read_only},
    {"25P02", errc::transaction_aborted},
    {"25001", errc::unexpected},
    {"54000", errc::too_large},
    {"54001", errc::too_large},
    {"58030", errc::io_error},
    {"58P01", errc::io_error},
    {"XX000", errc::unexpected},
    {"XX001", errc::corrupt},
    {"XX002", errc::corrupt},
    {"0A000", errc::unexpected},
    {"P0001", errc::unexpected},
    {"ZZZZZ", errc::unexpected},
    {"", errc::unexpected},
};

TEST(postgres_errors, give_each_sqlstate_its_code_and_a_sentence_that_says_what_to_do) {
    for (const auto& [sqlstate, code] : every_meaning) {
        const auto& known = meaning_of(sqlstate);
        EXPECT_EQ(to_string(known.code), to_string(code)) << sqlstate;
        const std::string sentence(known.sentence);
        EXPECT_TRUE(std::isupper(static_cast<unsigned char>(sentence.front()))) << sentence;
        EXPECT_NE(sentence.find(": "), sentence.npos) << "says nothing to do: " << sentence;
    }
}

TEST(postgres_errors, tell_that_a_lost_reply_leaves_only_a_commit_in_doubt) {
    EXPECT_EQ(lost(stake::change).what_is_known(), fate::unknown);
    EXPECT_EQ(late(stake::change).what_is_known(), fate::unknown);
    EXPECT_EQ(lost(stake::nothing).what_is_known(), fate::not_applied_retry);
    EXPECT_EQ(late(stake::nothing).what_is_known(), fate::not_applied_retry);
    EXPECT_EQ(lost(stake::change, "57P01").native(), "57P01");
}

struct complaint {
    const char* text;
    errc code;
    const char* native;
};

// What libpq 15 writes with PQERRORS_SQLSTATE.
constexpr complaint complaints[] = {
    {"connection to server on socket \"/run/.s.PGSQL.1\" failed: FATAL:  3D000\n",
     errc::cannot_open, "3D000"},
    {"connection to server at \"h\" (::1), port 1 failed: FATAL:  28P01\n",
     errc::authentication_failed, "28P01"},
    {"connection to server at \"h\" (::1), port 1 failed: FATAL:  53300\n", errc::overloaded,
     "53300"},
    {"connection to server at \"h\" (::1), port 1 failed: FATAL:  57P03\n", errc::cannot_connect,
     "57P03"},
    {"connection to server at \"h\" (::1), port 1 failed: FATAL:  57P01\n", errc::cannot_connect,
     "57P01"},
    {"connection to server at \"h\" (::1), port 1 failed: FATAL:  08P01\n", errc::cannot_connect,
     "08P01"},
    {"connection to server at \"h\" (::1), port 1 failed: FATAL:  55000\n", errc::cannot_open,
     "55000"},
    {"connection to server at \"h\" (::1), port 1 failed: FATAL:  42501\n", errc::permission_denied,
     "42501"},
    {"connection to server at \"h\" (::1), port 1 failed: Connection refused\n"
     "\tIs the server running on that host and accepting TCP/IP connections?\n"
     "connection to server at \"h\" (127.0.0.1), port 1 failed: FATAL:  28000\n",
     errc::authentication_failed, "28000"},
    {"connection to server at \"certificate\" (::1), port 1 failed: Connection refused\n",
     errc::cannot_connect, ""},
    {"connection to server at \"h\" (::1), port 1 failed: server does not support SSL, but SSL was "
     "required\n",
     errc::misconfigured, ""},
    {"connection to server at \"h\" (::1), port 1 failed: SSL error: certificate verify failed\n",
     errc::misconfigured, ""},
    {"connection to server at \"h\" (::1), port 1 failed: session is read-only\n",
     errc::cannot_connect, ""},
    {"could not translate host name \"h\" to address: Name or service not known\n",
     errc::cannot_connect, ""},
    {"invalid port number: \"x\"\n", errc::invalid_argument, ""},
    {"etwas ganz anderes\n", errc::cannot_connect, ""},
    {"", errc::cannot_connect, ""},
};

TEST(postgres_errors, classify_what_libpq_says_about_a_failed_connection) {
    for (const auto& [text, code, native] : complaints) {
        const auto why = not_connected(text, false);
        EXPECT_EQ(to_string(why.code()), to_string(code)) << text;
        EXPECT_EQ(why.native(), native) << text;
        EXPECT_EQ(why.message().find('"'), std::string::npos) << "quotes libpq: " << why.message();
    }
}

TEST(postgres_errors, name_a_missing_password) {
    const auto why = not_connected("fe_sendauth: no password supplied\n", true);
    EXPECT_EQ(why.code(), errc::authentication_failed);
    EXPECT_NE(why.message().find("password"), std::string::npos);
}

}  // namespace
