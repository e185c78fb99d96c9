#include "engine/files/read.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <time.h>

#include <ctime>

#include "engine/files/parquet.h"
#include "engine/files/text.h"
#include "engine/files/write.h"
#include "engine/files/xml.h"
#include "engine/translate/relation_translator.h"
#include "store/store.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

std::optional<std::string> FindOption(const std::map<std::string, std::string>& options, std::string_view name) {
  for (const auto& [key, value] : options) {
    if (SameName(key, name, false)) return value;
  }
  return std::nullopt;
}

namespace {

/// Seconds since the epoch of "2020-01-31T12:30:00", in UTC.
int64_t ParseTime(const char* name, const std::string& text) {
  std::tm time{};
  const char* end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  if (end != nullptr && *end == '\0') return timegm(&time);
  throw Error(
      "INVALID_PARAMETER_VALUE",
      fmt::format("The option {} has the value \"{}\"; it must be a time like 2020-01-31T12:30:00.", name, text),
      {{"option", name}});
}

bool IsTrue(const std::optional<std::string>& value) {
  return value && SameName(*value, "true", false);
}

}  // namespace

ListOptions ListOptionsOf(const FileRead& request) {
  ListOptions out;
  out.recursive = IsTrue(FindOption(request.options, "recursiveFileLookup"));
  out.name_glob = FindOption(request.options, "pathGlobFilter").value_or("");
  out.base = FindOption(request.options, "basePath").value_or("");
  out.remote = request.remote;
  if (const auto time = FindOption(request.options, "modifiedBefore")) {
    out.modified_before = ParseTime("modifiedBefore", *time);
  }
  if (const auto time = FindOption(request.options, "modifiedAfter")) {
    out.modified_after = ParseTime("modifiedAfter", *time);
  }
  if (IsTrue(FindOption(request.options, "ignoreCorruptFiles"))) {
    throw Error("UNSUPPORTED_FEATURE.READ_OPTION",
                "The embedded engine does not support the option ignoreCorruptFiles.",
                {{"option", "ignoreCorruptFiles"}});
  }
  return out;
}

OutputColumn MetadataColumn(bool row_index) {
  const auto field = [](const char* name, TypeKind kind) { return StructField{name, DataType(kind), false, "{}"}; };
  std::vector<StructField> fields{
      field("file_path", TypeKind::kString),       field("file_name", TypeKind::kString),
      field("file_size", TypeKind::kLong),         field("file_block_start", TypeKind::kLong),
      field("file_block_length", TypeKind::kLong), field("file_modification_time", TypeKind::kTimestamp)};
  if (row_index) fields.push_back(field("row_index", TypeKind::kLong));
  OutputColumn out = NewColumn("_metadata", DataType::Struct(std::move(fields)), false);
  out.metadata_json = R"({"__file_source_metadata_col":true,"__metadata_col":"_metadata"})";
  return out;
}

Sql MetadataValue(const InputFile& file) {
  // Of a URL's path, what Java escapes.
  std::string path;
  const std::string local = file.path.string();
  const std::string name = store::RemoteName(local);
  for (const char c : name) {
    if (static_cast<unsigned char>(c) <= ' ' ||
        std::string_view("\"%<>?#[]^`{|}\\").find(c) != std::string_view::npos) {
      path += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      path += c;
    }
  }
  struct stat status {};
  ::stat(file.path.c_str(), &status);
  const auto whole = [](long long value) { return CastTo(IntegerLiteral(value), DataType(TypeKind::kLong)); };
  const Sql size = whole(static_cast<long long>(file.size));
  std::vector<Sql> parts{
      Template("file_path := $1", {StringLiteral(name == local ? "file:" + path : path)}),
      Template("file_name := $1", {StringLiteral(path.substr(path.rfind('/') + 1))}),
      Template("file_size := $1", {size}),
      Template("file_block_start := $1", {whole(0)}),
      Template("file_block_length := $1", {size}),
      Template("file_modification_time := make_timestamptz($1)",
               {whole(status.st_mtim.tv_sec * 1000000LL + status.st_mtim.tv_nsec / 1000000 * 1000)}),
  };
  return Call("struct_pack", parts);
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
  const bool sequence = SameName(request.format, "sequencefile", false);
  if (request.paths.empty()) {
    if (!sequence) CheckFileFormat(request.format);
    throw Error("UNABLE_TO_INFER_SCHEMA",
                fmt::format("Unable to infer schema for {}. It must be specified manually.", request.format),
                {{"format", request.format}});
  }
  if (SameName(request.format, "parquet", false) || request.format.empty()) return ReadParquet(request, database);
  if (SameName(request.format, "csv", false)) return ReadCsv(request);
  if (SameName(request.format, "json", false)) return ReadJson(request);
  if (SameName(request.format, "text", false)) return ReadTextLines(request);
  if (SameName(request.format, "xml", false)) return ReadXml(request);
  if (sequence) return ReadSequenceFiles(request);
  CheckFileFormat(request.format);
  throw Error("UNSUPPORTED_FEATURE.DATA_SOURCE",
              fmt::format("The embedded engine does not read the format {}.", request.format),
              {{"provider", request.format}});
}

}  // namespace tinderbox::engine
