#include "engine/files/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "csv/infer.h"
#include "engine/files/json_source.h"
#include "engine/files/sequencefile_source.h"
#include "engine/files/text_lines.h"
#include "engine/limits.h"
#include "engine/translate/relation_translator.h"
#include "spark/proto.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using Options = std::map<std::string, std::string>;
using Infer = std::function<StructType(const std::vector<std::string>&, const Options&)>;

std::string Spec(const std::vector<std::string>& files, const Options& options, const StructType& schema) {
  nlohmann::json json;
  json["files"] = files;
  json["options"] = options;
  json["schema"] = nlohmann::json::parse(schema.Json());
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// The option that holds the format of a type's texts, the format that the readers know themselves, and the function
/// that reads any other.
struct TimeFormat {
  TypeKind kind;
  const char* option;
  const char* own;
  const char* function;
};
constexpr TimeFormat kTimeFormats[] = {
    {TypeKind::kDate, "dateFormat", "yyyy-MM-dd", "to_date"},
    {TypeKind::kTimestamp, "timestampFormat", "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]", "to_timestamp"},
    {TypeKind::kTimestampNtz, "timestampNTZFormat", "yyyy-MM-dd'T'HH:mm:ss[.SSS]", "to_timestamp_ntz"},
};

/// Makes the readers give texts for the columns of a type with a format of its own; returns how each column becomes
/// what the schema says, or nothing. Formats that columns are inferred with, or that decide which records are
/// malformed, stay in the options, for the readers to refuse.
std::vector<const TimeFormat*> TakeFormats(const FileRead& request, StructType* schema, Options* options,
                                           std::vector<std::string>* formats) {
  std::vector<const TimeFormat*> out(schema->fields.size(), nullptr);
  formats->resize(schema->fields.size());
  const std::string mode = FindOption(*options, "mode").value_or("PERMISSIVE");
  const std::string corrupt = FindOption(*options, "columnNameOfCorruptRecord").value_or("_corrupt_record");
  if (!request.schema || !SameName(mode, "PERMISSIVE", false) || schema->Find(corrupt)) return out;
  for (const TimeFormat& known : kTimeFormats) {
    const auto format = FindOption(*options, known.option);
    if (!format || *format == known.own) continue;
    for (size_t i = 0; i < schema->fields.size(); ++i) {
      if (schema->fields[i].type.kind() != known.kind) continue;
      out[i] = &known;
      (*formats)[i] = *format;
      schema->fields[i].type = DataType(TypeKind::kString);
    }
    std::erase_if(*options, [&](const auto& option) { return SameName(option.first, known.option, false); });
  }
  return out;
}

/// A text read by a format; NULL when it does not match.
Sql ParseTime(const Sql& text, const TimeFormat& how, const std::string& format, const FileRead& request) {
  const std::vector<OutputColumn> columns = NewColumns({{{"text", DataType(TypeKind::kString), true, "{}"}}});
  Scope scope;
  scope.columns = &columns;
  scope.ansi = false;
  scope.time_zone = request.time_zone;
  proto::Expression call;
  call.mutable_unresolved_function()->set_function_name(how.function);
  call.mutable_unresolved_function()->add_arguments()->mutable_unresolved_attribute()->set_unparsed_identifier("text");
  call.mutable_unresolved_function()->add_arguments()->mutable_literal()->set_string(format);
  const Sql value = TranslateExpression(call, scope).sql;
  return Concat(
      {Token("(SELECT "), value, Token(" FROM (SELECT "), text, Token(" AS "), Ident(columns[0].id), Token("))")});
}

FileTable ReadText(const FileRead& request, const char* format, const char* function, const Infer& infer) {
  InputFiles input = ListInput(request.paths, ListOptionsOf(request));
  FileTable out;
  for (const InputFile& file : input.files) out.paths.push_back(file.path.string());
  Options options = request.options;
  if (!FindOption(options, "timeZone") && request.time_zone != "UTC") options["timeZone"] = request.time_zone;

  StructType schema;
  if (request.schema) {
    schema = *request.schema;
  } else if (out.paths.empty()) {
    throw Error("UNABLE_TO_INFER_SCHEMA",
                fmt::format("Unable to infer schema for {}. It must be specified manually.", format),
                {{"format", format}});
  } else {
    schema = infer(out.paths, options);
  }
  // The two columns of ours that tell of what could not be read.
  for (const char* option : {"columnNameOfMalformed", "columnNameOfLocation"}) {
    auto name = FindOption(options, option);
    if (name && !name->empty() && !schema.Find(*name)) schema.fields.push_back({*name, DataType(TypeKind::kString)});
  }

  std::vector<StructField> partitions = input.partitions;
  std::vector<StructField> kept;
  for (const StructField& field : schema.fields) {
    auto partition =
        std::ranges::find_if(partitions, [&](const StructField& p) { return SameName(p.name, field.name, false); });
    if (partition == partitions.end()) {
      kept.push_back(field);
    } else if (request.schema) {
      *partition = field;
    }
  }
  schema.fields = kept;
  StructType all = schema;
  all.fields.insert(all.fields.end(), partitions.begin(), partitions.end());
  for (StructField& field : all.fields) field.nullable = true;
  std::vector<OutputColumn> columns = NewColumns(all);

  StructType read = schema;
  std::vector<std::string> formats;
  const auto takes = TakeFormats(request, &read, &options, &formats);
  auto select = [&](const std::vector<std::string>& files, const InputFile* of) {
    std::vector<SelectItem> items;
    for (size_t i = 0; i < columns.size(); ++i) {
      Sql value = Ident(fmt::format("c{}", i));
      if (i < schema.fields.size() && takes[i] != nullptr) value = ParseTime(value, *takes[i], formats[i], request);
      if (i >= schema.fields.size()) {
        const auto& text = of->partition_values[i - schema.fields.size()];
        value = CastTo(text ? StringLiteral(*text) : Token("NULL"), columns[i].type);
      }
      items.push_back({value, columns[i]});
    }
    if (request.metadata) items.push_back({MetadataValue(*of), MetadataColumn(false)});
    return Select(std::move(items), Call(function, {StringLiteral(Spec(files, options, read))})).sql;
  };
  out.relation.columns = columns;
  // A CSV file in which no column is found is empty.
  if (out.paths.empty() || (schema.fields.empty() && std::string_view(format) == "CSV")) {
    std::vector<SelectItem> items;
    if (request.metadata) out.relation.columns.push_back(MetadataColumn(false));
    for (const OutputColumn& column : out.relation.columns) {
      items.push_back({CastTo(Token("NULL"), column.type), column});
    }
    out.relation.sql = Select(std::move(items), Token("(SELECT 1)"), Token("WHERE false")).sql;
    return out;
  }
  // One scan for each run of files in the same partition.
  std::vector<Sql> scans;
  for (size_t begin = 0; begin < input.files.size();) {
    size_t end = begin;
    std::vector<std::string> files;
    for (; end < input.files.size() && input.files[end].partition_values == input.files[begin].partition_values &&
           (end == begin || !request.metadata);
         ++end) {
      files.push_back(input.files[end].path.string());
    }
    scans.push_back(select(files, &input.files[begin]));
    begin = end;
  }
  if (request.metadata) out.relation.columns.push_back(MetadataColumn(false));
  out.relation.sql = scans.size() == 1 ? scans[0] : Join(scans, "\nUNION ALL\n");
  return out;
}

}  // namespace

FileTable ReadCsv(const FileRead& given) {
  FileRead request = given;
  // Spark reads texts unless asked for more.
  if (!FindOption(request.options, "inferSchema")) request.options["inferSchema"] = "false";
  return ReadText(request, "CSV", kCsvFunction, [](const auto& files, const Options& options) {
    return csv::InferSchema(files, options, AvailableCores());
  });
}

FileTable ReadJson(const FileRead& request) {
  return ReadText(request, "JSON", kJsonFunction,
                  [](const auto& files, const Options& options) { return InferJsonSchema(files, options); });
}

FileTable ReadTextLines(const FileRead& given) {
  FileRead request = given;
  const StructType lines{{{"value", DataType(TypeKind::kString), true, "{}"}}};
  if (request.schema) {
    // A schema may name the column otherwise, and may hold partition columns.
    const DataType& type = request.schema->fields.empty() ? DataType() : request.schema->fields[0].type;
    if (type.kind() != TypeKind::kString) CheckTextLines(*request.schema, {});
  } else {
    request.schema = lines;
  }
  return ReadText(request, "Text", kTextFunction, nullptr);
}

FileTable ReadSequenceFiles(const FileRead& given) {
  FileRead request = given;
  const StructType records = SequenceFileColumns();
  if (request.schema && request.schema->ToType() != records.ToType()) {
    throw Error("INVALID_SCHEMA",
                fmt::format("A SequenceFile has the columns {}, whatever the schema; give none, and select from them.",
                            records.ToType().Sql()));
  }
  request.schema = records;
  return ReadText(request, "SequenceFile", kSequenceFileFunction, nullptr);
}

}  // namespace tinderbox::engine
