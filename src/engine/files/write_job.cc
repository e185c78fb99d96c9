#include "engine/files/write_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <random>
#include <set>

#include "base/ascii.h"
#include "engine/files/paths.h"
#include "engine/files/read.h"
#include "engine/files/text_lines.h"
#include "engine/files/text_writer.h"
#include "engine/files/xml.h"
#include "engine/translate/refusals.h"
#include "engine/translate/relation_translator.h"
#include "engine/translate/type_parts.h"
#include "spark/proto.h"
#include "spark/type_names.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {
namespace {

using Options = std::map<std::string, std::string>;

constexpr std::pair<const char*, WriteFormat> kFormats[] = {
    {"csv", WriteFormat::kCsv},   {"json", WriteFormat::kJson}, {"parquet", WriteFormat::kParquet},
    {"text", WriteFormat::kText}, {"xml", WriteFormat::kXml},   {"noop", WriteFormat::kNoop}};

/// A random UUID.
std::string NewJobId() {
  std::random_device random;
  const uint32_t a = random(), b = random(), c = random(), d = random();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:04x}{:08x}", a, b >> 16, b & 0xfff, 0x8000 | (c >> 18), c & 0xffff,
                     d);
}

WriteFormat ParseFormat(const std::string& name) {
  for (const auto& [known, format] : kFormats) {
    if (SameName(name, known, false)) return format;
  }
  CheckFileFormat(name);
  throw Error("UNSUPPORTED_FEATURE.WRITE", fmt::format("The embedded engine does not write the format {}.", name));
}

constexpr ParquetCodec kCodecs[] = {{"snappy", "snappy", ".snappy"},
                                    {"zstd", "zstd", ".zstd"},
                                    {"gzip", "gzip", ".gz"},
                                    {"none", "uncompressed", ""},
                                    {"uncompressed", "uncompressed", ""},
                                    {"brotli", "brotli", ".br"},
                                    {"lz4_raw", "lz4_raw", ".lz4raw"}};

/// Makes texts of the times that are not written in the writers' own format: by an option, or in another zone than UTC.
void FormatTimes(const FileWrite& write, WriteJob* job) {
  if (job->format != WriteFormat::kCsv && job->format != WriteFormat::kJson) return;
  struct Known {
    TypeKind kind;
    const char* option;
    const char* own;
  };
  static constexpr Known kKnown[] = {{TypeKind::kDate, "dateFormat", "yyyy-MM-dd"},
                                     {TypeKind::kTimestamp, "timestampFormat", "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]"},
                                     {TypeKind::kTimestampNtz, "timestampNTZFormat", "yyyy-MM-dd'T'HH:mm:ss[.SSS]"}};
  const std::string zone = FindOption(job->options, "timeZone").value_or(write.time_zone);
  std::erase_if(job->options, [](const auto& option) { return SameName(option.first, "timeZone", false); });
  for (const Known& known : kKnown) {
    auto format = FindOption(job->options, known.option);
    std::erase_if(job->options, [&](const auto& option) { return SameName(option.first, known.option, false); });
    if (format && *format == known.own) format.reset();
    if (!format && known.kind == TypeKind::kTimestamp && zone != "UTC") format = "yyyy-MM-dd'T'HH:mm:ss.SSSXXX";
    if (!format) continue;
    for (size_t i = 0; i < job->schema.fields.size(); ++i) {
      StructField& field = job->schema.fields[i];
      if (field.type.kind() != known.kind) continue;
      const std::vector<OutputColumn> columns = NewColumns({{{"time", field.type, true, "{}"}}});
      Scope scope;
      scope.columns = &columns;
      scope.time_zone = zone;
      proto::Expression call;
      call.mutable_unresolved_function()->set_function_name("date_format");
      call.mutable_unresolved_function()->add_arguments()->mutable_unresolved_attribute()->set_unparsed_identifier(
          "time");
      call.mutable_unresolved_function()->add_arguments()->mutable_literal()->set_string(*format);
      job->values[i] = Concat({Token("(SELECT "), TranslateExpression(call, scope).sql, Token(" FROM (SELECT "),
                               job->values[i], Token(" AS "), Ident(columns[0].id), Token("))")});
      field.type = DataType(TypeKind::kString);
    }
  }
}

void CheckJob(const WriteJob& job) {
  switch (job.format) {
    case WriteFormat::kParquet:
      ParseParquetCodec(job.options);
      for (const StructField& field : job.schema.fields) {
        if (Holds(field.type, TypeKind::kVariant)) RefuseFeature("writing a VARIANT to Parquet");
        if (field.type.kind() != TypeKind::kNull && field.type.kind() != TypeKind::kCalendarInterval) continue;
        const std::string type = fmt::format("\"{}\"", field.type.Sql());
        throw Error("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE",
                    fmt::format("The Parquet datasource doesn't support the column {} of the type {}.",
                                spark::Quote(field.name), type),
                    {{"format", "Parquet"}, {"columnName", spark::Quote(field.name)}, {"columnType", type}});
      }
      break;
    case WriteFormat::kText:
    case WriteFormat::kXml:
      CheckTextLines(job.schema, job.options);
      break;
    case WriteFormat::kNoop:
      break;
    default:
      for (const StructField& field : job.schema.fields) {
        if (!Holds(field.type, TypeKind::kVariant)) continue;
        if (job.format == WriteFormat::kJson) RefuseFeature("writing a VARIANT to JSON files");
        const std::string type = fmt::format("\"{}\"", field.type.Sql());
        throw Error("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE",
                    fmt::format("The CSV datasource doesn't support the column {} of the type {}.",
                                spark::Quote(field.name), type),
                    {{"format", "CSV"}, {"columnName", spark::Quote(field.name)}, {"columnType", type}});
      }
      CheckTextOptions(job.format == WriteFormat::kCsv ? TextFormat::kCsv : TextFormat::kJson, job.schema, job.options);
  }
}

}  // namespace

ParquetCodec ParseParquetCodec(const Options& options) {
  std::string name = FindOption(options, "compression").value_or("snappy");
  for (const ParquetCodec& codec : kCodecs) {
    if (SameName(name, codec.spark, false)) return codec;
  }
  throw Error(
      "CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION",
      fmt::format("The codec {} is not available. Available codecs are brotli, uncompressed, lz4_raw, gzip, none, "
                  "snappy and zstd.",
                  name),
      {{"codecName", name}, {"availableCodecs", "brotli, uncompressed, lz4_raw, gzip, none, snappy, zstd"}});
}

std::string PartFileName(const WriteJob& job, int64_t number) {
  std::string extension;
  switch (job.format) {
    case WriteFormat::kCsv:
      extension = TextFileExtension(TextFormat::kCsv, job.options);
      break;
    case WriteFormat::kJson:
      extension = TextFileExtension(TextFormat::kJson, job.options);
      break;
    case WriteFormat::kText:
      extension = TextLinesExtension(job.options);
      break;
    case WriteFormat::kXml:
      extension = ".xml" + TextLinesExtension(job.options).substr(std::string_view(".txt").size());
      break;
    default:
      extension = fmt::format("{}.parquet", ParseParquetCodec(job.options).extension);
      break;
  }
  const char* separator = job.partition_names.empty() ? "-" : ".";
  return fmt::format("part-00000-{}{}c{:03}{}", job.id, separator, number, extension);
}

void CheckFileFormat(const std::string& format) {
  for (const auto& [known, unused] : kFormats) {
    if (SameName(format, known, false)) return;
  }
  if (SameName(format, "sequencefile", false)) {
    throw Error("UNSUPPORTED_FEATURE.DATA_SOURCE",
                "The embedded engine only reads SequenceFiles, by spark.read.format(\"sequencefile\"). tinderbox pack "
                "writes them.",
                {{"provider", "sequencefile"}});
  }
  for (const char* known : {"orc", "jdbc", "binaryFile", "avro", "delta", "kafka", "iceberg"}) {
    if (!SameName(format, known, false)) continue;
    throw Error(
        "UNSUPPORTED_FEATURE.DATA_SOURCE",
        fmt::format("The embedded engine has no data source {}. It has csv, json, parquet, text and xml.", known),
        {{"provider", known}});
  }
  throw Error(
      "DATA_SOURCE_NOT_FOUND",
      fmt::format("Failed to find the data source: {}. Make sure the provider name is correct and the package is "
                  "properly registered and compatible with your Spark version.",
                  format),
      {{"provider", format}});
}

WriteJob MakeWriteJob(const FileWrite& write, const TranslatedRelation& input, const Lease& lease) {
  WriteJob job{.format = ParseFormat(write.format),
               .options = write.options,
               .schema = {},
               .values = {},
               .partition_names = {},
               .partition_values = {},
               .order = {},
               .rows_per_file = 0,
               .id = NewJobId(),
               .frame = {},
               .lease = lease};
  if (const auto limit = FindOption(write.options, "maxRecordsPerFile")) {
    std::from_chars(limit->data(), limit->data() + limit->size(), job.rows_per_file);
    std::erase_if(job.options, [](const auto& option) { return SameName(option.first, "maxRecordsPerFile", false); });
  }
  const auto find = [&](const std::string& name, const char* what) {
    auto found = std::ranges::find_if(
        input.columns, [&](const OutputColumn& c) { return SameName(c.name, name, write.case_sensitive); });
    if (found != input.columns.end()) return found;
    const std::string schema = ToSchema(input.columns).ToType().SimpleString();
    throw Error("_LEGACY_ERROR_TEMP_1155",
                fmt::format("{} column {} not found in schema {}.", what, spark::Quote(name), schema),
                {{"col", name}, {"schemaCatalog", schema}});
  };
  std::set<size_t> partitions;
  for (const std::string& name : write.partition_columns) {
    const auto found = find(name, "Partition");
    if (found->type.IsNested() || found->type.kind() == TypeKind::kBinary) {
      throw Error("INVALID_PARTITION_COLUMN_DATA_TYPE",
                  fmt::format("Cannot use \"{}\" for partition column.", found->type.Sql()),
                  {{"type", fmt::format("\"{}\"", found->type.Sql())}});
    }
    partitions.insert(static_cast<size_t>(found - input.columns.begin()));
    job.partition_names.push_back(found->name);
    Scope scope;
    scope.columns = &input.columns;
    scope.time_zone = write.time_zone;
    job.partition_values.push_back(
        TranslateCast({Ident(found->id), found->type, found->nullable}, DataType(TypeKind::kString), scope, false).sql);
  }
  for (const std::string& name : write.sort_columns) job.order.push_back(Ident(find(name, "Sort")->id));
  for (size_t i = 0; i < input.columns.size(); ++i) {
    const OutputColumn& column = input.columns[i];
    for (size_t j = 0; j < i; ++j) {
      if (!SameName(input.columns[j].name, column.name, write.case_sensitive)) continue;
      const std::string shown = spark::Quote(base::LowerCase(column.name));
      throw Error(
          "COLUMN_ALREADY_EXISTS",
          fmt::format("The column {} already exists. Choose another name or rename the existing column.", shown),
          {{"columnName", shown}});
    }
    if (partitions.contains(i)) continue;
    job.schema.fields.push_back({column.name, column.type, column.nullable, column.metadata_json});
    job.values.push_back(Ident(column.id));
  }
  if (job.values.empty() && !job.partition_names.empty()) {
    throw Error("ALL_PARTITION_COLUMNS_NOT_ALLOWED", "Cannot use all columns for partition columns.");
  }
  FormatTimes(write, &job);
  if (job.format == WriteFormat::kXml) {
    XmlOutput xml = MakeXmlOutput(job.schema, job.values, job.options, write.time_zone);
    job.values = {std::move(xml.row)};
    job.schema = StructType{{{"value", DataType(TypeKind::kString), true, "{}"}}};
    job.frame = LinesFrame{std::move(xml.before), std::move(xml.behind)};
    std::erase_if(job.options, [](const auto& option) { return !SameName(option.first, "compression", false); });
  }
  CheckJob(job);
  return job;
}

}  // namespace tinderbox::engine
