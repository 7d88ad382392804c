# Runs the suite against a library with one guard less, once for each guard. What killed each is in
# mutants.md and mutants_of_sources.md of the build.
set(mutation ${CMAKE_CURRENT_SOURCE_DIR}/mutation_test.py $<TARGET_FILE:conformance>)
add_test(NAME conformance.each_missing_guard_is_noticed
  COMMAND Python3::Interpreter ${mutation} --report ${PROJECT_BINARY_DIR}/mutants.md)
set_tests_properties(conformance.each_missing_guard_is_noticed PROPERTIES
  TIMEOUT 1200 PROCESSORS 2)

# The same for guards that stand in C++: each is compiled and linked.
add_test(NAME conformance.each_missing_line_is_noticed
  COMMAND Python3::Interpreter ${mutation} --sources ${PROJECT_BINARY_DIR}
    --report ${PROJECT_BINARY_DIR}/mutants_of_sources.md)
set_tests_properties(conformance.each_missing_line_is_noticed PROPERTIES
  TIMEOUT 1200 PROCESSORS 2 LABELS "full;steady")

add_test(NAME conformance.each_rule_has_a_mutant_and_the_document_names_it
  COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/mutants_document.py
    $<TARGET_FILE:conformance> ${PROJECT_SOURCE_DIR}/docs/mutants.md)
