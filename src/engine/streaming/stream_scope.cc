#include "engine/streaming/stream_scope.h"

#include "engine/streaming/rate_source.h"
#include "engine/workspace.h"
#include "spark/proto.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

thread_local StreamScope* current = nullptr;
thread_local int stream_reads = 0;

}  // namespace

int StreamReads() {
  return stream_reads;
}

StreamScope::StreamScope(std::shared_ptr<const proto::Relation> rows)
    : outer_(current), rows_(std::move(rows)), before_(stream_reads) {
  current = this;
}

StreamScope::~StreamScope() {
  current = outer_;
}

std::shared_ptr<const proto::Relation> StreamRows(const proto::Read& read, bool executes) {
  const RateSource source(read);
  ++stream_reads;
  if (current != nullptr && current->rows_ != nullptr) return current->rows_;
  if (executes) ThrowIsStreaming();
  return std::make_shared<const proto::Relation>(source.Rows(0, 0, 0));
}

bool IsStreaming(Workspace& workspace, const proto::Relation& relation) {
  const StreamScope scope;
  workspace.Translate(relation, Workspace::Purpose::kAnalysis);
  return scope.reads() > 0;
}

void ThrowIsStreaming() {
  const char* message =
      "Queries with streaming sources must be executed with writeStream.start(), or from a streaming table or flow "
      "definition within a Spark Declarative Pipeline.";
  throw Error("_LEGACY_ERROR_TEMP_3102", message, {{"msg", message}});
}

}  // namespace tinderbox::engine
