# Builds what an archive has in it, in a fresh directory. The arguments after `--` go to CMake.
#     cmake -D archive=... -D directory=... -P build_archive.cmake -- ARGUMENT...
include(${CMAKE_CURRENT_LIST_DIR}/arguments.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/unpack.cmake)

file(REMOVE_RECURSE ${directory})
unpack(${archive} ${directory}/third_party/statemachine-src)
execute_process(
  COMMAND ${CMAKE_COMMAND} -S ${directory}/third_party/statemachine-src -B ${directory}/build
    ${arguments}
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${directory}/build --parallel 2
  OUTPUT_VARIABLE output RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "it does not build:\n${output}")
endif()
