# The Spark Connect protocol and gRPC's error details as one static library, generated in the build folder from the
# descriptors inside pyspark-client. Include as "spark/connect/relations.pb.h" or "google/rpc/status.pb.h".

set(proto_in "${TINDERBOX_DEPS}/protos")
set(proto_out "${PROJECT_BINARY_DIR}/generated")
set(spark_files base catalog commands common expressions ml ml_common pipelines relations types)
list(TRANSFORM spark_files PREPEND "spark/connect/")
set(rpc_files google/rpc/status google/rpc/error_details)
find_program(PYTHON3 NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)

set(outputs)
foreach(file ${spark_files} ${rpc_files})
  list(APPEND outputs "${proto_out}/${file}.pb.cc" "${proto_out}/${file}.pb.h")
endforeach()
file(MAKE_DIRECTORY "${proto_out}")
add_custom_command(
  OUTPUT ${outputs}
  COMMAND ${PYTHON3} "${PROJECT_SOURCE_DIR}/cmake/spark_descriptors.py" "${proto_in}/pyspark/sql/connect/proto" spark.fds
  COMMAND protobuf::protoc -I/usr/include --include_imports -o wellknown.fds google/protobuf/any.proto
          google/protobuf/timestamp.proto
  COMMAND protobuf::protoc --descriptor_set_in=wellknown.fds:spark.fds --cpp_out=. "$<JOIN:${spark_files},.proto;>.proto"
  COMMAND protobuf::protoc "-I${proto_in}" -I/usr/include --cpp_out=. "$<JOIN:${rpc_files},.proto;>.proto"
  DEPENDS "${PROJECT_SOURCE_DIR}/cmake/spark_descriptors.py"
  WORKING_DIRECTORY "${proto_out}"
  COMMENT "Generating the Spark Connect protocol"
  COMMAND_EXPAND_LISTS VERBATIM)

list(FILTER outputs INCLUDE REGEX "\\.cc$")
add_library(spark_proto STATIC ${outputs})
target_include_directories(spark_proto SYSTEM PUBLIC "${proto_out}")
target_compile_options(spark_proto PRIVATE -w -g0 -fno-sanitize=all)
target_link_libraries(spark_proto PUBLIC protobuf::libprotobuf Threads::Threads)
tinderbox_dependency(proto spark_proto)
