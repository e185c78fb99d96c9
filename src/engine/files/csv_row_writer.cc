#include "engine/files/csv_row_writer.h"

namespace tinderbox::engine {
namespace {

bool IsBlank(char c) {
  return static_cast<unsigned char>(c) <= ' ';
}

}  // namespace

void CsvRowWriter::AppendField(std::string* out, std::string_view text) {
  if (options_.trim_leading) {
    while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  }
  if (options_.trim_trailing) {
    while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  }
  if (text.empty()) {
    Append(out, options_.empty_value, true);
  } else {
    Append(out, text, false);
  }
}

void CsvRowWriter::AppendNull(std::string* out) {
  Append(out, options_.null_value, true);
}

void CsvRowWriter::EndRow(std::string* out) {
  *out += '\n';
  column_ = 0;
}

/// `stand_in`: the text stands for NULL or for an empty value; one that brings its own quotes is written as it is.
void CsvRowWriter::Append(std::string* out, std::string_view element, bool stand_in) {
  if (column_++ > 0) *out += options_.separator;
  const bool has_quotes = stand_in && options_.quote != '\0' && element.size() >= 2 &&
                          element.front() == options_.quote && element.back() == options_.quote;
  if (has_quotes || options_.quote == '\0' || !MustQuote(element)) {
    *out += element;
  } else {
    AppendQuoted(out, element);
  }
}

bool CsvRowWriter::MustQuote(std::string_view element) const {
  if (options_.quote_all) return true;
  if (element.empty()) return false;
  // The writer's comment character, which Spark sets to NUL, counts in the first column.
  if (element.front() == options_.quote || (column_ == 1 && element.front() == '\0')) return true;
  if (element.find_first_of("\n\r") != std::string_view::npos) return true;
  if (options_.escape_quotes && element.find(options_.quote) != std::string_view::npos) return true;
  return element.find(options_.separator) != std::string_view::npos;
}

void CsvRowWriter::AppendQuoted(std::string* out, std::string_view element) const {
  *out += options_.quote;
  for (const char c : element) {
    if (c == options_.quote) {
      *out += options_.escape;
    } else if (c == options_.escape && options_.escape_escape != '\0') {
      *out += options_.escape_escape;
    }
    *out += c;
  }
  *out += options_.quote;
}

}  // namespace tinderbox::engine
