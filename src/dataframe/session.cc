#include "tinderbox/session.h"

#include "dataframe/relation.h"
#include "spark/ipc.h"
#include "spark/session.h"

namespace tinderbox {

DataFrameReader Session::Read() const {
  return DataFrameReader(*this);
}

DataFrame Session::Range(int64_t end) const {
  return Range(0, end);
}

DataFrame Session::Range(int64_t start, int64_t end, int64_t step) const {
  return dataframe::MakeRelation(*this, [&](proto::Relation* out) {
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
  return dataframe::MakeRelation(*this, [&](proto::Relation* out) {
    out->mutable_local_relation()->set_data(spark::WriteIpcStream(schema, batches));
    out->mutable_local_relation()->set_schema(schema.Json());
  });
}

void Session::SetConf(const std::string& key, const std::string& value) const {
  session_->SetConf(key, value);
}
std::string Session::GetConf(const std::string& key) const {
  return session_->GetConf(key);
}
void Session::Interrupt() const {
  session_->Interrupt("");
}
Progress Session::GetProgress() const {
  return session_->GetProgress("");
}

}  // namespace tinderbox
