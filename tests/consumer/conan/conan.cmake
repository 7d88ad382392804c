# The Conan package, made with what is on this machine: from the system's libraries as a profile
# names them, and from packages that look to the recipe as ConanCenter's do.
set(conan ${scripts}/conan)

consumer_test(conan_finds_what_each_option_needs
  COMMAND Python3::Interpreter ${conan}/graph_test.py ${PROJECT_SOURCE_DIR} ${PROJECT_VERSION}
    ${places}/conan_graph)

foreach(kind IN ITEMS static shared)
  set(directory ${places}/conan_${kind})
  consumer_test(conan_creates_a_${kind}_package DIRECTORY ${directory}
    COMMAND ${conan}/create_and_consume.sh ${kind} ${PROJECT_SOURCE_DIR} ${directory})
  set_tests_properties(consumer.conan_creates_a_${kind}_package PROPERTIES PROCESSORS 2)
  if(CMAKE_CXX_COMPILER_LAUNCHER)
    set_property(TEST consumer.conan_creates_a_${kind}_package APPEND PROPERTY
      ENVIRONMENT CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER})
  endif()
endforeach()
set_tests_properties(consumer.conan_creates_a_shared_package PROPERTIES
  DEPENDS consumer.conan_creates_a_static_package)
