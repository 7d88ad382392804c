// What became of everything, for a person.
#pragma once

#include "service.hpp"

#include <map>
#include <mutex>

namespace transcode {

// How the requests of workers were answered, and prints those that a person wants to follow.
class journal final : public sm::observer {
public:
    void note(const std::string& who, const std::string& what, const reply& answer);
    void note(const std::string& who, const std::string& what);
    void observed(const sm::observation& seen) noexcept override;

    int count(const std::string& answer) const;

private:
    mutable std::mutex mutex_;
    std::optional<std::chrono::steady_clock::time_point> began_;
    std::map<std::string, int> answers_;
};

struct totals {
    int videos = 0, completed = 0, failed = 0, lost_attempts = 0, thumbnails = 0;
};

// Prints a line for each video, from the rows and their history, and what they add up to.
totals print_report(service<hurried>& of, const journal& calls);

}  // namespace transcode
