// Any bytes as a schema: an Error, or a schema that its own JSON, DDL and tree describe again.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tinderbox/error.h"
#include "tinderbox/types.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const tinderbox::StructType schema = tinderbox::StructType::FromJson(text);
    if (!(tinderbox::StructType::FromJson(schema.Json()) == schema)) std::abort();
    if (schema.TreeString().empty()) std::abort();
  } catch (const tinderbox::Error& e) {
    if (e.condition() == "INTERNAL_ERROR") std::abort();
  }
  try {
    const tinderbox::DataType type = tinderbox::DataType::FromDdl(text);
    if (!(tinderbox::DataType::FromJson(type.Json()) == type)) std::abort();
    if (type.Sql().empty()) std::abort();
  } catch (const tinderbox::Error& e) {
    if (e.condition() == "INTERNAL_ERROR") std::abort();
  }
  return 0;
}
