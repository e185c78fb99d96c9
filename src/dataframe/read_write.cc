#include "dataframe/relation.h"
#include "spark/session.h"

namespace tinderbox {

DataFrameReader DataFrameReader::Format(std::string_view format) const {
  DataFrameReader out = *this;
  out.format_ = format;
  return out;
}

DataFrameReader DataFrameReader::Option(std::string_view key, std::string_view value) const {
  DataFrameReader out = *this;
  out.options_.insert_or_assign(std::string(key), std::string(value));
  return out;
}

DataFrameReader DataFrameReader::Schema(const StructType& schema) const {
  DataFrameReader out = *this;
  out.schema_ = std::make_shared<const StructType>(schema);
  return out;
}

DataFrame DataFrameReader::Load(const std::vector<std::string>& paths) const {
  return dataframe::MakeRelation(session_, [&](proto::Relation* out) {
    auto* source = out->mutable_read()->mutable_data_source();
    source->set_format(format_);
    if (schema_ != nullptr) source->set_schema(schema_->Json());
    for (const auto& [key, value] : options_) (*source->mutable_options())[key] = value;
    for (const std::string& path : paths) source->add_paths(path);
  });
}

DataFrameWriter DataFrameWriter::Format(std::string_view format) const {
  DataFrameWriter out = *this;
  out.format_ = format;
  return out;
}

DataFrameWriter DataFrameWriter::Mode(SaveMode mode) const {
  DataFrameWriter out = *this;
  out.mode_ = mode;
  return out;
}

DataFrameWriter DataFrameWriter::Option(std::string_view key, std::string_view value) const {
  DataFrameWriter out = *this;
  out.options_.insert_or_assign(std::string(key), std::string(value));
  return out;
}

DataFrameWriter DataFrameWriter::PartitionBy(const std::vector<std::string>& columns) const {
  DataFrameWriter out = *this;
  out.partition_by_ = columns;
  return out;
}

void DataFrameWriter::Save(std::string_view path) const {
  proto::Command command;
  auto* write = command.mutable_write_operation();
  *write->mutable_input() = input_.proto();
  write->set_source(format_);
  write->set_path(std::string(path));
  switch (mode_) {
    case SaveMode::kErrorIfExists:
      write->set_mode(proto::WriteOperation::SAVE_MODE_ERROR_IF_EXISTS);
      break;
    case SaveMode::kOverwrite:
      write->set_mode(proto::WriteOperation::SAVE_MODE_OVERWRITE);
      break;
    case SaveMode::kAppend:
      write->set_mode(proto::WriteOperation::SAVE_MODE_APPEND);
      break;
    case SaveMode::kIgnore:
      write->set_mode(proto::WriteOperation::SAVE_MODE_IGNORE);
      break;
  }
  for (const std::string& column : partition_by_) write->add_partitioning_columns(column);
  for (const auto& [key, value] : options_) (*write->mutable_options())[key] = value;
  input_.session().waist()->Execute(command);
}

}  // namespace tinderbox
