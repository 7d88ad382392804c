# Installs NAME.pc, which works wherever the prefix is moved.
#     statemachine_pkg_config(NAME LIBRARY name DESCRIPTION text [FLAGS flag...]
#                             [INCLUDES directory...] [REQUIRES module...]
#                             [STATIC_REQUIRES module...] [STATIC_LIBRARIES target...])
# STATIC_* is what a static archive of ours leaves to its user. It is linked without `--static` too,
# which asks for static archives of everything: Debian has none of what libpq needs.
function(statemachine_pkg_config pc_name)
  cmake_parse_arguments(PARSE_ARGV 1 pc "" "LIBRARY;DESCRIPTION"
    "FLAGS;INCLUDES;REQUIRES;STATIC_REQUIRES;STATIC_LIBRARIES")
  set(pc_cflags -I\${includedir} ${pc_FLAGS})
  set(pc_libs -L\${libdir} -l${pc_LIBRARY} ${pc_FLAGS})
  foreach(directory IN LISTS pc_INCLUDES)
    if(NOT directory IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
      list(APPEND pc_cflags -I${directory})
    endif()
  endforeach()
  if(package_is_static)
    list(APPEND pc_REQUIRES ${pc_STATIC_REQUIRES})
    foreach(target IN LISTS pc_STATIC_LIBRARIES)
      statemachine_link_flags(${target} flags)
      list(APPEND pc_libs ${flags})
    endforeach()
  endif()
  list(JOIN pc_cflags " " pc_cflags)
  list(JOIN pc_libs " " pc_libs)
  list(JOIN pc_REQUIRES ", " pc_requires)

  set(pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  if(IS_ABSOLUTE ${pc_dir})
    set(pc_prefix ${CMAKE_INSTALL_PREFIX})
  else()
    file(RELATIVE_PATH pc_prefix /prefix/${pc_dir} /prefix)
    string(REGEX REPLACE "/$" "" pc_prefix \${pcfiledir}/${pc_prefix})
  endif()
  cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_LIBDIR BASE_DIRECTORY \${prefix} OUTPUT_VARIABLE pc_libdir)
  cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_INCLUDEDIR BASE_DIRECTORY \${prefix}
    OUTPUT_VARIABLE pc_includedir)

  configure_file(${PROJECT_SOURCE_DIR}/cmake/statemachine.pc.in ${pc_name}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${pc_name}.pc DESTINATION ${pc_dir}
    COMPONENT statemachine_development)
endfunction()

# Sets `flags` in the caller to what links an imported library by its name.
function(statemachine_link_flags target flags)
  set(found)
  foreach(property IN ITEMS IMPORTED_LOCATION IMPORTED_LOCATION_RELEASE IMPORTED_LOCATION_NONE)
    get_target_property(location ${target} ${property})
    if(location)
      cmake_path(GET location PARENT_PATH directory)
      if(NOT directory IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
        set(found -L${directory})
      endif()
    endif()
  endforeach()
  set(${flags} ${found} -l${target} PARENT_SCOPE)
endfunction()
