# Runs CMake with the arguments after `--` in a fresh directory, and expects it to fail with
# `sentence` in its message.
#     cmake -D sentence=... -D directory=... -P expect_refusal.cmake -- ARGUMENT...
include(${CMAKE_CURRENT_LIST_DIR}/arguments.cmake)
file(REMOVE_RECURSE ${directory})

execute_process(COMMAND ${CMAKE_COMMAND} -B ${directory} ${arguments}
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
string(REGEX REPLACE "[ \n]+" " " words "${output}")  # CMake breaks its messages into lines
string(FIND "${words}" "${sentence}" position)
if(status EQUAL 0 OR position EQUAL -1)
  message(FATAL_ERROR "CMake ended with ${status} and without saying '${sentence}':\n${output}")
endif()
