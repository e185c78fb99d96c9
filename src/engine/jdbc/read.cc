#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>

#include "base/ascii.h"
#include "base/fail.h"
#include "engine/jdbc/jdbc.h"
#include "engine/jdbc/options.h"
#include "engine/translate/relation_translator.h"
#include "spark/type_names.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {
namespace {

/// How a value comes in COPY's binary form.
enum class Form {
  kBool,
  kInt2,
  kInt4,
  kInt8,
  kOid,
  kFloat4,
  kFloat8,
  kNumeric,
  kBytes,
  kText,
  kDate,
  kTimestamp,
  kTime,
  kTimeTz
};

struct Known {
  uint32_t oid;
  Form form;
  TypeKind kind;
};
constexpr Known kKnown[] = {{16, Form::kBool, TypeKind::kBoolean},
                            {17, Form::kBytes, TypeKind::kBinary},
                            {19, Form::kText, TypeKind::kString},  // name
                            {20, Form::kInt8, TypeKind::kLong},
                            {21, Form::kInt2, TypeKind::kShort},
                            {23, Form::kInt4, TypeKind::kInteger},
                            {25, Form::kText, TypeKind::kString},  // text
                            {26, Form::kOid, TypeKind::kDecimal},
                            {700, Form::kFloat4, TypeKind::kFloat},
                            {701, Form::kFloat8, TypeKind::kDouble},
                            {1042, Form::kText, TypeKind::kString},  // char(n), with its blanks
                            {1043, Form::kText, TypeKind::kString},  // varchar
                            {1082, Form::kDate, TypeKind::kDate},
                            {1083, Form::kTime, TypeKind::kTimestampNtz},
                            {1114, Form::kTimestamp, TypeKind::kTimestampNtz},
                            {1184, Form::kTimestamp, TypeKind::kTimestamp},
                            {1266, Form::kTimeTz, TypeKind::kTimestamp},
                            {1700, Form::kNumeric, TypeKind::kDecimal}};

/// A column as it is read.
struct Reading {
  std::string select;  ///< what stands in the query's list
  Form form;
  DataType element;  ///< of the values, within arrays
  int dimensions = 0;
};

Reading ReadingOf(const PostgresColumn& column) {
  const auto known = std::ranges::find(kKnown, column.type, &Known::oid);
  Reading out{QuotePostgres(column.name), Form::kText, DataType(TypeKind::kString), column.dimensions};
  if (column.type == 1560 && column.dimensions == 0) {  // bit(n)
    const bool one = column.modifier == 1;
    out.form = one ? Form::kBool : Form::kBytes;
    out.element = DataType(one ? TypeKind::kBoolean : TypeKind::kBinary);
    out.select += one ? "::int::boolean" : "::text";
    return out;
  }
  if (known == std::end(kKnown)) {
    // Whatever it is, its text is what Spark shows.
    out.select += column.dimensions > 0 ? "::text[]" : "::text";
    return out;
  }
  out.form = known->form;
  if (known->form == Form::kOid) {
    out.element = DataType::Decimal(20, 0);
    return out;
  }
  if (known->form != Form::kNumeric) {
    out.element = DataType(known->kind);
    return out;
  }
  int precision = 38, scale = 18;
  if (column.modifier >= 4) {
    const int packed = column.modifier - 4;
    precision = packed >> 16 & 0xffff;
    scale = packed & 0x7ff;
    if (scale > 1023) scale -= 2048;
    if (scale < 0) {  // numeric(5,-2) holds seven digits
      precision -= scale;
      scale = 0;
    }
    // As Spark bounds a precision that it has not.
    if (precision > 38) {
      scale = std::max(0, scale - (precision - 38));
      precision = 38;
    }
  }
  out.element = DataType::Decimal(precision, scale);
  return out;
}

/// Reads big-endian numbers.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  template <typename T>
  T Get() {
    if (bytes_.size() < sizeof(T)) Cut();
    T out = 0;
    for (size_t i = 0; i < sizeof(T); ++i)
      out = static_cast<T>(static_cast<std::make_unsigned_t<T>>(out) << (sizeof(T) > 1 ? 8 : 0) |
                           static_cast<unsigned char>(bytes_[i]));
    bytes_.remove_prefix(sizeof(T));
    return out;
  }
  std::string_view Take(size_t size) {
    if (bytes_.size() < size) Cut();
    const std::string_view out = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return out;
  }
  bool empty() const { return bytes_.empty(); }
  size_t size() const { return bytes_.size(); }

 private:
  [[noreturn]] static void Cut() {
    base::Fail("TINDERBOX_JDBC", "What PostgreSQL sent cannot be read: a value ends before its time.");
  }
  std::string_view bytes_;
};

__int128 PowerOfTen(int exponent) {
  __int128 out = 1;
  for (int i = 0; i < exponent; ++i) out *= 10;
  return out;
}

/// numeric's digits to base 10000, as an unscaled decimal; rounded half up, as Spark does.
__int128 Unscaled(Bytes bytes, const DataType& type) {
  const int digits = bytes.Get<int16_t>();
  const int weight = bytes.Get<int16_t>();
  const auto sign = static_cast<uint16_t>(bytes.Get<int16_t>());
  bytes.Get<int16_t>();
  const auto fail = [&](const char* what) {
    base::Fail("NUMERIC_OUT_OF_SUPPORTED_RANGE",
               "A value of type numeric {} {}. Cast the column in PostgreSQL, in the option query.", what, type.Sql());
  };
  if (sign == 0xC000) fail("is NaN, which is no");
  if (sign == 0xD000 || sign == 0xF000) fail("is infinite, which is no");
  const __int128 most = PowerOfTen(type.precision());
  __int128 out = 0;
  int next = 0;  // the decimal digit behind the last one that is kept
  for (int i = 0; i < digits; ++i) {
    const int digit = bytes.Get<int16_t>();
    // The digit's last place is 10^(4 * (weight - i)); what is wanted ends at 10^-scale.
    const int shift = 4 * (weight - i) + type.scale();
    if (shift >= 0) {
      if (digit != 0 && shift > 38) fail("does not fit into");
      if (digit == 0) continue;
      // digit * 10^shift must stay below 10^38.
      if (digit > (most - 1) / PowerOfTen(shift)) fail("does not fit into");
      out += digit * PowerOfTen(shift);
    } else if (shift > -4) {
      const int kept = static_cast<int>(PowerOfTen(-shift));
      out += digit / kept;
      next = digit % kept / (kept / 10);
    } else if (shift == -4) {
      next = digit / 1000;
    }
  }
  if (next >= 5) ++out;
  if (out >= most) fail("does not fit into");
  return sign == 0x4000 ? -out : out;
}

constexpr int64_t kDays1970To2000 = 10957;
constexpr int64_t kMicrosOfDay = 86'400'000'000;
// What Spark makes of infinity: the first and the last instant that it shows.
constexpr int64_t kFirstMicros = -62'135'596'800'000'000, kLastMicros = 253'402'300'799'999'999;

void Set(const Reading& reading, Bytes value, OutVector* out, size_t row) {
  switch (reading.form) {
    case Form::kBool:
      out->Data<uint8_t>()[row] = value.Get<int8_t>() != 0;
      return;
    case Form::kInt2:
      out->Data<int16_t>()[row] = value.Get<int16_t>();
      return;
    case Form::kInt4:
      out->Data<int32_t>()[row] = value.Get<int32_t>();
      return;
    case Form::kInt8:
      out->Data<int64_t>()[row] = value.Get<int64_t>();
      return;
    case Form::kOid:
      out->Data<__int128>()[row] = static_cast<uint32_t>(value.Get<int32_t>());
      return;
    case Form::kFloat4:
      out->Data<float>()[row] = std::bit_cast<float>(value.Get<int32_t>());
      return;
    case Form::kFloat8:
      out->Data<double>()[row] = std::bit_cast<double>(value.Get<int64_t>());
      return;
    case Form::kDate: {
      const int32_t days = value.Get<int32_t>();
      out->Data<int32_t>()[row] =
          days == std::numeric_limits<int32_t>::max()   ? static_cast<int32_t>(kLastMicros / kMicrosOfDay)
          : days == std::numeric_limits<int32_t>::min() ? static_cast<int32_t>(kFirstMicros / kMicrosOfDay)
                                                        : static_cast<int32_t>(days + kDays1970To2000);
      return;
    }
    case Form::kTimestamp: {
      const int64_t micros = value.Get<int64_t>();
      out->Data<int64_t>()[row] = micros == std::numeric_limits<int64_t>::max() ? kLastMicros
                                  : micros == std::numeric_limits<int64_t>::min()
                                      ? kFirstMicros
                                      : micros + kDays1970To2000 * kMicrosOfDay;
      return;
    }
    case Form::kTime:
    case Form::kTimeTz: {
      // A time of day is one of 1970-01-01, in whole milliseconds, as the driver gives it to Spark.
      int64_t micros = value.Get<int64_t>() / 1000 * 1000;
      if (reading.form == Form::kTimeTz) micros += value.Get<int32_t>() * int64_t{1'000'000};
      out->Data<int64_t>()[row] = micros;
      return;
    }
    case Form::kNumeric: {
      const __int128 unscaled = Unscaled(value, reading.element);
      const int precision = reading.element.precision();
      if (precision <= 4) {
        out->Data<int16_t>()[row] = static_cast<int16_t>(unscaled);
      } else if (precision <= 9) {
        out->Data<int32_t>()[row] = static_cast<int32_t>(unscaled);
      } else if (precision <= 18) {
        out->Data<int64_t>()[row] = static_cast<int64_t>(unscaled);
      } else {
        out->Data<__int128>()[row] = unscaled;
      }
      return;
    }
    case Form::kBytes:
    case Form::kText:
      out->SetString(row, value.Take(value.size()));
      return;
  }
}

/// The elements of one level of an array, and below it.
void SetElements(const Reading& reading, const std::vector<int32_t>& sizes, size_t level, Bytes* bytes, OutVector* list,
                 size_t row) {
  const auto size = static_cast<uint64_t>(level < sizes.size() ? sizes[level] : 0);
  const uint64_t begin = list->ListSize();
  list->ReserveList(begin + size);
  list->SetListSize(begin + size);
  list->SetList(row, begin, size);
  OutVector child = list->ListChild();
  for (uint64_t i = 0; i < size; ++i) {
    if (level + 1 < sizes.size()) {
      SetElements(reading, sizes, level + 1, bytes, &child, begin + i);
      continue;
    }
    const int32_t length = bytes->Get<int32_t>();
    if (length < 0) {
      child.SetNull(begin + i);
    } else {
      Set(reading, Bytes(bytes->Take(static_cast<size_t>(length))), &child, begin + i);
    }
  }
}

void SetArray(const Reading& reading, Bytes bytes, OutVector* out, size_t row) {
  const int32_t dimensions = bytes.Get<int32_t>();
  bytes.Get<int32_t>();
  bytes.Get<int32_t>();
  std::vector<int32_t> sizes;
  for (int32_t i = 0; i < dimensions; ++i) {
    sizes.push_back(bytes.Get<int32_t>());
    bytes.Get<int32_t>();  // the lower bound
  }
  if (!sizes.empty() && dimensions != reading.dimensions) {
    base::Fail(
        "TINDERBOX_JDBC",
        "The column {} holds an array of {} dimensions, but is declared with {}. Declare it so, or cast it to text "
        "in the option query.",
        reading.select, dimensions, reading.dimensions);
  }
  SetElements(reading, sizes, 0, &bytes, out, row);
}

class JdbcSource : public Source, public std::enable_shared_from_this<JdbcSource> {
 public:
  JdbcSource(JdbcOptions options, std::vector<Reading> readings, std::vector<std::string> parts, std::string zone)
      : options_(std::move(options)), readings_(std::move(readings)), parts_(std::move(parts)), zone_(std::move(zone)) {
    for (const Reading& reading : readings_) {
      DataType type = reading.element;
      for (int i = 0; i < reading.dimensions; ++i) type = DataType::Array(type);
      columns_.push_back({fmt::format("c{}", columns_.size()), type, true, "{}"});
    }
  }

  const std::vector<StructField>& Columns() const override { return columns_; }
  std::unique_ptr<Scan> Open(std::vector<size_t> projected) override;

  const std::vector<Reading>& readings() const { return readings_; }
  const std::vector<std::string>& parts() const { return parts_; }
  /// A connection ready to read.
  std::unique_ptr<Postgres> Connect() const;
  std::string Query(const std::vector<size_t>& projected, size_t part) const {
    std::string list;
    for (const size_t column : projected) list += (list.empty() ? "" : ", ") + readings_[column].select;
    return fmt::format("COPY (SELECT {} FROM {}{}{}) TO STDOUT (FORMAT binary)", list, options_.table,
                       parts_[part].empty() ? "" : " WHERE ", parts_[part]);
  }

 private:
  JdbcOptions options_;
  std::vector<Reading> readings_;
  std::vector<std::string> parts_;  ///< conditions; empty: all rows
  std::string zone_;
  std::vector<StructField> columns_;
};

std::unique_ptr<Postgres> Open(const JdbcOptions& options, const std::string& zone) {
  auto out = std::make_unique<Postgres>(options.address);
  out->Rows("SELECT set_config('TimeZone', $1, false)", {zone});
  if (const std::string limit = options.Get("querytimeout", "0"); limit != "0")
    out->Rows("SELECT set_config('statement_timeout', $1, false)", {limit + "s"});
  if (const std::string first = options.Get("sessioninitstatement"); !first.empty()) out->Run(first);
  return out;
}

std::unique_ptr<Postgres> JdbcSource::Connect() const {
  return engine::Open(options_, zone_);
}

/// Takes one part of the rows after the other.
class JdbcScan : public Scan {
 public:
  JdbcScan(std::shared_ptr<const JdbcSource> source, std::vector<size_t> projected)
      : source_(std::move(source)), projected_(std::move(projected)) {}
  std::unique_ptr<ScanPart> NewPart() override;
  size_t MaxParts() const override { return source_->parts().size(); }

  const JdbcSource& source() const { return *source_; }
  const std::vector<size_t>& projected() const { return projected_; }
  size_t Take() { return next_++; }

 private:
  std::shared_ptr<const JdbcSource> source_;
  std::vector<size_t> projected_;
  std::atomic<size_t> next_ = 0;
};

class JdbcPart : public ScanPart {
 public:
  explicit JdbcPart(JdbcScan* scan) : scan_(scan) {}

  size_t Fill(std::vector<OutVector>& columns) override {
    size_t row = 0;
    while (row < kChunkRows && Next()) {
      const int16_t fields = bytes_.Get<int16_t>();
      if (fields == -1) continue;  // the trailer
      for (size_t i = 0; i < static_cast<size_t>(fields); ++i) {
        const int32_t length = bytes_.Get<int32_t>();
        if (length < 0) {
          columns[i].SetNull(row);
          continue;
        }
        const Bytes value(bytes_.Take(static_cast<size_t>(length)));
        const Reading& reading = scan_->source().readings()[scan_->projected()[i]];
        if (reading.dimensions > 0) {
          SetArray(reading, value, &columns[i], row);
        } else {
          Set(reading, value, &columns[i], row);
        }
      }
      ++row;
    }
    return row;
  }

 private:
  /// Goes on to the next piece, when the last one is used up.
  bool Next() {
    while (bytes_.empty()) {
      std::string_view piece;
      if (open_ && connection_->ReadCopy(&piece)) {
        bytes_ = Bytes(piece);
        if (first_) {
          bytes_.Take(11 + 4);  // signature and flags
          bytes_.Take(static_cast<size_t>(bytes_.Get<int32_t>()));
          first_ = false;
        }
        continue;
      }
      open_ = false;
      const size_t part = scan_->Take();
      if (part >= scan_->source().parts().size()) return false;
      if (connection_ == nullptr) connection_ = scan_->source().Connect();
      connection_->StartCopyOut(scan_->source().Query(scan_->projected(), part));
      open_ = first_ = true;
    }
    return true;
  }

  JdbcScan* scan_;
  std::unique_ptr<Postgres> connection_;
  Bytes bytes_{""};
  bool open_ = false;
  bool first_ = false;
};

std::unique_ptr<ScanPart> JdbcScan::NewPart() {
  return std::make_unique<JdbcPart>(this);
}

std::unique_ptr<Scan> JdbcSource::Open(std::vector<size_t> projected) {
  return std::make_unique<JdbcScan>(shared_from_this(), std::move(projected));
}

int64_t Whole(const std::string& name, const std::string& text) {
  int64_t out = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failure == std::errc() && end == text.data() + text.size()) return out;
  base::Fail("TINDERBOX_JDBC", "The option {} of the data source jdbc is \"{}\"; it must be a whole number.", name,
             text);
}

/// The conditions of the parts that partitionColumn and its bounds ask for.
std::vector<std::string> Parts(const JdbcOptions& options, const std::vector<PostgresColumn>& columns,
                               const std::vector<Reading>& readings) {
  const std::string name = options.Get("partitioncolumn");
  if (name.empty()) return {""};
  const auto found = std::ranges::find_if(
      columns, [&](const PostgresColumn& column) { return base::LowerCase(column.name) == base::LowerCase(name); });
  if (found == columns.end()) {
    base::Fail("TINDERBOX_JDBC", "User-defined partition column {} not found in the JDBC relation.", name);
  }
  const Reading& reading = readings[static_cast<size_t>(found - columns.begin())];
  const TypeKind kind = reading.element.kind();
  const bool timely = kind == TypeKind::kDate || kind == TypeKind::kTimestamp || kind == TypeKind::kTimestampNtz;
  if (reading.dimensions > 0 || !(timely || reading.element.IsNumeric())) {
    base::Fail("TINDERBOX_JDBC", "Partition column type should be numeric, date, or timestamp, but {} found.",
               reading.element.SimpleString());
  }
  if (timely) return {""};  // one part has the same rows
  const int64_t low = Whole("lowerBound", options.Get("lowerbound"));
  const int64_t high = Whole("upperBound", options.Get("upperbound"));
  if (low > high) {
    base::Fail("TINDERBOX_JDBC",
               "Operation not allowed: the lower bound of partitioning column is larger than the upper bound. Lower "
               "bound: {}; Upper bound: {}",
               low, high);
  }
  int64_t count = Whole("numPartitions", options.Get("numpartitions"));
  if (high - low < count) count = high - low;
  if (count <= 1) return {""};
  std::vector<std::string> out;
  const std::string column = QuotePostgres(found->name);
  const auto bound = [&](int64_t i) {
    return low + static_cast<int64_t>(static_cast<__int128>(high - low) * i / count);
  };
  for (int64_t i = 0; i < count; ++i) {
    if (i == 0) {
      out.push_back(fmt::format("{0} < {1} OR {0} IS NULL", column, bound(1)));
    } else if (i + 1 == count) {
      out.push_back(fmt::format("{} >= {}", column, bound(i)));
    } else {
      out.push_back(fmt::format("{0} >= {1} AND {0} < {2}", column, bound(i), bound(i + 1)));
    }
  }
  return out;
}

}  // namespace

JdbcTable ReadJdbc(const std::map<std::string, std::string>& given, const std::vector<std::string>& predicates,
                   const std::string& time_zone) {
  const JdbcOptions options = ParseJdbc(given, false);
  const std::unique_ptr<Postgres> connection = Open(options, time_zone);
  const std::vector<PostgresColumn> columns =
      connection->Describe(fmt::format("SELECT * FROM {} WHERE 1=0", options.table));
  std::vector<Reading> readings;
  JdbcTable out;
  const bool ntz = options.Flag("prefertimestampntz", false);
  for (const PostgresColumn& column : columns) {
    readings.push_back(ReadingOf(column));
    DataType type = readings.back().element;
    const bool time = readings.back().form == Form::kTime;
    if (type.kind() == TypeKind::kTimestampNtz && (time || !ntz)) type = DataType(TypeKind::kTimestamp);
    for (int i = 0; i < column.dimensions; ++i) type = DataType::Array(type);
    out.schema.fields.push_back({column.name, type, true, "{}"});
  }
  std::vector<std::string> parts = predicates.empty() ? Parts(options, columns, readings) : predicates;
  if (!predicates.empty()) {
    for (std::string& part : parts) part = fmt::format("({})", part);
  }
  out.source = std::make_shared<JdbcSource>(options, std::move(readings), std::move(parts), time_zone);
  return out;
}

TranslatedRelation SelectJdbc(const JdbcTable& table, const Sql& from) {
  std::vector<OutputColumn> columns = NewColumns(table.schema);
  std::vector<SelectItem> items;
  for (size_t i = 0; i < columns.size(); ++i) {
    Sql value = Ident(fmt::format("c{}", i));
    if (!columns[i].type.SameIgnoringNullability(table.source->Columns()[i].type))
      value = CastTo(value, columns[i].type);
    items.push_back({value, columns[i]});
  }
  return Select(std::move(items), from);
}

}  // namespace tinderbox::engine
