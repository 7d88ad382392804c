# Our tests link what a backend's directory has found. A project that we are a part of gets none of
# it.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ${PROJECT_IS_TOP_LEVEL})

# Boost.Outcome changed its ABI in 1.79: units built against both link, and then report neither a
# value nor an error. FindBoost is not used, newer CMake versions have dropped it. A project that we
# are a part of may have brought a Boost of its own.
if(NOT TARGET Boost::headers)
  find_package(Boost CONFIG QUIET)
endif()
if(NOT TARGET Boost::headers OR (Boost_VERSION AND Boost_VERSION VERSION_LESS 1.79))
  set(found "none was found")
  if(Boost_VERSION)
    set(found "${Boost_VERSION} was found in ${Boost_DIR}")
  endif()
  message(FATAL_ERROR "statemachine needs the headers of Boost 1.79 or later, and ${found}. "
    "On Debian 12: apt-get install libboost1.81-dev (it replaces libboost1.74-dev). "
    "Elsewhere: pass -DBoost_DIR=<directory of BoostConfig.cmake>.")
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
