#include "runtime_schema.hpp"

#include <fstream>
#include <sstream>

namespace conformance {

std::string first_schema(std::string_view dialect) {
    const std::string path =
        STATEMACHINE_OLD_SCHEMAS "/orders_first." + std::string{dialect} + ".sql";
    std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in || text.str().empty()) throw std::runtime_error("cannot read " + path);
    return text.str();
}

}  // namespace conformance
