#include "dataframe/observation.h"

#include <atomic>
#include <random>

#include <fmt/format.h>

#include "base/fail.h"
#include "dataframe/literal.h"
#include "dataframe/relation.h"
#include "spark/session.h"

namespace tinderbox {
namespace {

/// A name that nobody else has, in the form of a UUID, which servers want for operations.
std::string UniqueName() {
  thread_local std::mt19937_64 generator(std::random_device{}());
  const uint64_t a = generator();
  const uint64_t b = generator();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32, (a >> 16) & 0xffff, a & 0xfff,
                     0x8000 | ((b >> 48) & 0x3fff), b & 0xffffffffffff);
}

/// An operation that somebody will ask for has a name.
spark::Operation NewOperation(const Session& session, const dataframe::Dependencies* dependencies) {
  std::set<std::string> tags = dataframe::ThreadTags(session);
  const bool observed = dependencies != nullptr && !dependencies->observations.empty();
  return {observed || !tags.empty() ? UniqueName() : "", std::move(tags)};
}

class ObservingReader : public BatchReader {
 public:
  ObservingReader(Session session, std::string operation, std::shared_ptr<const dataframe::Dependencies> dependencies,
                  std::unique_ptr<BatchReader> reader)
      : session_(std::move(session)),
        operation_(std::move(operation)),
        dependencies_(std::move(dependencies)),
        reader_(std::move(reader)) {}

  const StructType& schema() const override { return reader_->schema(); }
  bool Next(ArrowBatch* batch) override {
    if (reader_->Next(batch)) return true;
    if (!done_) dataframe::FillObservations(session_, operation_, dependencies_.get());
    done_ = true;
    return false;
  }

 private:
  Session session_;
  std::string operation_;
  std::shared_ptr<const dataframe::Dependencies> dependencies_;
  std::unique_ptr<BatchReader> reader_;
  bool done_ = false;
};

}  // namespace

namespace dataframe {

std::set<std::string>& ThreadTags(const Session& session) {
  using Waist = std::weak_ptr<spark::Session>;
  thread_local std::map<Waist, std::set<std::string>, std::owner_less<Waist>> tags;
  std::erase_if(tags, [](const auto& entry) { return entry.first.expired(); });
  return tags[session.waist()];
}

void FillObservations(const Session& session, const std::string& operation, const Dependencies* dependencies) {
  if (dependencies == nullptr || dependencies->observations.empty()) return;
  const proto::ExecutePlanResponse response = session.waist()->Observed(operation);
  for (const auto& observed : response.observed_metrics()) {
    std::map<std::string, Value> metrics;
    for (int i = 0; i < observed.keys_size() && i < observed.values_size(); ++i) {
      metrics[observed.keys(i)] = FromLiteral(observed.values(i));
    }
    for (const auto& state : dependencies->observations) {
      if (state->name != observed.name()) continue;
      const std::lock_guard lock(state->mutex);
      state->metrics = metrics;
    }
  }
}

std::unique_ptr<BatchReader> ExecuteObserved(const Session& session, const proto::Relation& relation,
                                             const std::shared_ptr<const Dependencies>& dependencies) {
  const spark::Operation operation = NewOperation(session, dependencies.get());
  auto reader = session.waist()->Execute(relation, operation);
  if (dependencies == nullptr) return reader;
  return std::make_unique<ObservingReader>(session, operation.id, dependencies, std::move(reader));
}

proto::ExecutePlanResponse RunCommand(const Session& session, const proto::Command& command,
                                      const Dependencies* dependencies) {
  const spark::Operation operation = NewOperation(session, dependencies);
  proto::ExecutePlanResponse response = session.waist()->Execute(command, operation);
  FillObservations(session, operation.id, dependencies);
  return response;
}

}  // namespace dataframe

Observation::Observation(std::string_view name) : state_(std::make_shared<State>()) {
  state_->name = name.empty() ? UniqueName() : std::string(name);
}

const std::string& Observation::name() const {
  return state_->name;
}

std::map<std::string, Value> Observation::Get() const {
  const std::lock_guard lock(state_->mutex);
  if (!state_->metrics) {
    base::Fail("TINDERBOX_NOT_OBSERVED",
               "The observation {} has no metrics yet: an action of the observed DataFrame has to end first.",
               state_->name);
  }
  return *state_->metrics;
}

}  // namespace tinderbox
