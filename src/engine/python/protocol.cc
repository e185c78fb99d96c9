#include "engine/python/protocol.h"

#include <fmt/format.h>

namespace tinderbox::engine {

namespace {

constexpr char kTaskContext[] =
    R"({"isBarrier": false, "stageId": 0, "partitionId": 0, "attemptNumber": 0, "taskAttemptId": 0, "cpus": 1, )"
    R"("resources": {}, "localProperties": {}})";

std::string EncodeBoolean(bool value) {
  return std::string(1, value ? '\1' : '\0');
}

std::string EncodeLong(int64_t value) {
  return Encode(static_cast<int32_t>(value >> 32)) + Encode(static_cast<int32_t>(value));
}

std::string EncodeConf(const std::map<std::string, std::string>& conf) {
  std::string out = Encode(static_cast<int32_t>(conf.size()));
  for (const auto& [key, value] : conf) out += EncodeText(key) + EncodeText(value);
  return out;
}

std::string EncodeArguments(const PythonFunction& function) {
  std::string out = Encode(static_cast<int32_t>(function.arguments.size()));
  for (const PythonFunction::Argument& argument : function.arguments) {
    out += Encode(argument.column) + EncodeBoolean(!argument.name.empty());
    if (!argument.name.empty()) out += EncodeText(argument.name);
  }
  return out;
}

/// What stands before the functions.
std::string EncodeStart(const PythonTask& task) {
  std::string out = Encode(0) + EncodeText(task.python_version) + EncodeText(kTaskContext) + EncodeText(task.files);
  out += Encode(static_cast<int32_t>(task.archives.size()));
  for (const std::string& archive : task.archives) out += EncodeText(archive);
  out += EncodeBoolean(false) + Encode(0);  // no broadcast variables
  return out + Encode(static_cast<int32_t>(task.eval_type)) + EncodeConf(task.conf) + EncodeConf(task.eval_conf);
}

}  // namespace

std::string Encode(int32_t value) {
  const auto bits = static_cast<uint32_t>(value);
  return {static_cast<char>(bits >> 24), static_cast<char>(bits >> 16), static_cast<char>(bits >> 8),
          static_cast<char>(bits)};
}

std::string EncodeText(std::string_view text) {
  return Encode(static_cast<int32_t>(text.size())).append(text);
}

std::string EncodeTask(const PythonTask& task, const PythonFunction& function) {
  std::string out = EncodeStart(task) + Encode(1) + EncodeArguments(function);
  out += Encode(static_cast<int32_t>(function.commands.size()));
  for (const std::string& command : function.commands) out += EncodeText(command);
  return out + EncodeLong(0);  // names the function to profilers
}

std::string EncodeTableTask(const PythonTask& task, const PythonFunction& function, const std::string& return_type,
                            const std::string& name) {
  std::string out = EncodeStart(task) + EncodeArguments(function);
  out += Encode(0);             // no columns that partition a table argument
  out += EncodeBoolean(false);  // no result of an analyze method
  return out + EncodeText(function.commands.front()) + EncodeText(return_type) + EncodeText(name);
}

std::string PickledCoercion(std::string_view type) {
  // Protocol 0: c MODULE NAME pushes a global, V a text up to the line's end, R calls, t makes a tuple. JSON has no
  // line ends, and back-slashes would begin escapes.
  std::string json;
  for (const char c : type) json += c == '\\' ? "\\u005c" : std::string(1, c);
  return fmt::format("(c__main__\ncoercion\n(V{0}\ntRcpyspark.sql.types\n_parse_datatype_json_string\n(V{0}\ntRt.",
                     json);
}

}  // namespace tinderbox::engine
