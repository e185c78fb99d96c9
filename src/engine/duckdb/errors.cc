#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/duckdb/capi.h"
#include "engine/places.h"
#include "spark/text.h"

namespace tinderbox::engine {

namespace {

constexpr std::string_view kMark = "[[tinderbox:";

/// Throws the Error inside `message` when EncodeError put one there; `function` becomes what raised it.
void ThrowEncoded(const std::string& message, std::string* function) {
  size_t mark = message.find(kMark);
  if (mark == std::string::npos) return;
  const char* begin = message.data() + mark + kMark.size();
  const char* end = message.data() + message.size();
  size_t length = 0;
  auto [colon, failure] = std::from_chars(begin, end, length);
  if (failure != std::errc() || colon == end || *colon != ':' || static_cast<size_t>(end - colon - 1) < length) return;
  auto json = nlohmann::json::parse(std::string_view(colon + 1, length), nullptr, false);
  if (json.is_discarded()) return;
  if (json["condition"] == Interrupted().condition()) throw Interrupted();
  *function = json.value("function", "");
  throw Error(json["condition"].get<std::string>(), json["message"].get<std::string>(),
              json["params"].get<Error::Params>());
}

bool Has(const std::string& message, const char* part) {
  return message.find(part) != std::string::npos;
}

/// What stands between two words of a message; nullopt when they are not there.
std::optional<std::string> Between(const std::string& message, std::string_view before, std::string_view after) {
  const size_t begin = message.find(before);
  if (begin == std::string::npos) return std::nullopt;
  const size_t start = begin + before.size();
  const size_t end = after.empty() ? message.size() : message.find(after, start);
  if (end == std::string::npos) return std::nullopt;
  return message.substr(start, end - start);
}

constexpr char kBypass[] = "If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error.";
constexpr char kConfig[] = "\"spark.sql.ansi.enabled\"";

/// A number of DuckDB's type, as Spark shows it in messages: 128S, 2147483648L, 1.0E10D.
std::string ShownNumber(const std::string& value, const std::string& type) {
  if (type == "INT8" || type == "INT16") return value + "S";
  if (type == "INT64") return value + "L";
  if (type.starts_with("DECIMAL") || type == "INT128") return value + "BD";
  if (type != "FLOAT" && type != "DOUBLE") return value;
  std::string shown;
  spark::AppendDouble(&shown, std::strtod(value.c_str(), nullptr));
  return shown.back() >= '0' && shown.back() <= '9' ? shown + (type == "FLOAT" ? "F" : "D") : shown;
}

std::string SparkType(const std::string& type) {
  static const std::map<std::string_view, const char*> kNames = {
      {"INT8", "TINYINT"}, {"INT16", "SMALLINT"}, {"INT32", "INT"}, {"INT64", "BIGINT"}};
  const auto found = kNames.find(type);
  return fmt::format("\"{}\"", found == kNames.end() ? type.c_str() : found->second);
}

struct Operation {
  const char* name;
  char symbol;
  const char* instead;
  const char* function;  ///< its name for PlacedSql
};
constexpr Operation kOperations[] = {{"addition", '+', "try_add", "spark_add"},
                                     {"subtraction", '-', "try_subtract", "spark_subtract"},
                                     {"multiplication", '*', "try_multiply", "spark_multiply"}};

/// + - * of whole numbers, negation and abs.
[[noreturn]] void ThrowArithmeticOverflow(const std::string& message) {
  std::string alternative;
  for (const Operation& operation : kOperations) {
    const auto type = Between(message, fmt::format("Overflow in {} of ", operation.name), " (");
    if (!type) continue;
    const std::string symbol = fmt::format(" {} ", operation.symbol);
    const auto left = Between(message, *type + " (", symbol);
    const auto right = Between(message, symbol, ")");
    if ((*type == "INT8" || *type == "INT16") && left && right) {
      throw Error("BINARY_ARITHMETIC_OVERFLOW",
                  fmt::format("{}S {} {}S caused overflow. Use `{}` to ignore overflow problem and return NULL.", *left,
                              operation.symbol, *right, operation.instead),
                  {{"value1", *left + "S"},
                   {"value2", *right + "S"},
                   {"symbol", std::string(1, operation.symbol)},
                   {"functionName", fmt::format("`{}`", operation.instead)}});
    }
    alternative = fmt::format(" Use '{}' to tolerate overflow and return NULL instead.", operation.instead);
  }
  throw Error("ARITHMETIC_OVERFLOW", fmt::format("overflow.{} {}", alternative, kBypass),
              {{"message", "overflow"}, {"alternative", alternative}, {"config", kConfig}});
}

[[noreturn]] void ThrowCastOverflow(const std::string& message) {
  const auto from = Between(message, "Type ", " with value ");
  const auto value = Between(message, " with value ", " can't be cast");
  const auto to = Between(message, "destination type ", "");
  if (!from || !value || !to) {
    throw Error("CAST_OVERFLOW", fmt::format("A value does not fit the type it is cast to: {}", message));
  }
  const std::string target = SparkType(to->substr(0, to->find_first_of(" .\n")));
  const std::string shown = ShownNumber(*value, *from);
  throw Error("CAST_OVERFLOW",
              fmt::format("The value {} of the type {} cannot be cast to {} due to an overflow. Use `try_cast` to "
                          "tolerate overflow and return NULL instead.",
                          shown, SparkType(*from), target),
              {{"value", shown}, {"sourceType", SparkType(*from)}, {"targetType", target}, {"ansiConfig", kConfig}});
}

[[noreturn]] void ThrowDecimalOverflow(const std::string& message) {
  auto value = Between(message, "Casting value \"", "\"");
  if (!value) value = Between(message, "cast value ", " to");
  const auto precision = Between(message, "DECIMAL(", ",");
  auto scale = Between(message, "DECIMAL(" + precision.value_or("") + ",", ")");
  if (!value || !precision || !scale) {
    throw Error("NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION",
                fmt::format("A value does not fit its decimal type: {}", message));
  }
  throw Error("NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION",
              fmt::format("{} cannot be represented as Decimal({}, {}). {}", *value, *precision, *scale, kBypass),
              {{"value", *value}, {"precision", *precision}, {"scale", *scale}, {"config", kConfig}});
}

}  // namespace

std::string EncodeError(const std::exception& error, const std::string& function) {
  nlohmann::json json;
  const auto* own = dynamic_cast<const Error*>(&error);
  json["condition"] = own != nullptr ? own->condition() : "INTERNAL_ERROR";
  json["message"] = error.what();
  json["params"] = own != nullptr ? own->params() : Error::Params();
  if (!function.empty()) json["function"] = function;
  std::string text = json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  return fmt::format("{}{}:{}]]", kMark, text.size(), text);
}

namespace {

/// The conditions for which Spark gives the place of the expression that failed.
constexpr std::string_view kPlaced[] = {
    "ARITHMETIC_OVERFLOW",
    "CAST_INVALID_INPUT",
    "DIVIDE_BY_ZERO",
    "INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION",
    "INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION",
    "INTERVAL_DIVIDED_BY_ZERO",
    "INVALID_ARRAY_INDEX",
    "INVALID_ARRAY_INDEX_IN_ELEMENT_AT",
    "INVALID_INDEX_OF_ZERO",
    "NUMERIC_VALUE_OUT_OF_RANGE.WITHOUT_SUGGESTION",
    "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION",
    "REMAINDER_BY_ZERO",
    "SCALAR_SUBQUERY_TOO_MANY_ROWS",
};

/// The place of what DuckDB itself could not do.
std::optional<QueryContext> PlaceOf(const std::string& message, const PlacedSql& sql) {
  // A failed cast shows its line.
  if (const auto line = Between(message, "\n\nLINE ", ":")) return sql.OfLine(std::atoi(line->c_str()));
  if (Has(message, "More than one row returned by a subquery")) return sql.OfFunction("spark_subquery");
  for (const Operation& operation : kOperations) {
    if (!Has(message, fmt::format("Overflow in {} of ", operation.name).c_str())) continue;
    return sql.OfFunction(operation.function);
  }
  return std::nullopt;
}

[[noreturn]] void ThrowWithoutPlace(duckdb_error_type type, const std::string& message, std::string* function) {
  ThrowEncoded(message, function);
  if (type == DUCKDB_ERROR_INTERRUPT || Has(message, "INTERRUPT Error")) throw Interrupted();
  if (Has(message, "No space left") || Has(message, "max_temp_directory_size") || Has(message, "Disk quota")) {
    throw Error(
        "TINDERBOX_DISK_FULL",
        fmt::format("The disk is full: {} Free some space, or name a folder on a larger disk for temporary files "
                    "(--temp) or for the output.",
                    message));
  }
  if (type == DUCKDB_ERROR_OUT_OF_MEMORY || Has(message, "Out of Memory Error")) {
    throw Error(
        "TINDERBOX_OUT_OF_MEMORY",
        fmt::format("The memory limit is too low for this query: {} Raise the limit (--memory), or lower the number "
                    "of threads (--threads), each of which needs some memory of its own.",
                    message));
  }
  if (Has(message, "More than one row returned by a subquery")) {
    throw Error("SCALAR_SUBQUERY_TOO_MANY_ROWS", "More than one row returned by a subquery used as an expression.");
  }
  if (Has(message, "must appear in the GROUP BY clause")) {
    throw Error("MISSING_AGGREGATION",
                fmt::format("A column is neither grouped by nor inside an aggregate function: {}", message));
  }
  switch (type) {
    case DUCKDB_ERROR_IO:
    case DUCKDB_ERROR_PERMISSION:
      throw Error("FAILED_READ_FILE.NO_HINT", fmt::format("Reading or writing a file failed: {}", message));
    case DUCKDB_ERROR_CONVERSION:
      // Only sums are ever of 128 bits, and they are cast back to what Spark's have.
      if (Has(message, "Type INT128 with value")) {
        // Where the sum stands, Spark does not say either.
        constexpr char kAlternative[] = " Use 'try_add' to tolerate overflow and return NULL instead.";
        throw Error("ARITHMETIC_OVERFLOW", fmt::format("overflow.{} {}", kAlternative, kBypass),
                    {{"message", "overflow"}, {"alternative", kAlternative}, {"config", kConfig}}, {QueryContext()});
      }
      if (Has(message, "out of range for the destination type")) {
        ThrowCastOverflow(message);
      }
      if (const auto value = Between(message, "Failed to cast decimal value ", " to type ")) {
        const std::string target = SparkType(Between(message, " to type ", "").value_or(""));
        throw Error(
            "CAST_OVERFLOW",
            fmt::format("The value {}BD of the type \"DECIMAL\" cannot be cast to {} due to an overflow. Use "
                        "`try_cast` to tolerate overflow and return NULL instead.",
                        *value, target),
            {{"value", *value + "BD"}, {"sourceType", "\"DECIMAL\""}, {"targetType", target}, {"ansiConfig", kConfig}});
      }
      if (Has(message, "to type DECIMAL(") || Has(message, "to DECIMAL(")) {
        ThrowDecimalOverflow(message);
      }
      throw Error("CAST_INVALID_INPUT", fmt::format("A value cannot be converted: {}", message));
    case DUCKDB_ERROR_OUT_OF_RANGE:
    case DUCKDB_ERROR_DECIMAL:
      if (Has(message, " of DECIMAL(")) ThrowDecimalOverflow(message);
      ThrowArithmeticOverflow(message);
    case DUCKDB_ERROR_DIVIDE_BY_ZERO:
      throw Error("DIVIDE_BY_ZERO", fmt::format("Division by zero: {}", message));
    case DUCKDB_ERROR_INVALID_INPUT:
    case DUCKDB_ERROR_SERIALIZATION:
      throw Error("TINDERBOX_INVALID_INPUT", fmt::format("The engine cannot read its input: {}", message));
    case DUCKDB_INVALID_CONFIGURATION:
    case DUCKDB_ERROR_SETTINGS:
      throw Error("INVALID_CONF_VALUE", fmt::format("A setting is not possible: {}", message));
    default:
      throw Error("INTERNAL_ERROR", fmt::format("The engine failed, which is an error of Tinderbox: {}", message));
  }
}

}  // namespace

void ThrowEngineError(duckdb_error_type type, const std::string& message, const PlacedSql* sql) {
  std::string function;
  try {
    ThrowWithoutPlace(type, message, &function);
  } catch (const Error& error) {
    if (sql == nullptr || std::ranges::find(kPlaced, error.condition()) == std::end(kPlaced)) throw;
    if (!error.contexts().empty()) throw;
    const auto context = function.empty() ? PlaceOf(message, *sql) : sql->OfFunction(function);
    if (!context) throw;
    throw Error(error.condition(), error.what(), error.params(), {*context});
  }
}

}  // namespace tinderbox::engine
