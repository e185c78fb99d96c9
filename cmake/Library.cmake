# What the tests labelled unit and fuzz run: all that the sanitizers need.
add_custom_target(unit)

# tinderbox_library(<folder> DEPS <folder or third party>... [TEST_DEPS ...])
#
# Makes the static library tinderbox_<folder> of every .cc file under src/<folder>, except *_test.cc, which become the
# GoogleTest program <folder>_test, and main.cc, which the caller turns into a program. DEPS is the whole list of what the
# folder may include, besides what its DEPS may; tests/layers holds the includes to it.
function(tinderbox_library folder)
  cmake_parse_arguments(arg "" "" "DEPS;TEST_DEPS" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "tinderbox_library(${folder}): unknown argument ${arg_UNPARSED_ARGUMENTS}")
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")

  set(library tinderbox_${folder})
  if(sources)
    add_library(${library} STATIC ${sources})
    target_compile_options(${library} PRIVATE ${TINDERBOX_WARNINGS})
    set(scope PUBLIC)
  else()
    add_library(${library} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${library} ${scope} "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include")
  tinderbox_link(${library} ${scope} ${arg_DEPS})

  if(tests AND NOT TINDERBOX_FUZZ)
    add_executable(${folder}_test ${tests})
    target_compile_options(${folder}_test PRIVATE ${TINDERBOX_WARNINGS} ${TINDERBOX_TEST_FLAGS})
    target_link_libraries(${folder}_test PRIVATE ${library} GTest::gmock GTest::gtest_main)
    tinderbox_link(${folder}_test PRIVATE ${arg_TEST_DEPS})
    add_test(NAME ${folder}_test COMMAND ${folder}_test WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    set_tests_properties(${folder}_test PROPERTIES LABELS unit
      ENVIRONMENT "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/cmake/lsan.supp:print_suppressions=0")
    add_dependencies(unit ${folder}_test)
  endif()
endfunction()

# Links folders (tinderbox_<name>) and third parties (tinderbox_dep_<name>) by their short names.
function(tinderbox_link target scope)
  foreach(name ${ARGN})
    if(TARGET tinderbox_${name})
      target_link_libraries(${target} ${scope} tinderbox_${name})
    elseif(TARGET tinderbox_dep_${name})
      target_link_libraries(${target} ${scope} tinderbox_dep_${name})
    else()
      message(FATAL_ERROR "${target} asks for '${name}', which is neither a folder above it nor a known third party.")
    endif()
  endforeach()
endfunction()
