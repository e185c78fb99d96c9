#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "engine/duckdb/capi.h"

namespace tinderbox::engine {

namespace {

constexpr std::string_view kMark = "[[tinderbox:";

/// Throws the Error inside `message` when EncodeError put one there.
void ThrowEncoded(const std::string& message) {
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
  throw Error(json["condition"].get<std::string>(), json["message"].get<std::string>(),
              json["params"].get<Error::Params>());
}

bool Has(const std::string& message, const char* part) {
  return message.find(part) != std::string::npos;
}

}  // namespace

std::string EncodeError(const std::exception& error) {
  nlohmann::json json;
  const auto* own = dynamic_cast<const Error*>(&error);
  json["condition"] = own != nullptr ? own->condition() : "INTERNAL_ERROR";
  json["message"] = error.what();
  json["params"] = own != nullptr ? own->params() : Error::Params();
  std::string text = json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  return fmt::format("{}{}:{}]]", kMark, text.size(), text);
}

void ThrowEngineError(duckdb_error_type type, const std::string& message) {
  ThrowEncoded(message);
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
        throw Error("ARITHMETIC_OVERFLOW", fmt::format("A sum is out of the range of its type: {}", message));
      }
      if (Has(message, "out of range for the destination type")) {
        throw Error("CAST_OVERFLOW",
                    fmt::format("A value does not fit the type it is cast to: {} Use `try_cast` to get NULL instead.",
                                message));
      }
      if (Has(message, "to type DECIMAL(") || Has(message, "to DECIMAL(")) {
        throw Error(
            "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION",
            fmt::format("A value does not fit its decimal type: {} Use `try_cast` to get NULL instead.", message));
      }
      throw Error("CAST_INVALID_INPUT", fmt::format("A value cannot be converted: {}", message));
    case DUCKDB_ERROR_OUT_OF_RANGE:
    case DUCKDB_ERROR_DECIMAL:
      throw Error("ARITHMETIC_OVERFLOW", fmt::format("A value is out of the range of its type: {}", message));
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

}  // namespace tinderbox::engine
