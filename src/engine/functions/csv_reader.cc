#include "engine/functions/csv_reader.h"

#include <fmt/format.h>

#include <vector>

#include "csv/convert.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

CsvReading::CsvReading(const DataType& wanted, std::map<std::string, std::string>* options,
                       const std::string& session_zone)
    : type(wanted), formats(options, session_zone, DateTimePattern::Use::kParse), csv(csv::ParseCsvOptions(*options)) {
  if (csv.mode == csv::Mode::kDropMalformed) {
    throw Error("PARSE_MODE_UNSUPPORTED",
                "The function `from_csv` doesn't support the DROPMALFORMED mode. Acceptable modes are PERMISSIVE and "
                "FAILFAST.",
                {{"funcName", "`from_csv`"}, {"mode", "DROPMALFORMED"}});
  }
  // A text is one record whatever breaks it has.
  csv.dialect.multi_line = true;
  if (csv.dialect.line_separator.empty()) csv.dialect.line_separator = std::string(1, '\0');
  for (const StructField& field : type.fields()) {
    if (field.type.IsNested() || field.type.kind() > TypeKind::kTimestampNtz || field.type.kind() == TypeKind::kTime) {
      RefuseFeature(fmt::format("a field of the type {} in `from_csv`", field.type.SimpleString()));
    }
  }
}

CsvReading::CsvReading(const DataType& wanted, std::map<std::string, std::string> options,
                       const std::string& session_zone)
    : CsvReading(wanted, &options, session_zone) {}

bool CsvTextReader::SetField(const DataType& type, std::string_view text, size_t row, OutVector& out) const {
  const auto write = [&]<typename T>(std::optional<T> value) {
    if (value) out.Data<T>()[row] = *value;
    return value.has_value();
  };
  switch (type.kind()) {
    case TypeKind::kString:
    case TypeKind::kBinary:
      out.SetString(row, text);
      return true;
    case TypeKind::kBoolean:
      return csv::ParseBoolean(text, &out.Data<uint8_t>()[row]);
    case TypeKind::kByte:
      return csv::ParseInteger(text, &out.Data<int8_t>()[row]);
    case TypeKind::kShort:
      return csv::ParseInteger(text, &out.Data<int16_t>()[row]);
    case TypeKind::kInteger:
      return csv::ParseInteger(text, &out.Data<int32_t>()[row]);
    case TypeKind::kLong:
      return csv::ParseInteger(text, &out.Data<int64_t>()[row]);
    case TypeKind::kFloat:
      return csv::ParseFloating(text, reading_.csv, &out.Data<float>()[row]);
    case TypeKind::kDouble:
      return csv::ParseFloating(text, reading_.csv, &out.Data<double>()[row]);
    case TypeKind::kDecimal: {
      __int128 value = 0;
      if (!csv::ParseDecimal(text, type.precision(), type.scale(), &value)) return false;
      if (type.precision() <= 4) {
        out.Data<int16_t>()[row] = static_cast<int16_t>(value);
      } else if (type.precision() <= 9) {
        out.Data<int32_t>()[row] = static_cast<int32_t>(value);
      } else if (type.precision() <= 18) {
        out.Data<int64_t>()[row] = static_cast<int64_t>(value);
      } else {
        out.Data<__int128>()[row] = value;
      }
      return true;
    }
    case TypeKind::kDate:
      return write(reading_.formats.ParseDate(text));
    case TypeKind::kTimestamp:
      return write(reading_.formats.ParseTimestamp(text));
    case TypeKind::kTimestampNtz:
      return write(reading_.formats.ParseTimestampNtz(text));
    default:
      return false;
  }
}

void CsvTextReader::Read(size_t row, std::string_view text, OutVector& out) {
  walker_.Clear();
  walker_.Index(text.data(), static_cast<uint32_t>(text.size()));
  walker_.Walk(0, static_cast<uint32_t>(text.size()), true, 0, 1);
  const std::vector<StructField>& wanted = reading_.type.fields();
  const size_t have = walker_.record_count() == 0 ? 0 : walker_.records()[0].field_count;
  bool good = true;
  size_t next = 0;
  std::optional<size_t> corrupt;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].name == reading_.csv.corrupt_record_column && wanted[i].type.kind() == TypeKind::kString) {
      corrupt = i;
      continue;
    }
    OutVector field = out.StructChild(i);
    std::string_view value;
    const size_t at = next++;
    const bool present =
        at < have && fields_.Text(walker_.data(), walker_.fields()[walker_.records()[0].first_field + at], &value);
    if (present && SetField(wanted[i].type, value, row, field)) continue;
    good &= !present;
    field.SetNull(row);
  }
  good &= have == next || (have == 0 && text.empty());
  if (corrupt) {
    OutVector field = out.StructChild(*corrupt);
    good ? field.SetNull(row) : field.SetString(row, text);
  }
  if (good || reading_.csv.mode != csv::Mode::kFailFast) return;
  throw Error("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION",
              "Malformed records are detected in record parsing: [null]. Parse Mode: FAILFAST. To process malformed "
              "records as null result, try setting the option 'mode' as 'PERMISSIVE'.",
              {{"badRecord", "[null]"}, {"failFastMode", "FAILFAST"}});
}

}  // namespace tinderbox::engine
