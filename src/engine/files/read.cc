#include "engine/files/read.h"

#include <fmt/format.h>

#include "engine/files/parquet.h"
#include "engine/files/text.h"
#include "engine/translate/relation_translator.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

std::optional<std::string> FindOption(const std::map<std::string, std::string>& options, std::string_view name) {
  for (const auto& [key, value] : options) {
    if (SameName(key, name, false)) return value;
  }
  return std::nullopt;
}

FileTable ReadFiles(const FileRead& given, Database& database) {
  FileRead request = given;
  for (auto it = request.options.begin(); it != request.options.end();) {
    // load("x") and option("path", "x") are the same.
    if (SameName(it->first, "path", false)) {
      request.paths.push_back(it->second);
      it = request.options.erase(it);
    } else {
      ++it;
    }
  }
  if (request.paths.empty()) {
    throw Error("DATA_SOURCE_NOT_FOUND.NO_PATH", fmt::format("Reading {} needs a path.", request.format));
  }
  if (SameName(request.format, "parquet", false) || request.format.empty()) return ReadParquet(request, database);
  if (SameName(request.format, "csv", false)) return ReadCsv(request);
  if (SameName(request.format, "json", false)) return ReadJson(request);
  throw Error("DATA_SOURCE_NOT_FOUND",
              fmt::format("The embedded engine reads csv, json and parquet, not \"{}\".", request.format),
              {{"provider", request.format}});
}

}  // namespace tinderbox::engine
