# Runs the suite against a library with one guard less, once for each guard.
add_test(NAME conformance.each_missing_guard_is_noticed
  COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/mutation_test.py
    $<TARGET_FILE:conformance>)
set_tests_properties(conformance.each_missing_guard_is_noticed PROPERTIES
  TIMEOUT 600 PROCESSORS 2)
