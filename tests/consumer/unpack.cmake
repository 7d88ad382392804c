# Unpacks an archive with one folder on top, and names that folder `place`.
function(unpack archive place)
  cmake_path(GET place PARENT_PATH directory)
  file(ARCHIVE_EXTRACT INPUT ${archive} DESTINATION ${directory})
  file(RENAME ${directory}/statemachine ${place})
endfunction()
