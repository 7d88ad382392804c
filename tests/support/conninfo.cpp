#include "conninfo.hpp"

#include <libpq-fe.h>

#include <stdexcept>

namespace statemachine::tests {
namespace {

std::string quoted(const std::string& content) {
    std::string text{"'"};
    for (const char c : content) {
        if (c == '\'' || c == '\\') text.push_back('\\');
        text.push_back(c);
    }
    return text + "'";
}

}  // namespace

place_of_server read_conninfo(const std::string& conninfo) {
    PQconninfoOption* const given = PQconninfoParse(conninfo.c_str(), nullptr);
    if (given == nullptr) throw std::runtime_error("the conninfo cannot be read");
    place_of_server found;
    for (const PQconninfoOption* each = given; each->keyword != nullptr; ++each) {
        if (each->val == nullptr) continue;
        const std::string keyword = each->keyword;
        if (keyword == "host")
            found.host = each->val;
        else if (keyword == "port")
            found.port = std::stoi(each->val);
        else if (keyword != "hostaddr" && keyword != "sslmode" && keyword != "gssencmode")
            found.rest += " " + keyword + "=" + quoted(each->val);
    }
    PQconninfoFree(given);
    return found;
}

}  // namespace statemachine::tests
