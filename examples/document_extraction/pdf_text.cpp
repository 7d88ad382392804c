#include "pdf_text.hpp"

#include "program.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <filesystem>
#include <regex>
#include <sstream>
#include <utility>
#include <vector>

namespace extraction {
namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// A file that is not there may still come. One that is there and is no PDF stays none.
pdf_answer run_pdftotext(std::vector<std::string> words, const std::string& path,
                         const std::stop_token& stop) {
    if (!std::filesystem::exists(path)) return {{}, "the document has not arrived"};
    words.insert(words.begin(), "pdftotext");
    words.insert(words.end(), {path, "-"});
    program_end end = run_program(words, stop);
    constexpr int cannot_be_opened = 1;
    constexpr int not_permitted = 3;
    if (end.status == 0) return {std::move(end.output)};
    if (end.status == cannot_be_opened || end.status == not_permitted)
        return {{}, "no readable PDF: " + first_line(end.errors), true};
    return {{}, "pdftotext ended with " + std::to_string(end.status)};
}

std::string plain_text(std::string word) {
    constexpr std::array<std::pair<const char*, const char*>, 4> entities{
        {{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&amp;", "&"}}};
    for (const auto& [entity, letter] : entities)
        for (std::size_t at = 0; (at = word.find(entity, at)) != std::string::npos; ++at)
            word.replace(at, std::string_view(entity).size(), letter);
    return word;
}

}  // namespace

pdf_answer text_of(const std::string& path, const std::stop_token& stop) {
    return run_pdftotext({"-layout"}, path, stop);
}

pdf_answer boxes_of(const std::string& path, const std::stop_token& stop) {
    pdf_answer answer = run_pdftotext({"-bbox"}, path, stop);
    if (!answer.found) return answer;
    static const std::regex word_line(
        R"re(<word xMin="([^"]*)" yMin="([^"]*)" xMax="([^"]*)" yMax="([^"]*)">(.*)</word>)re");
    nlohmann::json all = nlohmann::json::array();
    std::istringstream lines(*answer.found);
    int page = 0;
    std::smatch part;
    for (std::string line; std::getline(lines, line);) {
        if (line.find("<page ") != std::string::npos) ++page;
        if (!std::regex_search(line, part, word_line)) continue;
        all.push_back(
            {{"word", plain_text(part[5])},
             {"page", page},
             {"box",
              {std::stod(part[1]), std::stod(part[2]), std::stod(part[3]), std::stod(part[4])}}});
    }
    answer.found = all.dump();
    return answer;
}

}  // namespace extraction
