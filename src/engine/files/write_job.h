#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/duckdb/connection.h"
#include "engine/files/text_lines.h"
#include "engine/files/write.h"

namespace tinderbox::engine {

enum class WriteFormat { kCsv, kJson, kParquet, kText, kXml, kNoop };

/// How Parquet pages are compressed: DuckDB's name, and the part of the file name that tells it.
struct ParquetCodec {
  const char* spark;
  const char* engine;
  const char* extension;
};
/// Throws Error for a codec that is not there.
ParquetCodec ParseParquetCodec(const std::map<std::string, std::string>& options);

/// What one write does, whatever its target folder is.
struct WriteJob {
  WriteFormat format;
  std::map<std::string, std::string> options;
  StructType schema;        ///< of the data files
  std::vector<Sql> values;  ///< of the data files' columns
  std::vector<std::string> partition_names;
  std::vector<Sql> partition_values;  ///< as Spark writes them into folder names; NULL and '' for the null folder
  std::vector<Sql> order;
  int64_t rows_per_file = 0;        ///< 0: no limit
  std::string id;                   ///< in the names of all its files
  std::optional<LinesFrame> frame;  ///< of XML
  Lease lease;
};

/// What the write asks for, of these rows. Throws Error for a format, an option, a column or a type that cannot be
/// written, before anything is.
WriteJob MakeWriteJob(const FileWrite& write, const TranslatedRelation& input, const Lease& lease);

/// The name of the job's file of that number, as Spark names part files.
std::string PartFileName(const WriteJob& job, int64_t number);

}  // namespace tinderbox::engine
