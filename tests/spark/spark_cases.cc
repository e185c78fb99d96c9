// Runs the sql blocks of .test files in process, through the SQL parser and the embedded engine, without gRPC:
// spark_cases FILE.test… The format is in README.md; run.py runs the same files over gRPC.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "base/temp_dir.h"
#include "engine/embedded_session.h"
#include "engine/functions/variant.h"
#include "spark/error_conditions.h"
#include "spark/ipc.h"
#include "spark/proto.h"
#include "tinderbox/error.h"

namespace tinderbox {
namespace {

struct Case {
  int line = 0;
  std::string kind;
  std::vector<std::pair<std::string, std::string>> confs;
  std::string source;
  bool sorted = false;
  std::vector<std::string> expected;
  std::optional<std::vector<std::string>> ours;
};

std::vector<Case> ReadCases(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw Error("TINDERBOX_USAGE", "There is no file " + path + ".");
  std::vector<Case> cases;
  enum class Part { kNone, kSource, kExpected, kOurs } part = Part::kNone;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (part == Part::kSource) {
      if (line == "----" || line == "---- sorted") {
        cases.back().sorted = line.size() > 4;
        part = Part::kExpected;
      } else {
        cases.back().source += line + "\n";
      }
    } else if (line.empty()) {
      part = Part::kNone;
    } else if (part == Part::kExpected && line.starts_with("differs: ")) {
      cases.back().ours.emplace();
      part = Part::kOurs;
    } else if (part == Part::kExpected) {
      cases.back().expected.push_back(line);
    } else if (part == Part::kOurs) {
      cases.back().ours->push_back(line);
    } else if (!line.starts_with('#')) {
      std::istringstream words(line);
      Case next;
      next.line = number;
      words >> next.kind;
      for (std::string word; words >> word;) {
        const size_t equals = word.find('=');
        next.confs.emplace_back(word.substr(0, equals), word.substr(equals + 1));
      }
      cases.push_back(std::move(next));
      part = Part::kSource;
    }
  }
  return cases;
}

/// The statements of a block: a semicolon at the end of a line ends one.
std::vector<std::string> Statements(const std::string& source) {
  std::vector<std::string> statements(1);
  std::istringstream lines(source);
  for (std::string line; std::getline(lines, line);) {
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
    const bool ends = line.ends_with(';');
    if (ends) line.pop_back();
    if (!statements.back().empty()) statements.back() += '\n';
    statements.back() += line;
    if (ends) statements.emplace_back();
  }
  std::erase(statements, "");
  return statements;
}

std::string Quote(std::string_view text) {
  std::string out = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += text[i];
    } else if (const size_t at = std::string_view("\n\r\t\b\f").find(text[i]); at != std::string_view::npos && c != 0) {
      out += '\\';
      out += "nrtbf"[at];
    } else if (c < 0x20 || c == 0x7F) {
      out += fmt::format("\\u{:04x}", c);
    } else if (text.substr(i, 2) == "\xC2\x85") {
      out += "\\u0085";
      i += 1;
    } else if (text.substr(i, 3) == "\xE2\x80\xA8") {
      out += "\\u2028";
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out + '"';
}

std::string NameText(const std::string& name) {
  const bool plain =
      !name.empty() && !std::isdigit(static_cast<unsigned char>(name[0])) && std::ranges::all_of(name, [](char c) {
        return (std::isalnum(static_cast<unsigned char>(c)) != 0 && static_cast<unsigned char>(c) < 128) || c == '_';
      });
  if (plain) return name;
  const std::string quoted = Quote(name);
  std::string out = "`";
  for (size_t i = 1; i + 1 < quoted.size(); ++i) {
    if (quoted[i] == '\\' && quoted[i + 1] == '"' && i + 2 < quoted.size()) continue;
    if (quoted[i] == '`') out += '`';
    out += quoted[i];
  }
  return out + '`';
}

std::string TypeText(const DataType& type) {
  const auto mark = [](bool nullable) { return nullable ? "" : " NOT NULL"; };
  switch (type.kind()) {
    case TypeKind::kArray:
      return fmt::format("array<{}{}>", TypeText(type.element()), mark(type.contains_null()));
    case TypeKind::kMap:
      return fmt::format("map<{}, {}{}>", TypeText(type.key()), TypeText(type.value()), mark(type.contains_null()));
    case TypeKind::kStruct: {
      std::vector<std::string> fields;
      for (const StructField& field : type.fields()) {
        fields.push_back(fmt::format("{}: {}{}", NameText(field.name), TypeText(field.type), mark(field.nullable)));
      }
      return fmt::format("struct<{}>", fmt::join(fields, ", "));
    }
    default:
      return type.SimpleString();
  }
}

std::string SchemaText(const StructType& schema) {
  std::vector<std::string> fields;
  for (const StructField& field : schema.fields) {
    fields.push_back(
        fmt::format("{} {}{}", NameText(field.name), TypeText(field.type), field.nullable ? "" : " NOT NULL"));
  }
  return fields.empty() ? "(no columns)" : fmt::format("{}", fmt::join(fields, ", "));
}

/// The shortest digits that give the value back, with an exponent where Python and, for FLOAT, numpy write one.
template <typename T>
std::string FloatText(T value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific).ptr;
  std::string text(buffer, end);
  const size_t e = text.find('e');
  const int exponent = std::stoi(text.substr(e + 1));
  const double size = std::abs(static_cast<double>(value));
  if (value != 0 && (size < 1e-4 || size >= (std::is_same_v<T, float> ? 1e6 : 1e16))) return text;
  const std::string sign = text[0] == '-' ? "-" : "";
  std::string digits;
  for (const char c : text.substr(0, e)) {
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) digits += c;
  }
  if (exponent < 0) return sign + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) return sign + digits + std::string(whole - digits.size(), '0') + ".0";
  return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

std::string DecimalText(const DecimalValue& value) {
  const bool negative = value.unscaled < 0;
  auto rest =
      negative ? -static_cast<unsigned __int128>(value.unscaled) : static_cast<unsigned __int128>(value.unscaled);
  std::string digits;
  do {
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  } while (rest != 0);
  const auto scale = static_cast<size_t>(value.scale);
  if (digits.size() <= scale) digits.append(scale + 1 - digits.size(), '0');
  std::ranges::reverse(digits);
  if (scale > 0) digits.insert(digits.size() - scale, ".");
  return (negative ? "-" : "") + digits;
}

constexpr int64_t kDay = 86'400'000'000;

int64_t FloorDivide(int64_t a, int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

std::string DateText(int64_t days) {
  const int64_t z = days + 719468, era = FloorDivide(z, 146097), doe = z - era * 146097;
  const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
  const int64_t month = mp < 10 ? mp + 3 : mp - 9, year = yoe + era * 400 + (month <= 2 ? 1 : 0);
  return fmt::format("{}{:04}-{:02}-{:02}", year < 0 ? "-" : "", std::abs(year), month, doy - (153 * mp + 2) / 5 + 1);
}

std::string ClockText(int64_t micros) {
  const int64_t seconds = micros / 1'000'000, fraction = micros % 1'000'000;
  std::string text = fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (fraction == 0) return text;
  text += fmt::format(".{:06}", fraction);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

std::string MomentText(int64_t micros) {
  const int64_t days = FloorDivide(micros, kDay);
  return DateText(days) + " " + ClockText(micros - days * kDay);
}

/// A variant as PySpark's VariantVal.toJson writes it.
std::string VariantText(const engine::VariantView& variant) {
  using Kind = engine::VariantKind;
  const auto ascii = [](std::string_view text) { return nlohmann::json(text).dump(-1, ' ', true); };
  switch (variant.kind()) {
    case Kind::kNull:
      return "null";
    case Kind::kBoolean:
      return variant.Boolean() ? "true" : "false";
    case Kind::kLong:
      return std::to_string(variant.Long());
    case Kind::kFloat:
      return FloatText(static_cast<double>(variant.Float()));
    case Kind::kDouble:
      return FloatText(variant.Double());
    case Kind::kDecimal: {
      const auto decimal = variant.StoredDecimal();
      return DecimalText({decimal.digits, decimal.scale});
    }
    case Kind::kString:
      return ascii(variant.Bytes());
    case Kind::kDate:
      return '"' + DateText(variant.Long()) + '"';
    case Kind::kTimestamp:
    case Kind::kTimestampNtz: {
      std::string text = MomentText(variant.Long());
      if (const size_t point = text.find('.'); point != std::string::npos) text.append(point + 7 - text.size(), '0');
      return '"' + text + (variant.kind() == Kind::kTimestamp ? "+00:00\"" : "\"");
    }
    case Kind::kBinary:
    case Kind::kUuid: {
      std::string out;
      engine::AppendVariantJson(&out, variant, engine::TimeZone::Find("UTC"));
      return out;
    }
    case Kind::kObject:
    case Kind::kArray:
      break;
  }
  const bool object = variant.kind() == Kind::kObject;
  std::vector<std::string> items;
  for (size_t i = 0; i < variant.size(); ++i) {
    items.push_back((object ? ascii(variant.Key(i)) + ":" : "") + VariantText(variant.Child(i)));
  }
  return fmt::format("{}{}{}", object ? '{' : '[', fmt::join(items, ","), object ? '}' : ']');
}

std::string ValueText(const Value& value, const DataType& type) {
  if (value.is_null()) return "NULL";
  switch (type.kind()) {
    case TypeKind::kNull:
      return "NULL";
    case TypeKind::kBoolean:
      return value.As<bool>() ? "true" : "false";
    case TypeKind::kByte:
    case TypeKind::kShort:
    case TypeKind::kInteger:
    case TypeKind::kLong:
      return std::to_string(value.As<int64_t>());
    case TypeKind::kFloat:
      return FloatText(value.As<float>());
    case TypeKind::kDouble:
      return FloatText(value.As<double>());
    case TypeKind::kDecimal:
      return DecimalText(value.As<DecimalValue>());
    case TypeKind::kString:
      return Quote(value.As<std::string>());
    case TypeKind::kBinary: {
      std::string out = "X'";
      for (const char c : value.As<BinaryValue>().bytes) out += fmt::format("{:02X}", static_cast<unsigned char>(c));
      return out + "'";
    }
    case TypeKind::kDate:
      return DateText(value.As<DateValue>().days);
    case TypeKind::kTime:
      return ClockText(value.As<TimeValue>().micros);
    case TypeKind::kTimestamp:
      return MomentText(value.As<TimestampValue>().micros) + "Z";
    case TypeKind::kTimestampNtz:
      return MomentText(value.As<TimestampNtzValue>().micros);
    case TypeKind::kYearMonthInterval: {
      const int months = value.As<YearMonthIntervalValue>().months;
      return fmt::format("{}{}-{}", months < 0 ? "-" : "", std::abs(int64_t{months}) / 12,
                         std::abs(int64_t{months}) % 12);
    }
    case TypeKind::kDayTimeInterval: {
      const int64_t micros = value.As<DayTimeIntervalValue>().micros;
      const int64_t days = std::abs(micros / kDay), rest = std::abs(micros % kDay);
      return fmt::format("{}{} {}", micros < 0 ? "-" : "", days, ClockText(rest));
    }
    case TypeKind::kCalendarInterval: {
      const auto& interval = value.As<CalendarIntervalValue>();
      return fmt::format("{} months {} days {} ns", interval.months, interval.days, interval.micros * 1000);
    }
    case TypeKind::kVariant: {
      const auto& parts = value.As<std::shared_ptr<StructValue>>()->values;
      return "variant " + Quote(VariantText(
                              engine::VariantView(parts[0].As<BinaryValue>().bytes, parts[1].As<BinaryValue>().bytes)));
    }
    case TypeKind::kArray: {
      std::vector<std::string> items;
      for (const Value& item : value.As<std::shared_ptr<ListValue>>()->items)
        items.push_back(ValueText(item, type.element()));
      return fmt::format("[{}]", fmt::join(items, ", "));
    }
    case TypeKind::kMap: {
      std::vector<std::string> items;
      for (const auto& [key, item] : value.As<std::shared_ptr<MapValue>>()->entries) {
        items.push_back(ValueText(key, type.key()) + ": " + ValueText(item, type.value()));
      }
      return "{" + fmt::format("{}", fmt::join(items, ", ")) + "}";
    }
    case TypeKind::kStruct: {
      std::vector<std::string> items;
      const auto& values = value.As<std::shared_ptr<StructValue>>()->values;
      for (size_t i = 0; i < values.size(); ++i) items.push_back(ValueText(values[i], type.fields()[i].type));
      return fmt::format("({})", fmt::join(items, ", "));
    }
  }
  return "?";
}

std::vector<std::string> RowTexts(BatchReader* reader) {
  std::vector<std::string> rows;
  const StructType& schema = reader->schema();
  for (ArrowBatch batch; reader->Next(&batch); batch = ArrowBatch()) {
    for (int64_t row = 0; row < batch.rows(); ++row) {
      std::vector<std::string> cells;
      for (size_t i = 0; i < schema.fields.size(); ++i) {
        const DataType& type = schema.fields[i].type;
        cells.push_back(ValueText(spark::ToValue(type, batch.column(i), row), type));
      }
      rows.push_back(fmt::format("{}", fmt::join(cells, " | ")));
    }
  }
  return rows;
}

/// Without what changes from run to run: identifiers of expressions.
std::string Plain(std::string text) {
  for (size_t at = text.find('#'); at != std::string::npos; at = text.find('#', at + 1)) {
    size_t end = at + 1;
    while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0) ++end;
    if (end == at + 1) continue;
    if (end < text.size() && text[end] == 'L') ++end;
    text.replace(at + 1, end - at - 1, "n");
  }
  return text;
}

/// As the files have it, but for the name of the exception, which only the client knows.
std::vector<std::string> ErrorTexts(const Error& error) {
  nlohmann::json params = nlohmann::json::object();
  for (const auto& [key, value] : error.params()) params[key] = Plain(value);
  // What Java raises by itself has no condition.
  const std::string condition = spark::IsJavaClass(error.condition()) ? "None" : error.condition();
  std::vector<std::string> lines = {fmt::format("error {} {} {}", condition, spark::SqlState(error.condition()),
                                                params.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))};
  for (const QueryContext& context : error.contexts()) {
    if (context.kind == QueryContext::Kind::kSql && (context.start_index >= 0 || context.summary.empty()))
      lines.push_back(fmt::format("at {}-{} {}", context.start_index, context.stop_index, Quote(context.fragment)));
  }
  return lines;
}

/// The same of the file's lines.
std::vector<std::string> WithoutException(std::vector<std::string> lines) {
  if (lines.empty() || !lines[0].starts_with("error ")) return lines;
  std::istringstream words(lines[0]);
  std::string error, condition, state, exception, params;
  words >> error >> condition >> state >> exception;
  std::getline(words, params);
  const auto parsed = nlohmann::json::parse(params, nullptr, false);
  if (state == "None") state.clear();
  if (!parsed.is_discarded()) lines[0] = fmt::format("error {} {} {}", condition, state, parsed.dump());
  return lines;
}

class Runner {
 public:
  Runner() : session_(engine::OpenSession(engine::OpenEngine({}))) {}

  std::vector<std::string> Answer(const Case& block) {
    std::vector<std::pair<std::string, std::optional<std::string>>> before;
    std::vector<std::string> lines;
    try {
      for (const auto& [key, value] : block.confs) {
        before.emplace_back(key, Conf(key));
        session_->SetConf(key, value);
      }
      lines = Run(block);
    } catch (const Error& error) {
      lines = ErrorTexts(error);
    }
    for (const auto& [key, value] : before) {
      proto::ConfigRequest::Operation unset;
      unset.mutable_unset()->add_keys(key);
      if (value) {
        session_->SetConf(key, *value);
      } else {
        session_->Config(unset);
      }
    }
    return lines;
  }

 private:
  std::optional<std::string> Conf(const std::string& key) {
    try {
      return session_->GetConf(key);
    } catch (const Error&) {
      return std::nullopt;
    }
  }

  std::vector<std::string> Run(const Case& block) {
    std::unique_ptr<BatchReader> reader;
    for (const std::string& statement : Statements(block.source)) {
      proto::Command command;
      command.mutable_sql_command()->mutable_input()->mutable_sql()->set_query(statement);
      const auto answer = session_->Execute(command, "");
      reader = session_->Execute(answer.sql_command_result().relation(), "");
    }
    if (block.kind == "setup" || reader == nullptr) return {};
    std::vector<std::string> rows = RowTexts(reader.get());
    if (block.sorted) std::ranges::sort(rows);
    rows.insert(rows.begin(), Plain(SchemaText(reader->schema())));
    return rows;
  }

  std::shared_ptr<spark::Session> session_;
};

/// Whether the answer is an error of PySpark's own, which no server knows of: one word.
bool OfTheClient(const Case& block) {
  return !block.expected.empty() && block.expected[0].starts_with("error ") &&
         block.expected[0].find(' ', 6) == std::string::npos;
}

struct Count {
  int right = 0, known = 0, wrong = 0;
};

void RunFile(const std::string& path, Count* count) {
  Runner runner;
  for (const Case& block : ReadCases(path)) {
    if (block.kind == "python" || OfTheClient(block)) continue;
    const std::vector<std::string> found = runner.Answer(block);
    const bool as_spark = found == WithoutException(block.expected);
    // A known difference may be one of the way to the client, so that only the runner over gRPC can miss it.
    if (as_spark) {
      ++count->right;
    } else if (!as_spark && block.ours && found == WithoutException(*block.ours)) {
      ++count->known;
    } else {
      ++count->wrong;
      fmt::print("\n{}:{}: differs\n{}    Spark: {}\n    ours:  {}\n", path, block.line, block.source,
                 fmt::join(WithoutException(block.expected), "\n           "), fmt::join(found, "\n           "));
    }
  }
}

int Main(int argc, char** argv) {
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) files.push_back(std::filesystem::absolute(argv[i]));
  const base::TempDir folder(std::filesystem::temp_directory_path());  // the warehouse is made in the current folder
  std::filesystem::current_path(folder.path());
  Count count;
  for (const std::string& file : files) RunFile(file, &count);
  std::filesystem::current_path("/");
  fmt::print("{} blocks as Spark, {} known differences, {} wrong\n", count.right, count.known, count.wrong);
  return count.wrong > 0 || count.right == 0 ? 1 : 0;
}

}  // namespace
}  // namespace tinderbox

int main(int argc, char** argv) {
  try {
    return tinderbox::Main(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
