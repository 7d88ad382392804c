set(find_static ${compiler} -DCMAKE_PREFIX_PATH=${places}/static)

consumes(find_package PROJECT find_package NEEDS static
  OPTIONS ${find_static} ${strict} -DVERSION=${PROJECT_VERSION})
consumes(find_package_without_components PROJECT find_package NEEDS static
  OPTIONS ${find_static} ${strict} -DCOMPONENTS=)
consumes(find_package_without_rtti PROJECT find_package NEEDS static
  OPTIONS ${find_static} "-DCMAKE_CXX_FLAGS=${CMAKE_CXX_FLAGS} -fno-rtti"
    -DCMAKE_NO_SYSTEM_FROM_IMPORTED=ON)
consumes(find_package_in_cxx23 PROJECT find_package NEEDS static
  OPTIONS ${find_static} ${strict} -DCMAKE_CXX_STANDARD=23)
consumes(find_package_with_clang PROJECT find_package NEEDS static
  OPTIONS -G ${CMAKE_GENERATOR} -DCMAKE_CXX_COMPILER=${CLANG} ${launcher} ${strict}
    -DCMAKE_PREFIX_PATH=${places}/static)
consumes(find_package_shared PROJECT find_package NEEDS shared
  OPTIONS ${compiler} ${strict} -DCMAKE_PREFIX_PATH=${places}/shared ${no_databases})
consumes(find_package_core_of_all PROJECT find_core NEEDS static
  OPTIONS ${find_static} ${strict} ${no_databases})
consumes(find_package_core PROJECT find_core NEEDS core
  OPTIONS ${compiler} ${strict} -DCMAKE_PREFIX_PATH=${places}/core ${no_databases})

consumes(add_subdirectory PROJECT subdirectory FROM_SOURCE UNPACK ${archive} NEEDS archive
  OPTIONS ${from_source}
    -DCMAKE_PROJECT_consumer_INCLUDE=${scripts}/side_effects.cmake)
consumes(fetch_content PROJECT fetch_content FROM_SOURCE NEEDS archive
  OPTIONS ${from_source} -DARCHIVE=${archive}
    -DFETCHCONTENT_BASE_DIR=${places}/fetch_content/third_party
    -DCMAKE_PROJECT_consumer_INCLUDE=${scripts}/side_effects.cmake)
foreach(name IN ITEMS add_subdirectory fetch_content)
  consumer_test(${name}_installs_nothing_of_ours NEEDS ${name}
    COMMAND ${CMAKE_COMMAND} -D build=${places}/${name}/build -D prefix=${places}/${name}/prefix
      -P ${scripts}/expect_nothing_installed.cmake)
  set_tests_properties(consumer.${name} PROPERTIES FIXTURES_SETUP ${name})
endforeach()

foreach(kind IN ITEMS static shared)
  set(directory ${places}/pkg_config_${kind})
  consumer_test(pkg_config_${kind} DIRECTORY ${directory} NEEDS ${kind}
    COMMAND ${scripts}/pkg_config.sh ${places}/${kind} ${directory} ${PROJECT_VERSION}
      ${CMAKE_CXX_COMPILER_LAUNCHER} ${CMAKE_CXX_COMPILER})
endforeach()
