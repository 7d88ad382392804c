set(Boost_FOUND TRUE)
