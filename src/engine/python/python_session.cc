#include "engine/python/python_session.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

#include "base/ascii.h"
#include "engine/functions/function.h"
#include "engine/translate/refusals.h"
#include "spark/children.h"
#include "spark/extension.h"
#include "spark/plan_extensions.pb.h"
#include "spark/proto.h"
#include "sql/parser.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

/// What workers read of a session's settings.
constexpr const char* kWorkerSettings[] = {
    "spark.sql.session.timeZone",
    "spark.sql.legacy.execution.pandas.groupedMap.assignColumnsByName",
    "spark.sql.legacy.execution.pythonUDF.pandas.conversion.enabled",
    "spark.sql.legacy.execution.pythonUDTF.pandas.conversion.enabled",
    "spark.sql.execution.pyspark.binaryAsBytes",
    "spark.sql.execution.pandas.convertToArrowArraySafely",
    "spark.sql.execution.pythonUDF.pandas.intToDecimalCoercionEnabled",
    "spark.sql.execution.pythonUDF.pandas.preferIntExtensionDtype",
    "spark.sql.execution.arrow.maxRecordsPerBatch",
    "spark.sql.execution.pythonUDF.arrow.concurrency.level",
};

bool IsOn(const spark::Conf& conf, const char* key) {
  return conf.Find(key).value_or("false") == "true";
}

bool IsArchive(const std::string& name) {
  return name.ends_with(".zip") || name.ends_with(".egg") || name.ends_with(".jar");
}

}  // namespace

struct PythonSession::Functions {
  std::map<std::string, proto::CommonInlineUserDefinedFunction> scalars;
  std::map<std::string, proto::CommonInlineUserDefinedTableFunction> tables;

  bool Resolve(google::protobuf::Message* message) const;
  bool ResolveCall(proto::Expression* expression) const;
  bool ResolveTable(proto::Relation* relation) const;
  template <typename Extension>
  bool ResolvePacked(google::protobuf::Any* packed) const {
    Extension extension;
    if (!spark::UnpackExtension(*packed, &extension) || !Resolve(&extension)) return false;
    packed->PackFrom(extension);
    return true;
  }
};

bool PythonSession::Functions::ResolveCall(proto::Expression* expression) const {
  if (expression->has_expression_string()) {
    proto::Expression parsed = sql::ParseExpression(expression->expression_string().expression());
    if (!Resolve(&parsed)) return false;
    *expression = std::move(parsed);
    return true;
  }
  const bool call = expression->has_call_function();
  if (!call && !expression->has_unresolved_function()) return false;
  const std::string& name =
      call ? expression->call_function().function_name() : expression->unresolved_function().function_name();
  const auto found = scalars.find(base::LowerCase(name));
  if (found == scalars.end() || IsKnownFunction(name)) return false;
  proto::CommonInlineUserDefinedFunction function = found->second;
  function.set_function_name(name);
  *function.mutable_arguments() =
      call ? expression->call_function().arguments() : expression->unresolved_function().arguments();
  function.set_is_distinct(!call && expression->unresolved_function().is_distinct());
  *expression->mutable_common_inline_user_defined_function() = std::move(function);
  return true;
}

bool PythonSession::Functions::ResolveTable(proto::Relation* relation) const {
  if (!relation->has_unresolved_table_valued_function()) return false;
  const auto& call = relation->unresolved_table_valued_function();
  const auto found = tables.find(base::LowerCase(call.function_name()));
  if (found == tables.end()) return false;
  proto::CommonInlineUserDefinedTableFunction function = found->second;
  *function.mutable_arguments() = call.arguments();
  *relation->mutable_common_inline_user_defined_table_function() = std::move(function);
  return true;
}

bool PythonSession::Functions::Resolve(google::protobuf::Message* message) const {
  bool any = false;
  if (auto* expression = dynamic_cast<proto::Expression*>(message)) any |= ResolveCall(expression);
  if (auto* relation = dynamic_cast<proto::Relation*>(message)) any |= ResolveTable(relation);
  if (auto* packed = dynamic_cast<google::protobuf::Any*>(message)) {
    return ResolvePacked<plan::RelationExtension>(packed) || ResolvePacked<plan::ExpressionExtension>(packed);
  }
  for (google::protobuf::Message* child : spark::MutableChildren(message)) any |= Resolve(child);
  return any;
}

PythonSession::PythonSession() : functions_(std::make_unique<Functions>()) {}

PythonSession::PythonSession(const PythonSession& other) {
  const std::lock_guard lock(other.mutex_);
  functions_ = std::make_unique<Functions>(*other.functions_);
  files_ = other.files_;
}

PythonSession::~PythonSession() = default;

WorkerOptions PythonSession::Options(const spark::Conf& conf) {
  WorkerOptions out;
  const char* environment = std::getenv("PYSPARK_PYTHON");
  out.python = conf.Find("spark.sql.execution.pyspark.python")
                   .value_or(environment != nullptr && *environment != '\0' ? environment : "python3");
  out.environment["PYTHONUNBUFFERED"] = "YES";
  out.environment["SPARK_REUSE_WORKER"] = "1";
  if (IsOn(conf, "spark.sql.execution.pyspark.udf.simplifiedTraceback.enabled")) {
    out.environment["SPARK_SIMPLIFIED_TRACEBACK"] = "1";
  }
  if (IsOn(conf, "spark.sql.execution.pyspark.udf.hideTraceback.enabled"))
    out.environment["SPARK_HIDE_TRACEBACK"] = "1";
  if (IsOn(conf, "spark.sql.execution.pyspark.udf.faulthandler.enabled")) out.environment["PYTHONFAULTHANDLER"] = "1";
  return out;
}

PythonTask PythonSession::Task(EvalType eval_type, const std::string& python_version, const spark::Conf& conf) {
  PythonTask out;
  out.eval_type = eval_type;
  out.python_version = python_version;
  for (const char* key : kWorkerSettings) {
    if (auto value = conf.Find(key)) out.conf[key] = *value;
  }
  const std::lock_guard lock(mutex_);
  if (files_.empty()) return out;
  if (folder_ == nullptr) {
    folder_ = std::make_unique<base::TempDir>();
    for (const auto& [name, data] : files_) std::ofstream(folder_->path() / name, std::ios::binary) << data;
  }
  out.files = folder_->path().string();
  for (const auto& [name, data] : files_) {
    if (IsArchive(name)) out.archives.push_back(name);
  }
  return out;
}

void PythonSession::Register(const proto::CommonInlineUserDefinedFunction& function) {
  if (!function.has_python_udf()) RefuseFeature("functions of Java and Scala");
  const std::lock_guard lock(mutex_);
  functions_->scalars[base::LowerCase(function.function_name())] = function;
}

void PythonSession::Register(const proto::CommonInlineUserDefinedTableFunction& function) {
  const std::lock_guard lock(mutex_);
  functions_->tables[base::LowerCase(function.function_name())] = function;
}

bool PythonSession::HasFunctions() const {
  const std::lock_guard lock(mutex_);
  return !functions_->scalars.empty() || !functions_->tables.empty();
}

bool PythonSession::Resolve(proto::Relation* relation) const {
  const std::lock_guard lock(mutex_);
  return functions_->Resolve(relation);
}

void PythonSession::AddFile(const std::string& name, const std::string& data) {
  const size_t slash = name.find('/');
  const std::string base = std::filesystem::path(name).filename().string();
  if (slash == std::string::npos || base.empty() || base == "." || base == "..") return;
  const std::lock_guard lock(mutex_);
  files_[base] = data;
  if (folder_ != nullptr) std::ofstream(folder_->path() / base, std::ios::binary) << data;
}

}  // namespace tinderbox::engine
