#include "tinderbox/session.h"

#include "base/fail.h"
#include "dataframe/arrow_stream.h"
#include "dataframe/expression.h"
#include "dataframe/observation.h"
#include "dataframe/relation.h"
#include "spark/ipc.h"
#include "spark/row_holder.h"
#include "spark/session.h"
#include "tinderbox/catalog.h"

namespace tinderbox {
namespace {

using dataframe::Parts;

/// The statement runs now; a query comes back as a plan that can be run later.
template <typename FillArguments>
DataFrame RunSql(const Session& session, std::string_view text, FillArguments&& fill_arguments) {
  auto relation = std::make_shared<proto::Relation>();
  relation->mutable_common()->set_plan_id(dataframe::NextPlanId());
  relation->mutable_sql()->set_query(std::string(text));
  Parts parts;
  fill_arguments(parts, relation->mutable_sql());
  const DataFrame query = dataframe::Finish(session, std::move(relation), std::move(parts));
  const proto::ExecutePlanResponse response = dataframe::RunCommand(session, [&](Parts& inputs, proto::Command* out) {
    inputs.Put(query, out->mutable_sql_command()->mutable_input());
  });
  if (!response.has_sql_command_result()) return query;
  return dataframe::MakeRelation(session, [&](Parts& inputs, proto::Relation* out) {
    const auto common = out->common();
    *out = response.sql_command_result().relation();
    *out->mutable_common() = common;
    inputs.Need(query.dependencies());
  });
}

}  // namespace

DataFrameReader Session::Read() const {
  return DataFrameReader(*this);
}
tinderbox::Catalog Session::Catalog() const {
  return tinderbox::Catalog(*this);
}
DataFrame Session::Table(std::string_view name) const {
  return Read().Table(name);
}

DataFrame Session::Sql(std::string_view text) const {
  return RunSql(*this, text, [](Parts&, proto::SQL*) {});
}
DataFrame Session::Sql(std::string_view text, const std::map<std::string, ColumnOrValue>& parameters) const {
  return RunSql(*this, text, [&](Parts& parts, proto::SQL* out) {
    for (const auto& [name, value] : parameters) parts.Put(value.column(), &(*out->mutable_named_arguments())[name]);
  });
}
DataFrame Session::SqlByPosition(std::string_view text, const std::vector<ColumnOrValue>& parameters) const {
  return RunSql(*this, text,
                [&](Parts& parts, proto::SQL* out) { parts.PutAll(parameters, out->mutable_pos_arguments()); });
}

DataFrame Session::TableFunction(std::string_view name, const ColumnList& arguments) const {
  return dataframe::MakeRelation(*this, [&](Parts& parts, proto::Relation* out) {
    auto* call = out->mutable_unresolved_table_valued_function();
    call->set_function_name(std::string(name));
    parts.PutAll(arguments, call->mutable_arguments());
  });
}

DataFrame Session::TableFunction(std::string_view name) const {
  return TableFunction(name, ColumnList());
}

DataFrame Session::Range(int64_t end) const {
  return Range(0, end);
}

DataFrame Session::Range(int64_t start, int64_t end, int64_t step) const {
  return dataframe::MakeRelation(*this, [&](Parts&, proto::Relation* out) {
    out->mutable_range()->set_start(start);
    out->mutable_range()->set_end(end);
    out->mutable_range()->set_step(step);
  });
}

DataFrame Session::CreateDataFrame(const StructType& schema, const std::vector<Row>& rows) const {
  std::vector<ArrowBatch> batches;
  if (!rows.empty()) batches.push_back(spark::ToBatch(schema, rows));
  return CreateDataFrame(schema, std::move(batches));
}

DataFrame Session::CreateDataFrame(const StructType& schema, std::vector<ArrowBatch> batches) const {
  return dataframe::MakeRelation(*this, [&](Parts& parts, proto::Relation* out) {
    if (auto* holder = dynamic_cast<spark::RowHolder*>(session_.get())) {
      dataframe::Dependencies rows;
      rows.alive.push_back(holder->Hold(schema, std::move(batches), out));
      parts.Need(std::make_shared<const dataframe::Dependencies>(std::move(rows)));
      return;
    }
    out->mutable_local_relation()->set_data(spark::WriteIpcStream(schema, batches));
    out->mutable_local_relation()->set_schema(schema.Json());
  });
}

DataFrame Session::CreateDataFrame(ArrowArrayStream* stream) const {
  StructType schema;
  std::vector<ArrowBatch> batches = dataframe::ReadStream(stream, &schema);
  return CreateDataFrame(schema, std::move(batches));
}

void Session::SetConf(const std::string& key, const std::string& value) const {
  session_->SetConf(key, value);
}
std::string Session::GetConf(const std::string& key) const {
  return session_->GetConf(key);
}

std::string Session::GetConf(const std::string& key, const std::string& fallback) const {
  proto::ConfigRequest::Operation operation;
  auto* pair = operation.mutable_get_with_default()->add_pairs();
  pair->set_key(key);
  pair->set_value(fallback);
  const proto::ConfigResponse response = session_->Config(operation);
  return response.pairs_size() == 1 && response.pairs(0).has_value() ? response.pairs(0).value() : fallback;
}

void Session::UnsetConf(const std::string& key) const {
  proto::ConfigRequest::Operation operation;
  operation.mutable_unset()->add_keys(key);
  session_->Config(operation);
}

std::map<std::string, std::string> Session::AllConf(const std::string& prefix) const {
  proto::ConfigRequest::Operation operation;
  operation.mutable_get_all();
  // The engine would take a prefix off the names that it answers with.
  const proto::ConfigResponse response = session_->Config(operation);
  std::map<std::string, std::string> out;
  for (const auto& pair : response.pairs()) {
    if (pair.key().starts_with(prefix)) out[pair.key()] = pair.value();
  }
  return out;
}

bool Session::IsConfModifiable(const std::string& key) const {
  proto::ConfigRequest::Operation operation;
  operation.mutable_is_modifiable()->add_keys(key);
  const proto::ConfigResponse response = session_->Config(operation);
  return response.pairs_size() == 1 && response.pairs(0).value() == "true";
}

std::string Session::Version() const {
  proto::AnalyzePlanRequest request;
  request.mutable_spark_version();
  return session_->Analyze(request).spark_version().version();
}

Session Session::Clone() const {
  return Session(session_->Clone());
}
void Session::Interrupt() const {
  session_->Interrupt("");
}
void Session::InterruptTag(std::string_view tag) const {
  session_->InterruptTag(std::string(tag));
}
void Session::AddTag(std::string_view tag) const {
  if (tag.empty() || tag.find(',') != std::string_view::npos) {
    base::FailWith("INVALID_PARAMETER_VALUE.TAG", {{"tag", std::string(tag)}},
                   "\"{}\" cannot be a tag: it is empty or holds a comma.", tag);
  }
  dataframe::ThreadTags(*this).emplace(tag);
}
void Session::RemoveTag(std::string_view tag) const {
  dataframe::ThreadTags(*this).erase(std::string(tag));
}
std::set<std::string> Session::Tags() const {
  return dataframe::ThreadTags(*this);
}
void Session::ClearTags() const {
  dataframe::ThreadTags(*this).clear();
}
Progress Session::GetProgress() const {
  return session_->GetProgress("");
}

}  // namespace tinderbox
