# Builds a project outside of this tree, in a fresh directory, and runs its program `consumer` with
# a connection to the server of the tests. The arguments after `--` go to CMake.
#     cmake -D project=FOLDER -D directory=... [-D archive=...]
#           -P build_and_run.cmake -- ARGUMENT...
include(${CMAKE_CURRENT_LIST_DIR}/arguments.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/unpack.cmake)
if(NOT DEFINED ENV{STATEMACHINE_TEST_CONNINFO})
  message(FATAL_ERROR "no server: run ctest by scripts/postgres-server")
endif()

file(REMOVE_RECURSE ${directory})
file(COPY ${project}/ ${CMAKE_CURRENT_LIST_DIR}/program/ DESTINATION ${directory})
if(archive)
  unpack(${archive} ${directory}/third_party/statemachine-src)
endif()

set(build ${directory}/build)
execute_process(COMMAND ${CMAKE_COMMAND} -S ${directory} -B ${build} ${arguments}
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${build} --parallel 2
  OUTPUT_VARIABLE output RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "it does not build:\n${output}")
endif()
execute_process(COMMAND ${build}/consumer $ENV{STATEMACHINE_TEST_CONNINFO}
  WORKING_DIRECTORY ${directory} COMMAND_ERROR_IS_FATAL ANY)
