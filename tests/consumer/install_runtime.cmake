# Installs the runtime component of a shared build, and looks at what it is.
#     cmake -D build=... -D prefix=... -P install_runtime.cmake
file(REMOVE_RECURSE ${prefix})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${build} --prefix ${prefix}
    --component statemachine_runtime
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
file(GLOB_RECURSE files RELATIVE ${prefix} ${prefix}/*)
foreach(name IN ITEMS statemachine statemachine_sqlite statemachine_postgres)
  list(FILTER files EXCLUDE REGEX "^lib(/.*)?/lib${name}\\.so\\.[0-9]+\\.[0-9]+\\.[0-9]+$")
  list(FILTER files EXCLUDE REGEX "^lib(/.*)?/lib${name}\\.so\\.[0-9]+\\.[0-9]+$")
  file(GLOB_RECURSE library ${prefix}/lib${name}.so.*)
  if(NOT library)
    message(FATAL_ERROR "lib${name} is not installed")
  endif()
endforeach()
if(files)
  message(FATAL_ERROR "no program needs this to run: ${files}")
endif()
