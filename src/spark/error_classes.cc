#include "spark/error_classes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "spark/error_conditions.h"
#include "tinderbox/server_error.h"

namespace tinderbox::spark {
namespace {

enum class Kind {
  kAnalysis,
  kParse,
  kArithmetic,
  kArrayIndex,
  kCast,
  kClassNotFound,
  kDateTime,
  kIllegalArgument,
  kInvalidPlan,
  kJavaArithmetic,
  kJavaIllegalArgument,
  kNoSuchElement,
  kNumberFormat,
  kPython,
  kRuntime,
  kSpark,
  kSql,
  kStream,
  kUnsupported,
  kUpgrade,
};

struct KindRow {
  std::string_view condition;
  Kind kind;
};

// Conditions, or parents of them, whose class does not follow from their SQLSTATE.
constexpr KindRow kKinds[] = {
    {"ARITHMETIC_OVERFLOW", Kind::kArithmetic},
    {"BINARY_ARITHMETIC_OVERFLOW", Kind::kArithmetic},
    {"CANNOT_DECODE_URL", Kind::kIllegalArgument},
    {"CANNOT_MODIFY_CONFIG", Kind::kAnalysis},
    {"CANNOT_PARSE_DECIMAL", Kind::kRuntime},
    {"CANNOT_PARSE_INTERVAL", Kind::kAnalysis},
    {"CANNOT_PARSE_TIME", Kind::kDateTime},
    {"CANNOT_PARSE_TIMESTAMP", Kind::kDateTime},
    {"CAST_INVALID_INPUT", Kind::kCast},
    {"CAST_OVERFLOW", Kind::kArithmetic},
    {"CAST_OVERFLOW_IN_TABLE_INSERT", Kind::kArithmetic},
    {"CODEC_NOT_AVAILABLE", Kind::kIllegalArgument},
    {"COLLATION_INVALID_NAME", Kind::kSpark},
    {"CONFIG_NOT_AVAILABLE", Kind::kIllegalArgument},
    {"CONNECT_INVALID_PLAN", Kind::kInvalidPlan},
    {"CONVERSION_INVALID_INPUT", Kind::kIllegalArgument},
    {"CREATE_VIEW_COLUMN_ARITY_MISMATCH", Kind::kAnalysis},
    {"DATA_SOURCE_NOT_FOUND", Kind::kClassNotFound},
    {"DATETIME_FIELD_OUT_OF_BOUNDS", Kind::kDateTime},
    {"DATETIME_OVERFLOW", Kind::kArithmetic},
    {"DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION", Kind::kArithmetic},
    {"DIVIDE_BY_ZERO", Kind::kArithmetic},
    {"DUPLICATED_CTE_NAMES", Kind::kParse},
    {"DUPLICATED_MAP_KEY", Kind::kRuntime},
    {"FAILED_READ_FILE", Kind::kSpark},
    {"FAILED_TO_PARSE_TOO_COMPLEX", Kind::kParse},
    {"ILLEGAL_DAY_OF_WEEK", Kind::kIllegalArgument},
    {"INCONSISTENT_BEHAVIOR_CROSS_VERSION", Kind::kUpgrade},
    {"INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_WEEK_BASED_PATTERN", Kind::kIllegalArgument},
    {"INSERT_COLUMN_ARITY_MISMATCH", Kind::kAnalysis},
    {"INTERNAL_ERROR", Kind::kSpark},
    {"INTERVAL_ARITHMETIC_OVERFLOW", Kind::kArithmetic},
    {"INTERVAL_DIVIDED_BY_ZERO", Kind::kArithmetic},
    {"INVALID_ARRAY_INDEX", Kind::kArrayIndex},
    {"INVALID_ARRAY_INDEX_IN_ELEMENT_AT", Kind::kArrayIndex},
    {"INVALID_CLONE_SESSION_REQUEST", Kind::kSql},
    {"INVALID_CONF_VALUE", Kind::kIllegalArgument},
    {"INVALID_CURSOR", Kind::kSql},
    {"INVALID_DATETIME_PATTERN", Kind::kRuntime},
    {"INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER", Kind::kIllegalArgument},
    {"INVALID_FORMAT.MISMATCH_INPUT", Kind::kIllegalArgument},
    {"INVALID_FRACTION_OF_SECOND", Kind::kDateTime},
    {"INVALID_HANDLE", Kind::kSql},
    {"INVALID_INDEX_OF_ZERO", Kind::kRuntime},
    {"INVALID_INLINE_TABLE", Kind::kParse},
    {"INVALID_INTERVAL_FORMAT", Kind::kIllegalArgument},
    {"INVALID_INTERVAL_FORMAT.UNSUPPORTED_FROM_TO_EXPRESSION", Kind::kParse},
    {"INVALID_INTERVAL_WITH_MICROSECONDS_ADDITION", Kind::kIllegalArgument},
    {"INVALID_NUMERIC_LITERAL_RANGE", Kind::kParse},
    {"INVALID_PARAMETER_VALUE", Kind::kRuntime},
    {"INVALID_PARAMETER_VALUE.BIT_POSITION_RANGE", Kind::kIllegalArgument},
    {"INVALID_PARAMETER_VALUE.CHARSET", Kind::kIllegalArgument},
    {"INVALID_REGEXP_REPLACE", Kind::kRuntime},
    {"INVALID_SET_SYNTAX", Kind::kParse},
    {"INVALID_TIMEZONE", Kind::kDateTime},
    {"INVALID_TYPED_LITERAL", Kind::kParse},
    {"INVALID_URL", Kind::kIllegalArgument},
    {"INVALID_UTF8_STRING", Kind::kIllegalArgument},
    {"MALFORMED_CHARACTER_CODING", Kind::kRuntime},
    {"MALFORMED_RECORD_IN_PARSING", Kind::kSpark},
    {"NULL_QUERY_STRING_EXECUTE_IMMEDIATE", Kind::kAnalysis},
    {"NUMERIC_OUT_OF_SUPPORTED_RANGE", Kind::kArithmetic},
    {"NUMERIC_VALUE_OUT_OF_RANGE", Kind::kArithmetic},
    {"OPERATION_CANCELED", Kind::kSql},
    {"PARSE_EMPTY_STATEMENT", Kind::kParse},
    {"PARSE_SYNTAX_ERROR", Kind::kParse},
    {"PYTHON_EXCEPTION", Kind::kPython},
    {"REMAINDER_BY_ZERO", Kind::kArithmetic},
    {"ROW_SUBQUERY_TOO_MANY_ROWS", Kind::kSpark},
    {"SCALAR_SUBQUERY_TOO_MANY_ROWS", Kind::kSpark},
    {"SQL_CONF_NOT_FOUND", Kind::kNoSuchElement},
    {"STREAMING_OUTPUT_MODE.INVALID", Kind::kIllegalArgument},
    {"STREAM_FAILED", Kind::kStream},
    {"UNCLOSED_BRACKETED_COMMENT", Kind::kParse},
    {"UNRECOGNIZED_STATISTIC", Kind::kIllegalArgument},
    {"UNSUPPORTED_ARROWTYPE", Kind::kUnsupported},
    {"UNSUPPORTED_CALL", Kind::kUnsupported},
    {"UNSUPPORTED_DATATYPE", Kind::kUnsupported},
    {"UNSUPPORTED_TYPED_LITERAL", Kind::kParse},
    {"USER_RAISED_EXCEPTION", Kind::kRuntime},
    {"_LEGACY_ERROR_TEMP_0029", Kind::kParse},
    {"_LEGACY_ERROR_TEMP_1228", Kind::kParse},
    {"_LEGACY_ERROR_TEMP_2047", Kind::kIllegalArgument},
    {"_LEGACY_ERROR_TEMP_2128", Kind::kRuntime},
    {"_LEGACY_ERROR_TEMP_2147", Kind::kSpark},
    {"_LEGACY_ERROR_TEMP_2242", Kind::kUnsupported},
    {"_LEGACY_ERROR_TEMP_3016", Kind::kSpark},
    {"_LEGACY_ERROR_TEMP_3102", Kind::kAnalysis},
    {"_LEGACY_ERROR_TEMP_3262", Kind::kIllegalArgument},
};

static_assert(std::ranges::is_sorted(kKinds, {}, &KindRow::condition));

constexpr std::string_view kUnnamed = "_LEGACY_ERROR_TEMP_";

Kind CastKind(const Error& error) {
  const auto target = error.params().find("targetType");
  if (target == error.params().end()) return Kind::kNumberFormat;
  const std::string& type = target->second;
  if (type.starts_with("\"DATE") || type.starts_with("\"TIME")) return Kind::kDateTime;
  return type == "\"BOOLEAN\"" ? Kind::kRuntime : Kind::kNumberFormat;
}

Kind KindOf(const Error& error) {
  if (dynamic_cast<const ParseError*>(&error) != nullptr) return Kind::kParse;
  if (error.condition() == kJavaIllegalArgument) return Kind::kJavaIllegalArgument;
  if (error.condition() == kJavaArithmetic) return Kind::kJavaArithmetic;
  const std::string_view condition = error.condition();
  if (condition == "UNSUPPORTED_FEATURE.TABLE_OPERATION") {
    // Only deletions are refused before they are planned.
    const auto operation = error.params().find("operation");
    const bool planned = operation != error.params().end() &&
                         (operation->second == "UPDATE TABLE" || operation->second == "MERGE INTO TABLE");
    return planned ? Kind::kUnsupported : Kind::kAnalysis;
  }
  for (const std::string_view name : {condition, condition.substr(0, condition.find('.'))}) {
    const auto* row = std::ranges::lower_bound(kKinds, name, {}, &KindRow::condition);
    if (row != std::end(kKinds) && row->condition == name)
      return row->kind == Kind::kCast ? CastKind(error) : row->kind;
  }
  // Spark's analyser has the numbers from 1000 on of the errors that have no name yet.
  if (condition.starts_with(kUnnamed))
    return condition.starts_with("_LEGACY_ERROR_TEMP_1") ? Kind::kAnalysis : Kind::kSpark;
  const std::string_view state = SqlState(condition);
  if (state.starts_with("22") || state.starts_with("21") || state.starts_with("23")) return Kind::kRuntime;
  if (state.starts_with("XX") || state.starts_with("58")) return Kind::kSpark;
  return Kind::kAnalysis;
}

constexpr std::string_view kRuntimeException = "java.lang.RuntimeException";
constexpr std::string_view kException = "java.lang.Exception";
constexpr std::string_view kThrowable = "java.lang.Throwable";
constexpr std::string_view kObject = "java.lang.Object";

std::vector<std::string_view> Hierarchy(Kind kind) {
  std::vector<std::string_view> out;
  bool runtime = true;
  switch (kind) {
    case Kind::kParse:
      out = {"org.apache.spark.sql.catalyst.parser.ParseException", "org.apache.spark.sql.AnalysisException"};
      runtime = false;
      break;
    case Kind::kAnalysis:
      out = {"org.apache.spark.sql.AnalysisException"};
      runtime = false;
      break;
    case Kind::kArithmetic:
      out = {"org.apache.spark.SparkArithmeticException", "java.lang.ArithmeticException"};
      break;
    case Kind::kArrayIndex:
      out = {"org.apache.spark.SparkArrayIndexOutOfBoundsException", "java.lang.ArrayIndexOutOfBoundsException",
             "java.lang.IndexOutOfBoundsException"};
      break;
    case Kind::kClassNotFound:
      out = {"org.apache.spark.SparkClassNotFoundException", "java.lang.ClassNotFoundException",
             "java.lang.ReflectiveOperationException"};
      runtime = false;
      break;
    case Kind::kDateTime:
      out = {"org.apache.spark.SparkDateTimeException", "java.time.DateTimeException"};
      break;
    case Kind::kPython:
      out = {"org.apache.spark.api.python.PythonException"};
      break;
    case Kind::kIllegalArgument:
      out = {"org.apache.spark.SparkIllegalArgumentException", "java.lang.IllegalArgumentException"};
      break;
    case Kind::kInvalidPlan:
      out = {"org.apache.spark.sql.connect.common.InvalidPlanInput"};
      runtime = false;
      break;
    case Kind::kJavaArithmetic:
      out = {kJavaArithmetic};
      break;
    case Kind::kJavaIllegalArgument:
      out = {kJavaIllegalArgument};
      break;
    case Kind::kNoSuchElement:
      out = {"org.apache.spark.SparkNoSuchElementException", "java.util.NoSuchElementException"};
      break;
    case Kind::kNumberFormat:
    case Kind::kCast:
      out = {"org.apache.spark.SparkNumberFormatException", "java.lang.NumberFormatException",
             "java.lang.IllegalArgumentException"};
      break;
    case Kind::kRuntime:
      out = {"org.apache.spark.SparkRuntimeException"};
      break;
    case Kind::kSpark:
      out = {"org.apache.spark.SparkException"};
      runtime = false;
      break;
    case Kind::kSql:
      out = {"org.apache.spark.SparkSQLException", "java.sql.SQLException"};
      runtime = false;
      break;
    case Kind::kStream:
      out = {"org.apache.spark.sql.streaming.StreamingQueryException"};
      runtime = false;
      break;
    case Kind::kUnsupported:
      out = {"org.apache.spark.SparkUnsupportedOperationException", "java.lang.UnsupportedOperationException"};
      break;
    case Kind::kUpgrade:
      out = {"org.apache.spark.SparkUpgradeException"};
      break;
  }
  if (runtime) out.push_back(kRuntimeException);
  out.insert(out.end(), {kException, kThrowable, kObject});
  return out;
}

/// "line 1 pos 7" out of "== SQL (line 1, position 8) ==": Spark counts positions from 0 there. "" when there is none.
std::string Place(const std::string& summary) {
  const size_t at = summary.find("(line ");
  if (!summary.starts_with("== SQL") || at == std::string::npos) return "";
  const char* end = summary.data() + summary.size();
  int line = 0;
  int position = 0;
  const auto read = std::from_chars(summary.data() + at + 6, end, line);
  constexpr std::string_view kBetween = ", position ";
  const std::string_view rest(read.ptr, static_cast<size_t>(end - read.ptr));
  if (!rest.starts_with(kBetween)) return "";
  std::from_chars(read.ptr + kBetween.size(), end, position);
  return fmt::format("; line {} pos {}", line, position - 1);
}

}  // namespace

ErrorClass ClassOf(const Error& error) {
  if (const ServerError* raised = ServerErrorOf(error); raised != nullptr && !raised->classes.empty())
    return {{raised->classes.begin(), raised->classes.end()}};
  const Kind kind = KindOf(error);
  return {Hierarchy(kind), kind == Kind::kParse, kind == Kind::kAnalysis};
}

std::string_view SqlStateOf(const Error& error) {
  const ServerError* raised = ServerErrorOf(error);
  return raised != nullptr ? std::string_view(raised->sql_state) : SqlState(error.condition());
}

std::string Summary(const QueryContext& context) {
  if (!context.summary.empty() || context.kind == QueryContext::Kind::kSql) return context.summary;
  return fmt::format("== DataFrame ==\n\"{}\" was called from\n{}\n", context.fragment, context.call_site);
}

std::string FullMessage(const Error& error) {
  if (const ServerError* raised = ServerErrorOf(error)) return raised->full_message;
  if (error.condition().starts_with(kUnnamed) || IsJavaClass(error.condition())) return error.what();
  const ErrorClass error_class = ClassOf(error);
  std::string out = fmt::format("[{}] {} SQLSTATE: {}", error.condition(), error.what(), SqlState(error.condition()));
  const std::string summary = error.contexts().empty() ? "" : Summary(error.contexts().front());
  if (error_class.is_parse) return "\n" + out + (summary.starts_with(" (") ? "" : "\n") + summary;
  if (summary.empty()) return out;
  return error_class.is_analysis ? out + Place(summary) : out + "\n" + summary;
}

}  // namespace tinderbox::spark
