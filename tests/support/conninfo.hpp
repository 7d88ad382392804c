// Where a conninfo leads, and the rest of it: to be reached by another way.
#pragma once

#include <string>

namespace statemachine::tests {

struct place_of_server {
    std::string host = "127.0.0.1";  ///< or the directory of its Unix socket
    int port = 5432;
    std::string rest{};  ///< the other keywords, without those of TLS

    /// The same, reached at a port of this machine.
    std::string through(int other_port) const {
        return "host=127.0.0.1 port=" + std::to_string(other_port) +
               " sslmode=disable gssencmode=disable" + rest;
    }
};

/// @throw std::runtime_error when libpq cannot read it
place_of_server read_conninfo(const std::string& conninfo);

}  // namespace statemachine::tests
