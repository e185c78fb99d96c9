#include "spark/session.h"

#include <fmt/format.h>

#include "spark/proto.h"
#include "spark/proto_types.h"
#include "tinderbox/error.h"

namespace tinderbox::spark {

void Session::Execute(const proto::Command& command) {
  Execute(command, "");
}

StructType Session::Schema(const proto::Relation& relation) {
  proto::AnalyzePlanRequest request;
  *request.mutable_schema()->mutable_plan()->mutable_root() = relation;
  const DataType type = FromProto(Analyze(request).schema().schema());
  return StructType{type.fields()};
}

std::string Session::Explain(const proto::Relation& relation) {
  proto::AnalyzePlanRequest request;
  *request.mutable_explain()->mutable_plan()->mutable_root() = relation;
  request.mutable_explain()->set_explain_mode(proto::AnalyzePlanRequest::Explain::EXPLAIN_MODE_SIMPLE);
  return Analyze(request).explain().explain_string();
}

void Session::Persist(const proto::Relation& relation) {
  proto::AnalyzePlanRequest request;
  *request.mutable_persist()->mutable_relation() = relation;
  Analyze(request);
  // Spark computes persisted rows when they are first needed; the caller of this needs them now.
  proto::Relation none;
  *none.mutable_limit()->mutable_input() = relation;
  const auto reader = Execute(none, "");
  for (ArrowBatch batch; reader->Next(&batch);) {
  }
}

void Session::Unpersist(const proto::Relation& relation) {
  proto::AnalyzePlanRequest request;
  *request.mutable_unpersist()->mutable_relation() = relation;
  Analyze(request);
}

void Session::SetConf(const std::string& key, const std::string& value) {
  proto::ConfigRequest::Operation operation;
  auto* pair = operation.mutable_set()->add_pairs();
  pair->set_key(key);
  pair->set_value(value);
  Config(operation);
}

std::string Session::GetConf(const std::string& key) {
  proto::ConfigRequest::Operation operation;
  operation.mutable_get()->add_keys(key);
  const proto::ConfigResponse response = Config(operation);
  if (response.pairs_size() != 1 || !response.pairs(0).has_value()) {
    throw Error("SQL_CONF_NOT_FOUND", fmt::format("There is no setting {}.", key), {{"sqlConf", key}});
  }
  return response.pairs(0).value();
}

}  // namespace tinderbox::spark
