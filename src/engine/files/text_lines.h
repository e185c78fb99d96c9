#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/duckdb/source.h"
#include "tinderbox/arrow.h"

namespace tinderbox::engine {

/// The Source behind the SQL table function tb_text(spec). The spec is JSON: {"files": [path, …], "options": {name:
/// text, …}}; a row is a line, or with wholetext a file, in the one STRING column `value`. Options are Spark's:
/// wholetext, lineSep and encoding.
std::shared_ptr<Source> MakeTextSource(std::string_view spec);

/// Throws Error for columns other than one STRING, and for options that cannot be honoured.
void CheckTextLines(const StructType& schema, const std::map<std::string, std::string>& options);
/// ".txt", ".txt.gz", …
std::string TextLinesExtension(const std::map<std::string, std::string>& options);
/// What stands before the first line and behind the last, where there is a line at all.
struct LinesFrame {
  std::string before;
  std::string behind;
};
/// Writes all rows into one new file, a line each; NULL is an empty line. Within a frame no line break follows the last
/// line.
void WriteTextLines(BatchReader& rows, const std::map<std::string, std::string>& options,
                    const std::filesystem::path& file, const std::optional<LinesFrame>& frame = std::nullopt);

}  // namespace tinderbox::engine
