#include "cli/reader_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <strings.h>

#include <algorithm>
#include <string_view>

#include "base/fail.h"
#include "cli/words.h"
#include "store/settings.h"

namespace tinderbox::cli {
namespace {

struct ReaderOption {
  std::string_view name;
  std::string_view formats;
};

// What Spark's readers know, and ours honour or refuse by name.
constexpr ReaderOption kReaderOptions[] = {
    {"allowBackslashEscapingAnyCharacter", "json"},
    {"allowComments", "json"},
    {"allowNonNumericNumbers", "json"},
    {"allowNumericLeadingZeros", "json"},
    {"allowSingleQuotes", "json"},
    {"allowUnquotedControlChars", "json"},
    {"allowUnquotedFieldNames", "json"},
    {"charset", "csv json"},
    {"charToEscapeQuoteEscaping", "csv"},
    {"columnNameOfCorruptRecord", "csv json"},
    {"columnPruning", "csv"},
    {"comment", "csv"},
    {"dateFormat", "csv json"},
    {"datetimeRebaseMode", "parquet"},
    {"delimiter", "csv"},
    {"dropFieldIfAllNull", "json"},
    {"emptyValue", "csv"},
    {"encoding", "csv json"},
    {"enforceSchema", "csv"},
    {"escape", "csv"},
    {"header", "csv"},
    {"ignoreLeadingWhiteSpace", "csv"},
    {"ignoreTrailingWhiteSpace", "csv"},
    {"inferSchema", "csv"},
    {"int96RebaseMode", "parquet"},
    {"lineSep", "csv json"},
    {"locale", "csv json"},
    {"maxCharsPerColumn", "csv"},
    {"maxColumns", "csv"},
    {"mergeSchema", "parquet"},
    {"mode", "csv json"},
    {"multiLine", "csv json"},
    {"nanValue", "csv"},
    {"negativeInf", "csv"},
    {"nullValue", "csv"},
    {"positiveInf", "csv"},
    {"preferDate", "csv"},
    {"prefersDecimal", "json"},
    {"primitivesAsString", "json"},
    {"quote", "csv"},
    {"samplingRatio", "csv json"},
    {"sep", "csv"},
    {"singleVariantColumn", "csv json"},
    {"timeZone", "csv json"},
    {"timestampFormat", "csv json"},
    {"timestampNTZFormat", "csv json"},
    {"unescapedQuoteHandling", "csv"},
};

}  // namespace

void CheckReaderOption(const std::string& option, const std::vector<std::string>& formats) {
  const std::string name = option.substr(0, option.find('='));
  if (store::IsHadoopOption(name)) return;
  std::vector<std::string> known;
  for (const ReaderOption& row : kReaderOptions) {
    const auto knows = [&](const std::string& format) { return row.formats.find(format) != std::string_view::npos; };
    if (!std::any_of(formats.begin(), formats.end(), knows)) continue;
    known.emplace_back(row.name);
    if (::strcasecmp(name.c_str(), known.back().c_str()) == 0) return;
  }
  std::vector<std::string> readers;
  for (const std::string& format : formats) {
    if (!format.empty() && std::find(readers.begin(), readers.end(), format) == readers.end())
      readers.push_back(format);
  }
  base::Fail("TINDERBOX_USAGE", "--option \"{}\": no reader{} has an option {}.{}", option,
             readers.empty() ? "" : fmt::format(" of {}", fmt::join(readers, " or ")), name, DidYouMean(name, known));
}

}  // namespace tinderbox::cli
