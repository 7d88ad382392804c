# Installs a build somewhere and moves the whole to `prefix`, where it has to work as well. What is
# installed names neither its first place nor the trees that it was made from.
#     cmake -D build=... -D source=... -D prefix=... [-D with_debug_information=ON] -P install.cmake
set(staged ${prefix}-staged)
file(REMOVE_RECURSE ${staged} ${prefix})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${build} --prefix ${staged}
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)

# The places of the sources are a part of debug information.
set(pattern *)
if(with_debug_information)
  set(pattern *.cmake *.pc *.hpp)
endif()
list(TRANSFORM pattern PREPEND ${staged}/ OUTPUT_VARIABLE pattern)
file(GLOB_RECURSE files ${pattern})
if(NOT files)
  message(FATAL_ERROR "nothing was installed")
endif()
foreach(file IN LISTS files)
  foreach(place IN ITEMS ${source} ${build} ${staged})
    execute_process(COMMAND grep -c -F -e ${place} ${file} OUTPUT_VARIABLE count)
    if(count GREATER 0)
      message(FATAL_ERROR "${file} names ${place}")
    endif()
  endforeach()
endforeach()

# Each header of the core and of the backends that are there.
set(bases ${source}/include)
foreach(backend IN ITEMS sqlite postgres)
  file(GLOB_RECURSE package ${staged}/statemachine-${backend}.cmake)
  if(package)
    list(APPEND bases ${source}/backends/${backend}/include)
  endif()
endforeach()
foreach(base IN LISTS bases)
  file(GLOB_RECURSE headers RELATIVE ${base} ${base}/*.hpp)
  foreach(header IN LISTS headers)
    if(NOT EXISTS ${staged}/include/${header})
      message(FATAL_ERROR "${header} is not installed")
    endif()
  endforeach()
endforeach()

file(RENAME ${staged} ${prefix})
