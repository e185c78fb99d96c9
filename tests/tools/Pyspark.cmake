# pyspark_test(name script timeout arguments...): a test that runs a script of this folder in a Python with pyspark-client.
# That Python is TINDERBOX_PYSPARK, or what tests/tools/pyspark.sh made in the cache; without one the test says so and is
# skipped.
include_guard()
set(TINDERBOX_PYSPARK "$ENV{TINDERBOX_PYSPARK}" CACHE FILEPATH "a Python with the packages of tests/tools/requirements.txt")
set(PYSPARK_TOOLS "${CMAKE_CURRENT_LIST_DIR}")

function(pyspark_test name script timeout)
  add_test(NAME ${name} COMMAND "${PYSPARK_TOOLS}/with_pyspark.sh" "${TINDERBOX_PYSPARK}" -B "${CMAKE_CURRENT_SOURCE_DIR}/${script}"
           $<TARGET_FILE:tinderbox> ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS spark TIMEOUT ${timeout} SKIP_RETURN_CODE 77 PROCESSORS 2 ENVIRONMENT "PYTHONWARNINGS=ignore")
endfunction()
