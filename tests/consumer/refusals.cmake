# What a newcomer is told.
set(project ${scripts}/find_package)
math(EXPR next_minor "${PROJECT_VERSION_MINOR} + 1")

refused_by_cmake(an_unknown_component_is_refused NEEDS static PROJECT ${project}
  SENTENCE "statemachine has no component 'oracle': it has sqlite, postgres and testing."
  OPTIONS -DCMAKE_PREFIX_PATH=${places}/static -DCOMPONENTS=oracle)
refused_by_cmake(a_component_that_was_not_built_is_refused NEEDS core PROJECT ${project}
  SENTENCE "This statemachine was built without its component 'postgres': build it with -DSTATEMACHINE_POSTGRES=ON."
  OPTIONS -DCMAKE_PREFIX_PATH=${places}/core)
refused_by_cmake(a_later_version_is_refused NEEDS static PROJECT ${project}
  SENTENCE "compatible with requested version \"${PROJECT_VERSION_MAJOR}.${next_minor}\""
  OPTIONS -DCMAKE_PREFIX_PATH=${places}/static -DVERSION=${PROJECT_VERSION_MAJOR}.${next_minor})

# A static library is linked together with what it needs.
refused_by_cmake(a_static_backend_without_libpq_is_refused NEEDS static PROJECT ${project}
  SENTENCE "component 'postgres' needs libpq 14 or later to be linked, and it was not found. On Debian: apt-get install libpq-dev."
  OPTIONS -DCMAKE_PREFIX_PATH=${places}/static -DCMAKE_DISABLE_FIND_PACKAGE_PostgreSQL=ON)
refused_by_cmake(a_static_backend_without_sqlitecpp_is_refused NEEDS static PROJECT ${project}
  SENTENCE "'sqlite' needs SQLite 3.37 or later and SQLiteCpp to be linked, and they were not found."
  OPTIONS -DCMAKE_PREFIX_PATH=${places}/static -DCMAKE_DISABLE_FIND_PACKAGE_SQLiteCpp=ON)
refused_by_cmake(a_consumer_without_boost_is_refused NEEDS static PROJECT ${project}
  SENTENCE "statemachine needs the headers of Boost 1.79 or later, and none were found."
  OPTIONS -DCMAKE_PREFIX_PATH=${places}/static -DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON)

refused_by_cmake(a_boost_before_1_79_is_refused PROJECT ${PROJECT_SOURCE_DIR}
  SENTENCE "statemachine needs the headers of Boost 1.79 or later, and 1.78.0 was found"
  OPTIONS -DBoost_DIR=${scripts}/old_boost)
refused_by_cmake(a_build_without_boost_is_refused PROJECT ${PROJECT_SOURCE_DIR}
  SENTENCE "statemachine needs the headers of Boost 1.79 or later, and none was found. On Debian 12: apt-get install libboost1.81-dev"
  OPTIONS -DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON)
refused_by_cmake(a_build_without_sqlitecpp_is_refused PROJECT ${PROJECT_SOURCE_DIR}
  SENTENCE "Or leave the backend out: -DSTATEMACHINE_SQLITE=OFF."
  OPTIONS -DCMAKE_DISABLE_FIND_PACKAGE_SQLiteCpp=ON)
refused_by_cmake(a_build_without_libpq_is_refused PROJECT ${PROJECT_SOURCE_DIR}
  SENTENCE "To build without the backend: pass -DSTATEMACHINE_POSTGRES=OFF."
  OPTIONS -DCMAKE_DISABLE_FIND_PACKAGE_PostgreSQL=ON)

# pkg-config does not know of Boost, and the compiler may find another one than CMake.
consumer_test(a_header_refuses_an_old_boost NEEDS static
  COMMAND ${CMAKE_CXX_COMPILER} -std=c++20 -fsyntax-only
    -I${scripts}/old_boost -I${places}/static/include ${scripts}/program/core.cpp)
set_tests_properties(consumer.a_header_refuses_an_old_boost PROPERTIES PASS_REGULAR_EXPRESSION
  "statemachine needs the headers of Boost 1.79 or later")
