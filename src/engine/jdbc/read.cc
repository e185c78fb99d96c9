#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>

#include "base/ascii.h"
#include "base/fail.h"
#include "engine/jdbc/copy_binary.h"
#include "engine/jdbc/jdbc.h"
#include "engine/jdbc/options.h"
#include "engine/translate/relation_translator.h"
#include "spark/type_names.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {
namespace {

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
        const CopyBytes value(bytes_.Take(static_cast<size_t>(length)));
        SetValue(scan_->source().readings()[scan_->projected()[i]], value, &columns[i], row);
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
        bytes_ = CopyBytes(piece);
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
  CopyBytes bytes_{""};
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
    const bool time = readings.back().form == CopyForm::kTime;
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
