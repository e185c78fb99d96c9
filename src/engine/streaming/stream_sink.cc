#include "engine/streaming/stream_sink.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>

#include "base/ascii.h"
#include "engine/commands.h"
#include "engine/files/read.h"
#include "engine/files/write.h"
#include "engine/statements/views.h"
#include "engine/streaming/stream_log.h"
#include "engine/translate/names.h"
#include "engine/translate/refusals.h"
#include "engine/workspace.h"
#include "spark/error_conditions.h"
#include "spark/ipc.h"
#include "spark/proto.h"
#include "sql/parser.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using Start = proto::WriteStreamOperationStart;

class ConsoleSink : public StreamSink {
 public:
  ConsoleSink(Workspace& workspace, const std::map<std::string, std::string>& options) : workspace_(workspace) {
    if (const auto text = FindOption(options, "numRows")) {
      const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), rows_);
      if (error != std::errc() || end != text->data() + text->size()) {
        throw Error(spark::kJavaIllegalArgument, fmt::format("For input string: \"{}\"", *text));
      }
    }
    const std::string truncate = base::LowerCase(FindOption(options, "truncate").value_or("true"));
    if (truncate != "true" && truncate != "false") {
      throw Error(spark::kJavaIllegalArgument, fmt::format("{} is not a boolean string.", truncate));
    }
    if (truncate == "false") cell_ = 0;
  }

  int64_t Add(int64_t batch, const proto::Relation& rows, const std::string& operation) override {
    proto::Relation shown;
    auto* show = shown.mutable_show_string();
    *show->mutable_input() = rows;
    show->set_num_rows(rows_);
    show->set_truncate(cell_);
    constexpr char kLine[] = "-------------------------------------------";
    std::string text = fmt::format("{}\nBatch: {}\n{}\n", kLine, batch, kLine);
    const auto reader = workspace_.Run(shown, operation);
    for (ArrowBatch one; reader->Next(&one);) {
      text += spark::ToValue(reader->schema().fields[0].type, one.column(0), 0).As<std::string>();
    }
    text += '\n';
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
    return -1;
  }

  std::string Description() const override { return fmt::format("ConsoleTable$[numRows={}]", rows_); }

 private:
  Workspace& workspace_;
  int rows_ = 20;
  int cell_ = 20;  ///< characters shown of a cell; 0: all
};

/// A temporary view of all rows so far. The batches are artifacts of the session, so that each is stored once.
class MemorySink : public StreamSink {
 public:
  MemorySink(Workspace& workspace, std::string name, StructType schema)
      : workspace_(workspace), name_(std::move(name)), schema_(std::move(schema)), prefix_(NewStreamId()) {
    for (StructField& field : schema_.fields) field.nullable = true;
    AddArtifact("schema", schema_.Json());
    rows_.mutable_chunked_cached_local_relation()->set_schemahash(prefix_ + "/schema");
    CreateTempView(workspace_, rows_, name_, false, true);
  }

  int64_t Add(int64_t batch, const proto::Relation& rows, const std::string& operation) override {
    std::vector<ArrowBatch> batches;
    int64_t count = 0;
    const auto reader = workspace_.Run(rows, operation);
    for (ArrowBatch one; reader->Next(&one);) {
      count += one.rows();
      batches.push_back(std::move(one));
    }
    if (count == 0) return 0;
    const std::string name = std::to_string(batch);
    AddArtifact(name, spark::WriteIpcStream(schema_, batches));
    rows_.mutable_chunked_cached_local_relation()->add_datahashes(prefix_ + "/" + name);
    workspace_.views().Set(sql::ParseName(name_).back(), workspace_.Freeze(rows_), true);
    return count;
  }

  std::string Description() const override { return "MemorySink"; }
  bool recovers() const override { return false; }

 private:
  void AddArtifact(const std::string& name, std::string data) {
    workspace_.AddArtifact("cache/" + prefix_ + "/" + name, std::move(data));
  }

  Workspace& workspace_;
  std::string name_;
  StructType schema_;
  std::string prefix_;
  proto::Relation rows_;
};

/// What a batch query writes too: files, tables, nothing.
class WriteSink : public StreamSink {
 public:
  WriteSink(Workspace& workspace, proto::WriteOperation write, std::string description)
      : workspace_(workspace), write_(std::move(write)), description_(std::move(description)) {
    write_.set_mode(proto::WriteOperation::SAVE_MODE_APPEND);
  }

  int64_t Add(int64_t, const proto::Relation& rows, const std::string& operation) override {
    *write_.mutable_input() = rows;
    RunWrite(workspace_, write_, operation);
    return -1;
  }

  std::string Description() const override { return description_; }
  bool durable() const override { return !SameName(write_.source(), "noop", false); }

 private:
  Workspace& workspace_;
  proto::WriteOperation write_;
  std::string description_;
};

void RefuseMode(const std::string& mode, const std::string& format) {
  throw Error("STREAMING_OUTPUT_MODE.UNSUPPORTED_DATASOURCE",
              fmt::format("Invalid streaming output mode: {}. This output mode is not supported in Data Source {}.",
                          mode, format),
              {{"outputMode", mode}, {"className", format}});
}

}  // namespace

std::unique_ptr<StreamSink> MakeSink(Workspace& workspace, const Start& start, const proto::Relation& rows,
                                     const std::string& output_mode) {
  if (start.has_foreach_writer()) RefuseFeature("writeStream.foreach");
  if (start.has_foreach_batch()) RefuseFeature("writeStream.foreachBatch");
  if (start.clustering_column_names_size() > 0) RefuseFeature("writeStream.clusterBy");
  const std::map<std::string, std::string> options{start.options().begin(), start.options().end()};
  const std::string& format = start.format();
  const bool to_table = start.has_table_name();
  if (!to_table && SameName(format, "console", false)) return std::make_unique<ConsoleSink>(workspace, options);
  if (!to_table && SameName(format, "memory", false)) {
    if (start.query_name().empty()) {
      throw Error("_LEGACY_ERROR_TEMP_1194", "queryName must be specified for memory sink.");
    }
    return std::make_unique<MemorySink>(workspace, start.query_name(), workspace.Schema(rows));
  }
  proto::WriteOperation write;
  for (const auto& [key, value] : options) {
    if (!SameName(key, "checkpointLocation", false) && !SameName(key, "path", false)) {
      (*write.mutable_options())[key] = value;
    }
  }
  *write.mutable_partitioning_columns() = start.partitioning_column_names();
  if (to_table) {
    if (output_mode != "append") RefuseMode(output_mode, "table");
    if (!format.empty()) {
      CheckFileFormat(format);
      write.set_source(format);
    }
    write.mutable_table()->set_table_name(start.table_name());
    write.mutable_table()->set_save_method(proto::WriteOperation::SaveTable::TABLE_SAVE_METHOD_SAVE_AS_TABLE);
    return std::make_unique<WriteSink>(workspace, std::move(write), start.table_name());
  }
  if (SameName(format, "noop", false)) {
    proto::WriteOperation nothing;
    nothing.set_source("noop");
    return std::make_unique<WriteSink>(workspace, std::move(nothing), "noop-table");
  }
  const std::string files =
      format.empty() ? workspace.conf().Find("spark.sql.sources.default").value_or("parquet") : format;
  CheckFileFormat(files);
  if (output_mode != "append") RefuseMode(output_mode, files);
  const std::string path = start.has_path() ? start.path() : FindOption(options, "path").value_or("");
  if (path.empty()) throw Error("_LEGACY_ERROR_TEMP_2047", "'path' is not specified.");
  write.set_source(files);
  write.set_path(path);
  return std::make_unique<WriteSink>(workspace, std::move(write), fmt::format("FileSink[{}]", path));
}

}  // namespace tinderbox::engine
