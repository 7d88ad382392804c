# Faults of the machine itself: its power, its disks, its processes and its clock. What needs mounts
# needs root, and tells so where it is not.
add_library(faults_local STATIC local_program.cpp local_roles.cpp local_worker.cpp
  local_doomed.cpp local_crew.cpp local_disks.cpp local_failing_disk.cpp)
target_link_libraries(faults_local PUBLIC faults_workload conformance_place SQLite::SQLite3)

# Runs with one seed, and with so many under the label `full`.
function(local_test name seeds)
  statemachine_test(${name} SOURCES ${name}.cpp local_main.cpp LIBRARIES faults_local SECONDS 400)
  more_seeds_of(${name} ${seeds})
endfunction()
# Runs under the label `full` alone.
function(long_local_test name seeds)
  statemachine_test(${name} SOURCES ${name}.cpp local_main.cpp LIBRARIES faults_local SECONDS 900
    LABEL full)
  more_seeds_of(${name} ${seeds})
endfunction()

local_test(local_power_loss_test 10)
long_local_test(local_power_loss_postgres_test 3)
local_test(local_disk_full_test 10)
local_test(local_kills_test 20)
local_test(local_freezes_test 10)
local_test(local_steps_test 1)
local_test(local_disk_errors_test 10)
local_test(local_storms_test 5)
local_test(local_clocks_test 5)
