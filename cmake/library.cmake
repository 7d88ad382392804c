# A library of ours: our headers as a file set, and no symbol that is not ours to give.
#     statemachine_library(name)
function(statemachine_library name)
  set(target statemachine_${name})
  add_library(${target})
  add_library(statemachine::${name} ALIAS ${target})
  target_compile_features(${target} PUBLIC cxx_std_20)
  # Objects are the same for static and shared libraries, so that a compiler cache serves both.
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name}
    DEFINE_SYMBOL ""
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL})
  if(NOT DEFINED CMAKE_POSITION_INDEPENDENT_CODE)
    set_property(TARGET ${target} PROPERTY POSITION_INDEPENDENT_CODE ON)
  endif()

  # What the visibility leaves: instances of the standard library's templates, and the symbols of
  # static archives that are linked in.
  if(UNIX AND NOT APPLE)
    set(symbols ${PROJECT_SOURCE_DIR}/cmake/exported_symbols.map)
    target_link_options(${target} PRIVATE LINKER:--version-script=${symbols})
    set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${symbols})

    # A backend finds the core beside itself, wherever the two are moved.
    if(NOT DEFINED CMAKE_INSTALL_RPATH)
      set_property(TARGET ${target} PROPERTY INSTALL_RPATH "$ORIGIN")
    endif()
  endif()
endfunction()
