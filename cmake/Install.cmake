# cmake --install: the program, one shared library with the whole C++ API (its own third parties inside or beside it in
# lib/tinderbox, the rest Debian's), the public headers, a CMake package and a pkg-config file. The tree can be moved.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(private_libraries "${CMAKE_INSTALL_LIBDIR}/tinderbox")

add_library(tinderbox_shared SHARED "${PROJECT_SOURCE_DIR}/cmake/library.cc")
# Every library of ours that one of these uses, users before the used: CMake then names none a second time.
set(whole tinderbox_diff tinderbox_dataframe tinderbox_connect tinderbox_engine tinderbox_sql tinderbox_csv
    tinderbox_seqfile tinderbox_spark tinderbox_store tinderbox_base)
target_link_libraries(tinderbox_shared PRIVATE ${whole})
set_property(TARGET tinderbox_shared PROPERTY LINK_LIBRARY_OVERRIDE "WHOLE_ARCHIVE,$<JOIN:${whole},$<COMMA>>")
target_include_directories(tinderbox_shared INTERFACE "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
target_compile_features(tinderbox_shared INTERFACE cxx_std_20)
set_target_properties(tinderbox_shared PROPERTIES
  OUTPUT_NAME tinderbox EXPORT_NAME Tinderbox VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
  INSTALL_RPATH "$ORIGIN/tinderbox")
add_library(Tinderbox::Tinderbox ALIAS tinderbox_shared)
set_target_properties(tinderbox PROPERTIES INSTALL_RPATH "$ORIGIN/../${private_libraries}")

install(TARGETS tinderbox_shared EXPORT TinderboxTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS tinderbox RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(IMPORTED_RUNTIME_ARTIFACTS duckdb_imported arrow_imported LIBRARY DESTINATION ${private_libraries})
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/tinderbox" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(FILES "${PROJECT_BINARY_DIR}/generated/functions/tinderbox/spark_functions.h" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/tinderbox")

set(package "${CMAKE_INSTALL_LIBDIR}/cmake/Tinderbox")
install(EXPORT TinderboxTargets NAMESPACE Tinderbox:: FILE TinderboxConfig.cmake DESTINATION ${package})
write_basic_package_version_file("${PROJECT_BINARY_DIR}/TinderboxConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/TinderboxConfigVersion.cmake" DESTINATION ${package})

file(RELATIVE_PATH pc_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" pc_prefix "${pc_prefix}")
configure_file("${PROJECT_SOURCE_DIR}/cmake/tinderbox.pc.in" "${PROJECT_BINARY_DIR}/tinderbox.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/tinderbox.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
