# Installs the project of a consumer, which has install rules only if the library brought some.
#     cmake -D build=... -D prefix=... -P expect_nothing_installed.cmake
file(REMOVE_RECURSE ${prefix})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${build} --prefix ${prefix}
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
file(GLOB_RECURSE files ${prefix}/*)
if(files)
  message(FATAL_ERROR "installed without being asked for: ${files}")
endif()
