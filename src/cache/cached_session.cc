#include "cache/cached_session.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "cache/kept_result.h"
#include "cache/session_state.h"
#include "cache/settings_text.h"
#include "engine/plan_key.h"
#include "spark/conf.h"
#include "spark/proto.h"
#include "tinderbox/error.h"

namespace tinderbox::cache {
namespace {

constexpr size_t kOutlineLetters = 120;

/// What is asked before a query, and again after it.
struct Question {
  std::string key;
  int64_t ttl_ms = 0;
  uint64_t changes = 0;
};

/// Passes a result on, and keeps it when it was read to its end.
class KeepingReader : public BatchReader {
 public:
  KeepingReader(std::unique_ptr<BatchReader> inner, uint64_t limit, std::function<void(const std::string&)> keep)
      : inner_(std::move(inner)), keep_(std::move(keep)), writer_(std::in_place, inner_->schema(), limit) {}

  const StructType& schema() const override { return inner_->schema(); }

  bool Next(ArrowBatch* batch) override {
    if (inner_->Next(batch)) {
      if (writer_ && !writer_->Add(*batch)) writer_.reset();
      return true;
    }
    if (writer_) {
      const std::optional<std::string> bytes = writer_->Finish();
      writer_.reset();
      if (bytes) keep_(*bytes);
    }
    return false;
  }

 private:
  const std::unique_ptr<BatchReader> inner_;
  const std::function<void(const std::string&)> keep_;
  std::optional<ResultWriter> writer_;
};

class CachedSession : public spark::Session {
 public:
  using spark::Session::Execute;

  CachedSession(std::shared_ptr<spark::Session> inner, std::shared_ptr<ResultCache> cache,
                std::shared_ptr<SessionState> state = std::make_shared<SessionState>())
      : inner_(std::move(inner)), cache_(std::move(cache)), state_(std::move(state)) {}

  std::unique_ptr<BatchReader> Execute(const proto::Relation& relation, const spark::Operation& operation) override {
    if (relation.has_catalog()) {
      Note(SessionState::EffectOf(relation.catalog()));
      return inner_->Execute(relation, operation);
    }
    const std::optional<Question> question = Ask(relation);
    if (!question) return inner_->Execute(relation, operation);
    if (const auto bytes = cache_->Get(question->key)) {
      if (auto reader = ReadResult(*bytes)) return reader;
    }
    auto reader = inner_->Execute(relation, operation);
    if (!cache_->keeps()) return reader;
    return std::make_unique<KeepingReader>(
        std::move(reader), cache_->options().limit, [this, relation, question](const std::string& bytes) {
          // A file or the session may have changed since; then nobody knows which rows these are.
          if (question->changes != state_->changes() || !cache_->keeps()) return;
          const std::optional<Question> now = Ask(relation);
          if (now && now->key == question->key)
            cache_->Put(question->key, bytes, Outline(relation, kOutlineLetters), question->ttl_ms);
        });
  }

  proto::ExecutePlanResponse Execute(const proto::Command& command, const spark::Operation& operation) override {
    const SessionState::Effect effect = SessionState::EffectOf(command);
    if (effect.changes) state_->Change();
    // What a view stands for is looked at before it is made: it may read a view of its own name.
    const std::optional<View> view = effect.view == nullptr ? std::nullopt : MakeView(*effect.view);
    proto::ExecutePlanResponse response = inner_->Execute(command, operation);
    Note(effect, view);
    return response;
  }

  proto::ExecutePlanResponse Observed(const std::string& operation) override { return inner_->Observed(operation); }

  proto::AnalyzePlanResponse Analyze(const proto::AnalyzePlanRequest& request) override {
    if (request.has_persist()) cache_->NotePersisted();
    return inner_->Analyze(request);
  }

  proto::ConfigResponse Config(const proto::ConfigRequest::Operation& operation) override {
    for (const auto& pair : operation.set().pairs()) {
      if (pair.key() == kTtlSetting) ParseTtl(kTtlSetting, pair.value());
    }
    if (operation.has_set() || operation.has_unset()) state_->Change();
    return inner_->Config(operation);
  }

  void AddArtifact(const std::string& name, std::string data) override { inner_->AddArtifact(name, std::move(data)); }
  bool HasArtifact(const std::string& name) override { return inner_->HasArtifact(name); }

  std::shared_ptr<spark::Session> Clone() override {
    return std::make_shared<CachedSession>(inner_->Clone(), cache_, std::make_shared<SessionState>(*state_));
  }

  void Interrupt(const std::string& operation) override { inner_->Interrupt(operation); }
  void InterruptTag(const std::string& tag) override { inner_->InterruptTag(tag); }
  Progress GetProgress(const std::string& operation) override { return inner_->GetProgress(operation); }

 private:
  using Settings = std::map<std::string, std::string>;

  void Note(const SessionState::Effect& effect, const std::optional<View>& view = std::nullopt) {
    if (effect.persists) cache_->NotePersisted();
    state_->Apply(effect, view);
    if (effect.changes) state_->Change();
  }

  Settings AllSettings() {
    proto::ConfigRequest::Operation operation;
    operation.mutable_get_all();
    Settings out;
    const proto::ConfigResponse response = inner_->Config(operation);
    for (const auto& pair : response.pairs()) out[pair.key()] = pair.value();
    if (!out.contains(spark::conf::kTimeZone)) out[spark::conf::kTimeZone] = inner_->GetConf(spark::conf::kTimeZone);
    return out;
  }

  /// The place of the session, for a plan that reads these files. A server may take a path without a scheme for one of
  /// HDFS: which, the files tell that it lists there. Only the listing is asked for: plans that show rows would run.
  Place PlaceOf(const PlanFacts& facts) {
    Place place = cache_->options().place;
    const auto bare = std::ranges::find_if(facts.files, [](const auto& files) { return !HasScheme(files.path); });
    if (place.server.empty() || bare == facts.files.end()) return place;
    place.root = cache_->Root([&]() -> std::string {
      proto::Relation listing;
      listing.mutable_read()->mutable_data_source()->set_format("text");
      listing.mutable_read()->mutable_data_source()->add_paths(bare->path);
      try {
        const proto::AnalyzePlanResponse response = InputFilesOf(listing);
        return response.input_files().files().empty() ? "" : RootOf(response.input_files().files(0));
      } catch (const Interrupted&) {
        throw;
      } catch (const Error&) {
        return "";
      }
    });
    return place;
  }

  proto::AnalyzePlanResponse InputFilesOf(const proto::Relation& relation) {
    proto::AnalyzePlanRequest request;
    *request.mutable_input_files()->mutable_plan()->mutable_root() = relation;
    return inner_->Analyze(request);
  }

  std::optional<View> MakeView(const proto::Relation& relation) {
    View out;
    out.facts = Inspect(relation);
    out.names = out.facts.tables;
    std::map<std::string, View> views;
    state_->Resolve(&out.facts, &views);
    if (!out.facts.refusal.empty()) return std::nullopt;
    const Settings settings = AllSettings();
    out.definition = engine::PlanKey(relation) + SettingsText(settings);
    for (const auto& [name, view] : views) out.definition += name + "\n" + view.definition;
    out.inputs = InputsText(out.facts.files, PlaceOf(out.facts), settings).value_or("");
    return out;
  }

  /// What the tables of a plan are, for its key. In this process: where they lie, what the plan makes of them, and the
  /// files. Of a server's tables only the name is known, and their time to live.
  std::optional<std::string> TablesText(const proto::Relation& relation) {
    const Place& place = cache_->options().place;
    if (!place.server.empty()) return fmt::format("tables of {}\n", place.server);
    std::string out = fmt::format("tables in {}\n", inner_->GetConf(spark::conf::kWarehouse));
    const proto::AnalyzePlanResponse response = InputFilesOf(relation);
    for (const std::string& file : response.input_files().files()) {
      const std::optional<std::string> input = LocalInput(file);
      if (!input) return std::nullopt;
      out += *input;
    }
    const std::string plan = inner_->Explain(relation);
    const size_t sql = plan.find("== SQL ==");
    return out + (sql == std::string::npos ? plan : plan.substr(sql));
  }

  /// nullopt: the query is to be run, and its result is not kept.
  std::optional<Question> Ask(const proto::Relation& relation) {
    Question out;
    out.changes = state_->changes();
    const Settings settings = AllSettings();
    const auto said = settings.find(kTtlSetting);
    out.ttl_ms = said == settings.end() ? cache_->options().ttl_ms : ParseTtl(kTtlSetting, said->second);
    if (out.ttl_ms == 0) return std::nullopt;
    PlanFacts facts = Inspect(relation);
    std::map<std::string, View> views;
    if (facts.refusal.empty()) state_->Resolve(&facts, &views);
    if (!facts.refusal.empty()) return std::nullopt;
    try {
      const Place place = PlaceOf(facts);
      const std::optional<std::string> inputs = InputsText(facts.files, place, settings);
      if (!inputs) return std::nullopt;
      std::string text = "tinderbox result 1\n" + SettingsText(settings) + *inputs;
      if (facts.database) text += fmt::format("databases as seen from {}\n", place.server);
      for (const auto& [name, view] : views) {
        // Spark lists the files of a view when it is made, and may not see those that came later.
        if (!place.server.empty() && InputsText(view.facts.files, place, settings) != view.inputs) return std::nullopt;
        text += name + "\n" + view.definition;
      }
      if (!facts.tables.empty()) {
        const std::optional<std::string> tables = TablesText(relation);
        if (!tables) return std::nullopt;
        text += *tables;
      }
      out.key = base::Hex(base::Sha256(text + engine::PlanKey(relation)));
      return out;
    } catch (const Interrupted&) {
      throw;
    } catch (const Error&) {
      return std::nullopt;  // the query itself says what is wrong
    }
  }

  const std::shared_ptr<spark::Session> inner_;
  const std::shared_ptr<ResultCache> cache_;
  const std::shared_ptr<SessionState> state_;
};

}  // namespace

std::shared_ptr<spark::Session> OpenCached(std::shared_ptr<spark::Session> inner, std::shared_ptr<ResultCache> cache) {
  return std::make_shared<CachedSession>(std::move(inner), std::move(cache));
}

}  // namespace tinderbox::cache
