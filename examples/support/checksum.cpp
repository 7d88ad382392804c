#include "checksum.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>

#include <unistd.h>

namespace support {
namespace {

class digest {
public:
    digest() { EVP_DigestInit_ex(state_.get(), EVP_sha256(), nullptr); }
    void add(const char* bytes, std::size_t size) { EVP_DigestUpdate(state_.get(), bytes, size); }
    std::string hex() {
        std::array<unsigned char, 32> bytes{};
        EVP_DigestFinal_ex(state_.get(), bytes.data(), nullptr);
        std::string text;
        for (const unsigned char byte : bytes) {
            text.push_back("0123456789abcdef"[byte >> 4U]);
            text.push_back("0123456789abcdef"[byte & 15U]);
        }
        return text;
    }

private:
    std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> state_{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

// The names travel in a file, separated by NUL, so that any name passes unharmed.
class name_list {
public:
    explicit name_list(const std::map<std::string, std::string>& paths) {
        const int descriptor = mkstemp(name_.data());
        if (descriptor < 0) throw std::runtime_error("cannot make a temporary file");
        close(descriptor);
        std::ofstream list(name_.data(), std::ios::binary);
        for (const auto& each : paths) list << each.first << '\0';
    }
    ~name_list() { std::remove(name_.data()); }
    name_list(const name_list&) = delete;
    name_list& operator=(const name_list&) = delete;
    std::string name() const { return name_.data(); }

private:
    std::array<char, 32> name_{"/tmp/quickstart-names-XXXXXX"};
};

}  // namespace

std::optional<std::string> sha256_of_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    digest sum;
    std::array<char, 65536> part{};
    while (file.read(part.data(), part.size()) || file.gcount() > 0)
        sum.add(part.data(), static_cast<std::size_t>(file.gcount()));
    if (file.bad() || !file.eof()) return std::nullopt;
    return sum.hex();
}

std::string sha256_of_text(const std::string& text) {
    digest sum;
    sum.add(text.data(), text.size());
    return sum.hex();
}

std::size_t differing_from_sha256sum(const std::map<std::string, std::string>& sums) {
    if (sums.empty()) return 0;
    const name_list list(sums);
    const std::string command = "xargs -0 -a " + list.name() + " sha256sum --zero --";
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe{popen(command.c_str(), "r"), pclose};
    if (!pipe) throw std::runtime_error("cannot run sha256sum");
    constexpr std::size_t digits = 64;
    constexpr std::size_t path_at = digits + 2;
    std::size_t same = 0;
    std::string line;
    for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) {
        if (c != '\0') {
            line.push_back(static_cast<char>(c));
            continue;
        }
        if (line.size() > path_at) {
            const auto ours = sums.find(line.substr(path_at));
            same += ours != sums.end() && line.starts_with(ours->second) ? 1U : 0U;
        }
        line.clear();
    }
    return sums.size() - same;
}

}  // namespace support
