#include "csv/infer.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <mutex>
#include <thread>

#include "base/fail.h"
#include "csv/blocks.h"
#include "csv/convert.h"
#include "csv/header.h"

namespace tinderbox::csv {
namespace {

constexpr int kMaxPrecision = 38;

/// What the non-null values of one column have been so far.
struct Seen {
  enum : uint32_t {
    kInteger = 1,
    kLong = 2,
    kDecimal = 4,
    kDouble = 8,
    kDate = 16,
    kTimestamp = 32,
    kBoolean = 64,
    kString = 128
  };
  uint32_t kinds = 0;
  int precision = 0;  // of decimals
};

void Look(std::string_view text, const CsvOptions& options, Seen* seen) {
  int32_t i32;
  int64_t i64;
  const bool date_like = text.size() >= 10 && text[4] == '-' && text[7] == '-';
  if (!date_like) {
    if (ParseInteger(text, &i64)) {
      const bool narrow = i64 >= std::numeric_limits<int32_t>::min() && i64 <= std::numeric_limits<int32_t>::max();
      seen->kinds |= narrow ? Seen::kInteger : Seen::kLong;
      return;
    }
    int precision;
    int scale;
    if (text.size() >= 18 && DecimalShape(text, &precision, &scale) && scale == 0 && precision <= kMaxPrecision) {
      seen->kinds |= Seen::kDecimal;
      seen->precision = std::max(seen->precision, precision);
      return;
    }
    double number;
    if (ParseFloating(text, options, &number)) {
      seen->kinds |= Seen::kDouble;
      return;
    }
    // Short whole numbers whose commas only Decimal accepts.
    if (text.find(',') != std::string_view::npos && DecimalShape(text, &precision, &scale) && scale == 0 &&
        precision <= kMaxPrecision) {
      seen->kinds |= Seen::kDecimal;
      seen->precision = std::max(seen->precision, precision);
      return;
    }
  }
  uint8_t boolean;
  // Spark infers dates strictly (yyyy-MM-dd) and reads them leniently.
  if (options.prefer_date && date_like && text.size() == 10 && ParseDate(text, &i32)) {
    seen->kinds |= Seen::kDate;
  } else if (ParseTimestamp(text, 0, &i64)) {
    seen->kinds |= Seen::kTimestamp;
  } else if (ParseBoolean(text, &boolean)) {
    seen->kinds |= Seen::kBoolean;
  } else {
    seen->kinds = Seen::kString;
  }
}

DataType TypeOf(const Seen& seen) {
  constexpr uint32_t kNumbers = Seen::kInteger | Seen::kLong | Seen::kDecimal | Seen::kDouble;
  const uint32_t kinds = seen.kinds;
  if (kinds == 0 || (kinds & Seen::kString) != 0) return DataType(TypeKind::kString);
  if ((kinds & ~kNumbers) == 0) {
    if ((kinds & Seen::kDouble) != 0) return DataType(TypeKind::kDouble);
    if ((kinds & Seen::kDecimal) != 0) {
      const int least = (kinds & Seen::kLong) != 0 ? 20 : (kinds & Seen::kInteger) != 0 ? 10 : 1;
      return DataType::Decimal(std::max(seen.precision, least), 0);
    }
    return DataType((kinds & Seen::kLong) != 0 ? TypeKind::kLong : TypeKind::kInteger);
  }
  if (kinds == Seen::kDate) return DataType(TypeKind::kDate);
  if ((kinds & ~uint32_t{Seen::kDate | Seen::kTimestamp}) == 0) return DataType(TypeKind::kTimestamp);
  return DataType(kinds == Seen::kBoolean ? TypeKind::kBoolean : TypeKind::kString);
}

}  // namespace

std::vector<std::string> ReadHeader(const std::string& file, const std::map<std::string, std::string>& options) {
  const CsvOptions parsed = ParseCsvOptions(options);
  return ColumnNames(ReadFirstRecord(file, parsed), parsed);
}

StructType InferSchema(const std::vector<std::string>& files, const std::map<std::string, std::string>& options,
                       int threads) {
  const CsvOptions parsed = ParseCsvOptions(options);
  std::vector<std::string> first;
  for (const std::string& file : files) {
    first = ReadFirstRecord(file, parsed);
    if (!first.empty()) break;
  }
  const std::vector<std::string> names = ColumnNames(first, parsed);
  std::vector<Seen> seen(names.size());

  if (parsed.infer_schema && !names.empty()) {
    BlockReader reader(files, parsed, names.size());
    std::mutex mutex;
    std::exception_ptr failure;
    const auto work = [&] {
      try {
        Block block(parsed.dialect);
        FieldReader fields(parsed);
        std::vector<Seen> mine(names.size());
        while (reader.Next(&block)) {
          for (size_t r = 0; r < block.record_count(); ++r) {
            const Record& record = block.record(r);
            const Field* field = block.fields(record);
            const size_t count = std::min<size_t>(record.field_count, mine.size());
            for (size_t c = 0; c < count; ++c) {
              if (mine[c].kinds == Seen::kString) continue;
              std::string_view text;
              if (fields.Text(block.data(), field[c], &text)) Look(text, parsed, &mine[c]);
            }
          }
        }
        const std::lock_guard lock(mutex);
        for (size_t c = 0; c < mine.size(); ++c) {
          seen[c].kinds |= mine[c].kinds;
          seen[c].precision = std::max(seen[c].precision, mine[c].precision);
        }
      } catch (...) {
        reader.Cancel();
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
      }
    };
    std::vector<std::jthread> others;
    for (int t = 1; t < std::min<int64_t>(threads, static_cast<int64_t>(reader.MaxBlocks())); ++t)
      others.emplace_back(work);
    work();
    others.clear();
    if (failure) std::rethrow_exception(failure);
  }

  StructType out;
  for (size_t c = 0; c < names.size(); ++c) out.fields.push_back({names[c], TypeOf(seen[c])});
  return out;
}

StructType InferRecord(std::string_view text, const std::map<std::string, std::string>& options) {
  CsvOptions parsed = ParseCsvOptions(options);
  parsed.dialect.multi_line = true;
  if (parsed.dialect.line_separator.empty()) parsed.dialect.line_separator = std::string(1, '\0');
  RecordWalker walker(parsed.dialect);
  walker.Index(text.data(), static_cast<uint32_t>(text.size()));
  walker.Walk(0, static_cast<uint32_t>(text.size()), true, 0, 1);
  if (walker.record_count() == 0) base::Fail("TINDERBOX_INVALID_CSV", "A text without fields has no schema.");
  FieldReader fields(parsed);
  StructType out;
  for (uint32_t i = 0; i < walker.records()[0].field_count; ++i) {
    Seen seen;
    std::string_view field;
    if (fields.Text(text.data(), walker.fields()[walker.records()[0].first_field + i], &field)) {
      Look(field, parsed, &seen);
    }
    out.fields.push_back({fmt::format("_c{}", i), TypeOf(seen)});
  }
  return out;
}

DataType MergeInferred(const DataType& a, const DataType& b) {
  const auto seen_of = [](const DataType& type) {
    switch (type.kind()) {
      case TypeKind::kNull:
        return Seen{};
      case TypeKind::kInteger:
        return Seen{Seen::kInteger};
      case TypeKind::kLong:
        return Seen{Seen::kLong};
      case TypeKind::kDecimal:
        return Seen{Seen::kDecimal, type.precision()};
      case TypeKind::kDouble:
        return Seen{Seen::kDouble};
      case TypeKind::kDate:
        return Seen{Seen::kDate};
      case TypeKind::kTimestamp:
        return Seen{Seen::kTimestamp};
      case TypeKind::kBoolean:
        return Seen{Seen::kBoolean};
      default:
        return Seen{Seen::kString};
    }
  };
  if (a == b) return a;
  Seen both = seen_of(a);
  const Seen other = seen_of(b);
  both.kinds |= other.kinds;
  both.precision = std::max(both.precision, other.precision);
  return TypeOf(both);
}

}  // namespace tinderbox::csv
