# The Spark Connect protocol, what our SQL adds to it, and gRPC's error details as one static library (spark_proto), and
# the protocol's gRPC service as another (spark_grpc), generated in the build folder from the descriptors inside
# pyspark-client and from src/spark/plan_extensions.proto. Include as "spark/connect/relations.pb.h",
# "spark/plan_extensions.pb.h", "google/rpc/status.pb.h" or "spark/connect/base.grpc.pb.h".

set(proto_in "${TINDERBOX_DEPS}/protos")
set(proto_out "${PROJECT_BINARY_DIR}/generated")
set(spark_files base catalog commands common expressions ml ml_common pipelines relations types)
list(TRANSFORM spark_files PREPEND "spark/connect/")
set(rpc_files google/rpc/status google/rpc/error_details)
find_program(PYTHON3 NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)

set(outputs)
foreach(file ${spark_files} ${rpc_files} spark/plan_extensions)
  list(APPEND outputs "${proto_out}/${file}.pb.cc" "${proto_out}/${file}.pb.h")
endforeach()
set(grpc_outputs "${proto_out}/spark/connect/base.grpc.pb.cc" "${proto_out}/spark/connect/base.grpc.pb.h")
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
file(MAKE_DIRECTORY "${proto_out}")
add_custom_command(
  OUTPUT ${outputs} ${grpc_outputs}
  COMMAND ${PYTHON3} "${PROJECT_SOURCE_DIR}/cmake/spark_descriptors.py" "${proto_in}/pyspark/sql/connect/proto" spark.fds
  COMMAND protobuf::protoc -I/usr/include --include_imports -o wellknown.fds google/protobuf/any.proto
          google/protobuf/timestamp.proto
  COMMAND protobuf::protoc --descriptor_set_in=wellknown.fds:spark.fds --cpp_out=. "$<JOIN:${spark_files},.proto;>.proto"
  COMMAND protobuf::protoc --descriptor_set_in=wellknown.fds:spark.fds --grpc_out=.
          "--plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN}" spark/connect/base.proto
  COMMAND protobuf::protoc --descriptor_set_in=wellknown.fds:spark.fds "-I${PROJECT_SOURCE_DIR}/src" --cpp_out=.
          spark/plan_extensions.proto
  COMMAND protobuf::protoc "-I${proto_in}" -I/usr/include --cpp_out=. "$<JOIN:${rpc_files},.proto;>.proto"
  DEPENDS "${PROJECT_SOURCE_DIR}/cmake/spark_descriptors.py" "${PROJECT_SOURCE_DIR}/src/spark/plan_extensions.proto"
  WORKING_DIRECTORY "${proto_out}"
  COMMENT "Generating the Spark Connect protocol"
  COMMAND_EXPAND_LISTS VERBATIM)

list(FILTER outputs INCLUDE REGEX "\\.cc$")
add_library(spark_proto STATIC ${outputs})
target_include_directories(spark_proto SYSTEM PUBLIC "${proto_out}")
target_compile_options(spark_proto PRIVATE -w -g0 -fno-sanitize=all)
target_link_libraries(spark_proto PUBLIC protobuf::libprotobuf Threads::Threads)
tinderbox_dependency(proto spark_proto)

pkg_check_modules(grpc REQUIRED IMPORTED_TARGET grpc++)
add_library(spark_grpc STATIC "${proto_out}/spark/connect/base.grpc.pb.cc")
target_compile_options(spark_grpc PRIVATE -w -g0 -fno-sanitize=all)
target_link_libraries(spark_grpc PUBLIC spark_proto PkgConfig::grpc)
tinderbox_dependency(grpc spark_grpc)
