#include "tinderbox/read_write.h"

#include "base/fail.h"
#include "dataframe/expression.h"
#include "dataframe/relation.h"
#include "spark/proto_types.h"
#include "tinderbox/functions.h"

namespace tinderbox {
namespace {

using dataframe::MakeRelation;
using dataframe::Parts;
using dataframe::RunCommand;

void AddAll(const Options& from, google::protobuf::Map<std::string, std::string>* into) {
  for (const auto& [key, value] : from) (*into)[key] = value;
}

void AddAll(const std::vector<std::string>& from, google::protobuf::RepeatedPtrField<std::string>* into) {
  for (const std::string& one : from) *into->Add() = one;
}

/// A copy of a reader or writer that `change` was applied to.
template <typename T, typename Change>
T With(const T& from, Change&& change) {
  T out = from;
  change(out);
  return out;
}

proto::WriteOperation::SaveMode ToProto(SaveMode mode) {
  static constexpr proto::WriteOperation::SaveMode kModes[] = {
      proto::WriteOperation::SAVE_MODE_ERROR_IF_EXISTS, proto::WriteOperation::SAVE_MODE_OVERWRITE,
      proto::WriteOperation::SAVE_MODE_APPEND, proto::WriteOperation::SAVE_MODE_IGNORE};
  return kModes[static_cast<size_t>(mode)];
}

}  // namespace

DataFrameReader DataFrameReader::Format(std::string_view format) const {
  return With(*this, [&](auto& out) { out.format_ = format; });
}
DataFrameReader DataFrameReader::Option(std::string_view key, std::string_view value) const {
  return With(*this, [&](auto& out) { out.options_.insert_or_assign(std::string(key), std::string(value)); });
}
DataFrameReader DataFrameReader::Options(const tinderbox::Options& options) const {
  return With(*this, [&](auto& out) {
    for (const auto& [key, value] : options) out.options_.insert_or_assign(key, value);
  });
}
DataFrameReader DataFrameReader::Schema(const StructType& schema) const {
  return Schema(schema.Json());
}
DataFrameReader DataFrameReader::Schema(std::string_view ddl) const {
  return With(*this, [&](auto& out) { out.schema_ = ddl; });
}

DataFrame DataFrameReader::Load(const std::vector<std::string>& paths) const {
  return MakeRelation(session_, [&](Parts&, proto::Relation* out) {
    auto* source = out->mutable_read()->mutable_data_source();
    if (format_) source->set_format(*format_);
    if (schema_) source->set_schema(*schema_);
    AddAll(options_, source->mutable_options());
    AddAll(paths, source->mutable_paths());
  });
}

DataFrame DataFrameReader::Table(std::string_view name) const {
  return MakeRelation(session_, [&](Parts&, proto::Relation* out) {
    out->mutable_read()->mutable_named_table()->set_unparsed_identifier(std::string(name));
    AddAll(options_, out->mutable_read()->mutable_named_table()->mutable_options());
  });
}

DataFrame DataFrameReader::Parse(const DataFrame& texts, int format) const {
  return MakeRelation(session_, [&](Parts& parts, proto::Relation* out) {
    auto* parse = out->mutable_parse();
    parts.Put(texts, parse->mutable_input());
    parse->set_format(static_cast<proto::Parse::ParseFormat>(format));
    AddAll(options_, parse->mutable_options());
    if (schema_) {
      const DataType type = schema_->starts_with('{') ? DataType::FromJson(*schema_) : DataType::FromDdl(*schema_);
      spark::ToProto(type, parse->mutable_schema());
    }
  });
}

DataFrame DataFrameReader::Csv(const DataFrame& texts) const {
  return Parse(texts, proto::Parse::PARSE_FORMAT_CSV);
}
DataFrame DataFrameReader::Json(const DataFrame& texts) const {
  return Parse(texts, proto::Parse::PARSE_FORMAT_JSON);
}
DataFrame DataFrameReader::Xml(const DataFrame& texts) const {
  return Parse(texts, proto::Parse::PARSE_FORMAT_XML);
}

DataFrameWriter DataFrameWriter::Format(std::string_view format) const {
  return With(*this, [&](auto& out) { out.format_ = format; });
}
DataFrameWriter DataFrameWriter::Mode(SaveMode mode) const {
  return With(*this, [&](auto& out) { out.mode_ = mode; });
}
DataFrameWriter DataFrameWriter::Mode(std::string_view mode) const {
  static constexpr std::pair<std::string_view, SaveMode> kModes[] = {{"append", SaveMode::kAppend},
                                                                     {"overwrite", SaveMode::kOverwrite},
                                                                     {"ignore", SaveMode::kIgnore},
                                                                     {"error", SaveMode::kErrorIfExists},
                                                                     {"errorifexists", SaveMode::kErrorIfExists}};
  for (const auto& [name, value] : kModes) {
    if (mode == name) return Mode(value);
  }
  base::FailWith("INVALID_SAVE_MODE", {{"mode", std::string(mode)}},
                 "There is no save mode \"{}\"; there are append, overwrite, ignore, error and errorifexists.", mode);
}
DataFrameWriter DataFrameWriter::Option(std::string_view key, std::string_view value) const {
  return With(*this, [&](auto& out) { out.options_.insert_or_assign(std::string(key), std::string(value)); });
}
DataFrameWriter DataFrameWriter::Options(const tinderbox::Options& options) const {
  return With(*this, [&](auto& out) {
    for (const auto& [key, value] : options) out.options_.insert_or_assign(key, value);
  });
}
DataFrameWriter DataFrameWriter::PartitionBy(const std::vector<std::string>& columns) const {
  return With(*this, [&](auto& out) { out.partition_by_ = columns; });
}
DataFrameWriter DataFrameWriter::BucketBy(int buckets, const std::vector<std::string>& columns) const {
  return With(*this, [&](auto& out) {
    out.buckets_ = buckets;
    out.bucket_by_ = columns;
  });
}
DataFrameWriter DataFrameWriter::SortBy(const std::vector<std::string>& columns) const {
  return With(*this, [&](auto& out) { out.sort_by_ = columns; });
}
DataFrameWriter DataFrameWriter::ClusterBy(const std::vector<std::string>& columns) const {
  return With(*this, [&](auto& out) { out.cluster_by_ = columns; });
}

template <typename Target>
void DataFrameWriter::Run(const std::optional<SaveMode>& mode, Target&& target) const {
  RunCommand(input_.session(), [&](Parts& parts, proto::Command* out) {
    auto* write = out->mutable_write_operation();
    parts.Put(input_, write->mutable_input());
    if (format_) write->set_source(*format_);
    if (mode) write->set_mode(ToProto(*mode));
    AddAll(options_, write->mutable_options());
    AddAll(partition_by_, write->mutable_partitioning_columns());
    AddAll(sort_by_, write->mutable_sort_column_names());
    AddAll(cluster_by_, write->mutable_clustering_columns());
    if (!bucket_by_.empty()) {
      write->mutable_bucket_by()->set_num_buckets(buckets_);
      AddAll(bucket_by_, write->mutable_bucket_by()->mutable_bucket_column_names());
    }
    target(write);
  });
}

void DataFrameWriter::Save(std::string_view path) const {
  Run(mode_, [&](auto* write) { write->set_path(std::string(path)); });
}
void DataFrameWriter::Save() const {
  Run(mode_, [](auto*) {});
}
void DataFrameWriter::SaveAsTable(std::string_view table) const {
  Run(mode_, [&](auto* write) {
    write->mutable_table()->set_table_name(std::string(table));
    write->mutable_table()->set_save_method(proto::WriteOperation::SaveTable::TABLE_SAVE_METHOD_SAVE_AS_TABLE);
  });
}
void DataFrameWriter::InsertInto(std::string_view table, bool overwrite) const {
  Run(overwrite ? SaveMode::kOverwrite : mode_, [&](auto* write) {
    write->mutable_table()->set_table_name(std::string(table));
    write->mutable_table()->set_save_method(proto::WriteOperation::SaveTable::TABLE_SAVE_METHOD_INSERT_INTO);
  });
}

DataFrameWriterV2 DataFrameWriterV2::Using(std::string_view provider) const {
  return With(*this, [&](auto& out) { out.provider_ = provider; });
}
DataFrameWriterV2 DataFrameWriterV2::Option(std::string_view key, std::string_view value) const {
  return With(*this, [&](auto& out) { out.options_.insert_or_assign(std::string(key), std::string(value)); });
}
DataFrameWriterV2 DataFrameWriterV2::Options(const tinderbox::Options& options) const {
  return With(*this, [&](auto& out) {
    for (const auto& [key, value] : options) out.options_.insert_or_assign(key, value);
  });
}
DataFrameWriterV2 DataFrameWriterV2::TableProperty(std::string_view key, std::string_view value) const {
  return With(*this, [&](auto& out) { out.properties_.insert_or_assign(std::string(key), std::string(value)); });
}
DataFrameWriterV2 DataFrameWriterV2::PartitionedBy(const ColumnList& columns) const {
  return With(*this, [&](auto& out) { out.partitioned_by_ = columns; });
}
DataFrameWriterV2 DataFrameWriterV2::ClusterBy(const std::vector<std::string>& columns) const {
  return With(*this, [&](auto& out) { out.cluster_by_ = columns; });
}

void DataFrameWriterV2::Run(int mode, const std::optional<Column>& condition) const {
  RunCommand(input_.session(), [&](Parts& parts, proto::Command* out) {
    auto* write = out->mutable_write_operation_v2();
    parts.Put(input_, write->mutable_input());
    write->set_table_name(table_);
    write->set_mode(static_cast<proto::WriteOperationV2::Mode>(mode));
    if (provider_) write->set_provider(*provider_);
    AddAll(options_, write->mutable_options());
    AddAll(properties_, write->mutable_table_properties());
    AddAll(cluster_by_, write->mutable_clustering_columns());
    parts.PutAll(partitioned_by_, write->mutable_partitioning_columns());
    if (condition) parts.Put(*condition, write->mutable_overwrite_condition());
  });
}

void DataFrameWriterV2::Create() const {
  Run(proto::WriteOperationV2::MODE_CREATE);
}
void DataFrameWriterV2::Replace() const {
  Run(proto::WriteOperationV2::MODE_REPLACE);
}
void DataFrameWriterV2::CreateOrReplace() const {
  Run(proto::WriteOperationV2::MODE_CREATE_OR_REPLACE);
}
void DataFrameWriterV2::Append() const {
  Run(proto::WriteOperationV2::MODE_APPEND);
}
void DataFrameWriterV2::Overwrite(const Column& condition) const {
  Run(proto::WriteOperationV2::MODE_OVERWRITE, condition);
}
void DataFrameWriterV2::OverwritePartitions() const {
  Run(proto::WriteOperationV2::MODE_OVERWRITE_PARTITIONS);
}

MergeIntoWriter MergeIntoWriter::With(Action action) const {
  MergeIntoWriter out = *this;
  out.actions_.push_back(std::move(action));
  return out;
}
MergeIntoWriter MergeIntoWriter::WhenMatchedUpdateAll(const std::optional<Column>& condition) const {
  return With({Rows::kMatched, proto::MergeAction::ACTION_TYPE_UPDATE_STAR, condition, {}});
}
MergeIntoWriter MergeIntoWriter::WhenMatchedUpdate(const Assignments& assignments,
                                                   const std::optional<Column>& condition) const {
  return With({Rows::kMatched, proto::MergeAction::ACTION_TYPE_UPDATE, condition, assignments});
}
MergeIntoWriter MergeIntoWriter::WhenMatchedDelete(const std::optional<Column>& condition) const {
  return With({Rows::kMatched, proto::MergeAction::ACTION_TYPE_DELETE, condition, {}});
}
MergeIntoWriter MergeIntoWriter::WhenNotMatchedInsertAll(const std::optional<Column>& condition) const {
  return With({Rows::kNotMatched, proto::MergeAction::ACTION_TYPE_INSERT_STAR, condition, {}});
}
MergeIntoWriter MergeIntoWriter::WhenNotMatchedInsert(const Assignments& assignments,
                                                      const std::optional<Column>& condition) const {
  return With({Rows::kNotMatched, proto::MergeAction::ACTION_TYPE_INSERT, condition, assignments});
}
MergeIntoWriter MergeIntoWriter::WhenNotMatchedBySourceUpdateAll(const std::optional<Column>& condition) const {
  return With({Rows::kNotMatchedBySource, proto::MergeAction::ACTION_TYPE_UPDATE_STAR, condition, {}});
}
MergeIntoWriter MergeIntoWriter::WhenNotMatchedBySourceUpdate(const Assignments& assignments,
                                                              const std::optional<Column>& condition) const {
  return With({Rows::kNotMatchedBySource, proto::MergeAction::ACTION_TYPE_UPDATE, condition, assignments});
}
MergeIntoWriter MergeIntoWriter::WhenNotMatchedBySourceDelete(const std::optional<Column>& condition) const {
  return With({Rows::kNotMatchedBySource, proto::MergeAction::ACTION_TYPE_DELETE, condition, {}});
}
MergeIntoWriter MergeIntoWriter::WithSchemaEvolution() const {
  MergeIntoWriter out = *this;
  out.schema_evolution_ = true;
  return out;
}

void MergeIntoWriter::Merge() const {
  RunCommand(source_.session(), [&](Parts& parts, proto::Command* out) {
    auto* merge = out->mutable_merge_into_table_command();
    merge->set_target_table_name(table_);
    parts.Put(source_, merge->mutable_source_table_plan());
    parts.Put(condition_, merge->mutable_merge_condition());
    merge->set_with_schema_evolution(schema_evolution_);
    for (const Action& action : actions_) {
      proto::Expression* expression = action.rows == Rows::kMatched      ? merge->add_match_actions()
                                      : action.rows == Rows::kNotMatched ? merge->add_not_matched_actions()
                                                                         : merge->add_not_matched_by_source_actions();
      auto* made = expression->mutable_merge_action();
      made->set_action_type(static_cast<proto::MergeAction::ActionType>(action.type));
      if (action.condition) parts.Put(*action.condition, made->mutable_condition());
      for (const auto& [column, value] : action.assignments) {
        auto* assignment = made->add_assignments();
        parts.Put(functions::Expr(column), assignment->mutable_key());
        parts.Put(value, assignment->mutable_value());
      }
    }
  });
}

}  // namespace tinderbox
