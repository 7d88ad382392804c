#include "token.hpp"

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include <algorithm>
#include <regex>

namespace transcode {

std::string make_token(std::int64_t job) {
    return std::to_string(job) + "-" + to_string(boost::uuids::random_generator()());
}

std::optional<std::string> checked_token(std::string_view token, std::int64_t job) {
    constexpr std::size_t longest = 100;
    if (token.size() > longest) return std::nullopt;
    std::string lower{token};
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    });
    static const std::regex shape(
        "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
        "[0-9a-f]{12}");
    const std::string names = std::to_string(job) + "-";
    if (!lower.starts_with(names) || !std::regex_match(lower.substr(names.size()), shape))
        return std::nullopt;
    return lower;
}

}  // namespace transcode
