# Packs the source tree as a release would, with one folder on top.
#     cmake -D source=... -D archive=FILE.tar.gz -P archive.cmake
cmake_path(GET archive PARENT_PATH directory)
file(REMOVE_RECURSE ${directory})
file(COPY ${source}/ DESTINATION ${directory}/statemachine
  REGEX "^${source}/(build[^/]*|\\.git)$" EXCLUDE)
execute_process(COMMAND ${CMAKE_COMMAND} -E tar czf ${archive} statemachine
  WORKING_DIRECTORY ${directory} COMMAND_ERROR_IS_FATAL ANY)
file(REMOVE_RECURSE ${directory}/statemachine)
