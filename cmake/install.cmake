# What `cmake --install` puts where, and the packages that find_package(statemachine) and pkg-config
# read. Each library is an export of its own, so that a user of one backend needs nothing of the
# other. `--component statemachine_runtime` installs what a program needs that runs with the shared
# libraries, `--component statemachine_development` the rest.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
include(cmake/pkg_config.cmake)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/statemachine)

foreach(name IN ITEMS statemachine sqlite testing postgres)
  set(component statemachine_runtime)
  if(name STREQUAL testing)
    set(component statemachine_development)
  endif()
  if(TARGET statemachine_${name})
    install(TARGETS statemachine_${name} EXPORT statemachine-${name}
      RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ${component}
      LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component}
        NAMELINK_COMPONENT statemachine_development
      ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT statemachine_development
      FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT statemachine_development)
    install(EXPORT statemachine-${name} DESTINATION ${package_dir} NAMESPACE statemachine::
      COMPONENT statemachine_development)
  endif()
endforeach()

# A static library leaves its dependencies to be linked by its user.
get_target_property(library_type statemachine_statemachine TYPE)
set(package_is_static OFF)
if(library_type STREQUAL STATIC_LIBRARY)
  set(package_is_static ON)
endif()

# Before 1.0 any minor version may change the API.
set(compatible_within SameMajorVersion)
if(PROJECT_VERSION_MAJOR EQUAL 0)
  set(compatible_within SameMinorVersion)
endif()

configure_package_config_file(cmake/statemachine-config.cmake.in statemachine-config.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/statemachine-config-version.cmake
  COMPATIBILITY ${compatible_within})
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/statemachine-config.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/statemachine-config-version.cmake
  DESTINATION ${package_dir} COMPONENT statemachine_development)

statemachine_pkg_config(statemachine LIBRARY statemachine
  DESCRIPTION "${PROJECT_DESCRIPTION}" FLAGS -pthread INCLUDES ${Boost_INCLUDE_DIRS})
set(requires "statemachine = ${PROJECT_VERSION}")
if(TARGET statemachine_sqlite)
  statemachine_pkg_config(statemachine-sqlite LIBRARY statemachine_sqlite
    DESCRIPTION "SQLite backend of statemachine" REQUIRES ${requires}
    STATIC_REQUIRES "sqlite3 >= 3.37" STATIC_LIBRARIES SQLiteCpp)
endif()
if(TARGET statemachine_postgres)
  statemachine_pkg_config(statemachine-postgres LIBRARY statemachine_postgres
    DESCRIPTION "PostgreSQL backend of statemachine" REQUIRES ${requires}
    STATIC_REQUIRES "libpq >= 14")
endif()
