// A connection beside the library's that keeps everybody from completing a video.
#pragma once

#include "../../conformance/backend.hpp"

#include <sqlite3.h>

#include <stdexcept>

namespace systems {

/// Until it is destroyed.
template <class Backend>
class held;

template <>
class held<conformance::sqlite_backend> {
public:
    explicit held(const conformance::sqlite_backend& place) {
        if (sqlite3_open(place.where().c_str(), &handle_) != SQLITE_OK ||
            sqlite3_exec(handle_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) != SQLITE_OK)
            throw std::runtime_error("the file cannot be locked");
    }
    ~held() { sqlite3_close(handle_); }
    held(const held&) = delete;
    held& operator=(const held&) = delete;

private:
    sqlite3* handle_ = nullptr;
};

template <>
class held<conformance::postgres_backend> {
public:
    explicit held(const conformance::postgres_backend& place) : beside_(place.where()) {
        beside_.execute("BEGIN; SELECT id FROM videos FOR UPDATE; LOCK workers IN EXCLUSIVE MODE");
    }
    ~held() { beside_.execute("ROLLBACK"); }
    held(const held&) = delete;
    held& operator=(const held&) = delete;

private:
    conformance::postgres_backend beside_;
};

}  // namespace systems
