# What the consumers consume: the source tree as an archive, and three installations.
consumer_test(the_sources_pack SETUP archive
  COMMAND ${CMAKE_COMMAND} -D source=${PROJECT_SOURCE_DIR} -D archive=${archive}
    -P ${scripts}/archive.cmake)

consumer_test(static_installs SETUP static
  COMMAND ${CMAKE_COMMAND} -D source=${PROJECT_SOURCE_DIR} -D build=${PROJECT_BINARY_DIR}
    -D prefix=${places}/static -D with_debug_information=ON -P ${scripts}/install.cmake)

# Builds and installs the archive to a prefix of the same name.
function(package_from_archive name)
  set(directory ${places}/${name}-build)
  consumer_test(${name}_builds DIRECTORY ${directory} SETUP ${name}_build NEEDS archive
    COMMAND ${CMAKE_COMMAND} -D archive=${archive} -D directory=${directory}
      -P ${scripts}/build_archive.cmake -- ${from_source}
      -DSTATEMACHINE_TESTS=OFF -DSTATEMACHINE_EXAMPLES=OFF ${ARGN})
  set_tests_properties(consumer.${name}_builds PROPERTIES PROCESSORS 2)
  consumer_test(${name}_installs SETUP ${name} NEEDS ${name}_build
    COMMAND ${CMAKE_COMMAND} -D source=${directory}/third_party/statemachine-src
      -D build=${directory}/build -D prefix=${places}/${name} -P ${scripts}/install.cmake)
endfunction()

package_from_archive(shared -DBUILD_SHARED_LIBS=ON)

# With neither backend it needs Boost alone.
package_from_archive(core -DSTATEMACHINE_SQLITE=OFF -DSTATEMACHINE_POSTGRES=OFF ${no_databases})
set_tests_properties(consumer.core_builds PROPERTIES DEPENDS consumer.shared_builds)

consumer_test(shared_libraries_give_out_our_symbols_alone NEEDS shared
  COMMAND Python3::Interpreter ${scripts}/shared_libraries_test.py ${places}/shared
    ${PROJECT_VERSION})

# What a program needs that was linked with the shared libraries, and nothing else.
consumer_test(the_runtime_component_is_the_shared_libraries NEEDS shared_build
  COMMAND ${CMAKE_COMMAND} -D build=${places}/shared-build/build -D prefix=${places}/runtime
    -P ${scripts}/install_runtime.cmake)
