// Any text as a Spark SQL statement: the parser ends in a plan or in an Error that is not INTERNAL_ERROR. A view's
// query text is a query of its own, so it parses again.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "spark/plan_extensions.pb.h"
#include "spark/proto.h"
#include "sql/parser.h"
#include "tinderbox/error.h"

namespace {

void Finding(const std::string& what) {
  std::fprintf(stderr, "finding: %s\n", what.c_str());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > (1 << 16)) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    const tinderbox::proto::Plan plan = tinderbox::sql::ParseStatement(text);
    tinderbox::plan::Statement statement;
    if (!plan.has_command() || !plan.command().extension().UnpackTo(&statement)) return 0;
    if (!statement.has_create_view() || statement.create_view().query_text().empty()) return 0;
    try {
      tinderbox::sql::ParseQuery(statement.create_view().query_text());
    } catch (const tinderbox::Error& error) {
      Finding(std::string("the text of a view does not parse: ") + error.what());
    }
  } catch (const tinderbox::Error& error) {
    if (error.condition() == "INTERNAL_ERROR") Finding(error.what());
  }
  return 0;
}
