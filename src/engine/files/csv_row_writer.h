#pragma once

#include <string>
#include <string_view>

namespace tinderbox::engine {

struct CsvWriteOptions {
  std::string separator = ",";
  char quote = '"';
  char escape = '\\';
  char escape_escape = '\\';  ///< what an escape inside quotes is preceded by; NUL: nothing
  bool escape_quotes = true;  ///< a value with a quote inside is put between quotes
  bool quote_all = false;
  bool header = false;
  bool trim_leading = true;
  bool trim_trailing = true;
  std::string null_value;
  std::string empty_value = "\"\"";
};

/// Writes fields as the univocity writer does with Spark's settings, its quirks included: white space around values is
/// cut off by default, and a value is put between quotes only when it has to be.
class CsvRowWriter {
 public:
  explicit CsvRowWriter(const CsvWriteOptions& options) : options_(options) {}

  /// Appends one field, with the separator before it unless it is the row's first.
  void AppendField(std::string* out, std::string_view text);
  void AppendNull(std::string* out);
  void EndRow(std::string* out);

 private:
  void Append(std::string* out, std::string_view element, bool stand_in);
  bool MustQuote(std::string_view element) const;
  void AppendQuoted(std::string* out, std::string_view element) const;

  CsvWriteOptions options_;
  size_t column_ = 0;
};

}  // namespace tinderbox::engine
