#include "cache/session_state.h"

#include "base/ascii.h"
#include "engine/sql_text.h"
#include "spark/extension.h"
#include "spark/plan_extensions.pb.h"
#include "spark/proto.h"
#include "sql/parser.h"
#include "tinderbox/error.h"

namespace tinderbox::cache {
namespace {

using Effect = SessionState::Effect;

Effect Unknown() {
  Effect out;
  out.changes = out.unknown = true;
  return out;
}

Effect Loses(const std::string& name) {
  Effect out;
  out.changes = true;
  out.loses = base::LowerCase(name);
  return out;
}

/// The last part of a name, which may be the only one.
std::string Last(const plan::Name& name) {
  return name.parts().empty() ? "" : name.parts(name.parts_size() - 1);
}

Effect OfStatement(const std::shared_ptr<const plan::Statement>& statement, bool names_frames) {
  switch (statement->kind_case()) {
    case plan::Statement::kCreateView: {
      const auto& create = statement->create_view();
      Effect out;
      if (!create.temporary() || create.global()) return out;
      out.changes = true;
      out.makes = base::LowerCase(Last(create.name()));
      if (names_frames || !create.columns().empty()) return out;
      if (create.has_query()) {
        out.view = std::shared_ptr<const proto::Relation>(statement, &create.query());
      } else {
        auto read = std::make_shared<proto::Relation>();
        auto* source = read->mutable_read()->mutable_data_source();
        source->set_format(create.provider());
        *source->mutable_options() = create.options();
        out.view = std::move(read);
      }
      return out;
    }
    case plan::Statement::kDrop:
      switch (statement->drop().kind()) {
        case plan::DropObject::FUNCTION:
        case plan::DropObject::VARIABLE:
          return Unknown();
        default:
          return Loses(Last(statement->drop().name()));
      }
    case plan::Statement::kAlterTable:
      return Loses(Last(statement->alter_table().name()));
    case plan::Statement::kCacheTable: {
      Effect out = statement->cache_table().has_query() ? Unknown() : Effect{};
      out.persists = true;
      return out;
    }
    case plan::Statement::kSetConf:
    case plan::Statement::kResetConf: {
      Effect out;
      out.changes = true;
      return out;
    }
    case plan::Statement::kCreateTable:
    case plan::Statement::kCreateNamespace:
    case plan::Statement::kInsert:
    case plan::Statement::kDescribeTable:
    case plan::Statement::kDescribeQuery:
    case plan::Statement::kDescribeFunction:
    case plan::Statement::kDescribeNamespace:
    case plan::Statement::kShow:
    case plan::Statement::kUncacheTable:
    case plan::Statement::kClearCache:
    case plan::Statement::kRefresh:
    case plan::Statement::kTruncateTable:
    case plan::Statement::kExplain:
    case plan::Statement::kAnalyzeTable:
    case plan::Statement::kCommentOn:
    case plan::Statement::kTableOperation:
      return {};
    default:  // USE, variables, functions, EXECUTE IMMEDIATE
      return Unknown();
  }
}

Effect OfText(const proto::SqlCommand& command) {
  if (!command.has_input()) return Unknown();
  const proto::Relation& input = command.input();
  const proto::SQL& sql = input.has_with_relations() ? input.with_relations().root().sql() : input.sql();
  if (sql.query().find("${") != std::string::npos) return Unknown();
  try {
    const proto::Plan parsed = engine::ParseSqlStatement(sql);
    if (parsed.has_root()) return {};
    auto statement = std::make_shared<plan::Statement>();
    if (!spark::UnpackExtension(parsed.command().extension(), statement.get())) return Unknown();
    return OfStatement(statement, input.has_with_relations());
  } catch (const Error&) {
    return Unknown();
  }
}

}  // namespace

SessionState::SessionState(const SessionState& other) {
  const std::lock_guard lock(other.mutex_);
  views_ = other.views_;
  functions_ = other.functions_;
  unknown_ = other.unknown_;
}

Effect SessionState::EffectOf(const proto::Command& command) {
  Effect out;
  switch (command.command_type_case()) {
    case proto::Command::kSqlCommand:
      return OfText(command.sql_command());
    case proto::Command::kExtension: {
      auto statement = std::make_shared<plan::Statement>();
      if (!spark::UnpackExtension(command.extension(), statement.get())) return Unknown();
      return OfStatement(statement, false);
    }
    case proto::Command::kCreateDataframeView:
      if (command.create_dataframe_view().is_global()) return out;
      out.changes = true;
      out.makes = base::LowerCase(command.create_dataframe_view().name());
      out.view = std::make_shared<const proto::Relation>(command.create_dataframe_view().input());
      return out;
    case proto::Command::kRegisterFunction:
      out.changes = true;
      out.function = base::LowerCase(command.register_function().function_name());
      return out;
    case proto::Command::kRegisterTableFunction:
      out.changes = true;
      out.function = base::LowerCase(command.register_table_function().function_name());
      return out;
    case proto::Command::kWriteOperation:
    case proto::Command::kWriteOperationV2:
    case proto::Command::kStreamingQueryCommand:
    case proto::Command::kStreamingQueryManagerCommand:
    case proto::Command::kGetResourcesCommand:
    case proto::Command::kCreateResourceProfileCommand:
    case proto::Command::kCheckpointCommand:
    case proto::Command::kRemoveCachedRemoteRelationCommand:
    case proto::Command::kMergeIntoTableCommand:
      return out;
    default:  // a stream into memory makes a view; sources and pipelines make tables
      return Unknown();
  }
}

Effect SessionState::EffectOf(const proto::Catalog& catalog) {
  Effect out;
  switch (catalog.cat_type_case()) {
    case proto::Catalog::kDropTempView:
      return Loses(catalog.drop_temp_view().view_name());
    case proto::Catalog::kSetCurrentDatabase:
    case proto::Catalog::kSetCurrentCatalog:
      return Unknown();
    case proto::Catalog::kCacheTable:
      out.persists = true;
      return out;
    default:
      return out;
  }
}

void SessionState::Apply(const Effect& effect, const std::optional<View>& view) {
  const std::lock_guard lock(mutex_);
  unknown_ = unknown_ || effect.unknown;
  if (effect.function) functions_.insert(*effect.function);
  View lost;
  lost.facts.refusal = "it is not known what a view stands for";
  if (effect.loses && views_.contains(*effect.loses)) views_[*effect.loses] = lost;
  if (effect.makes) views_[*effect.makes] = view.value_or(lost);
}

void SessionState::Resolve(PlanFacts* facts, std::map<std::string, View>* views) const {
  const std::lock_guard lock(mutex_);
  if (unknown_) facts->refusal = "the session has a state that nobody else knows";
  std::set<std::string> tables;
  std::vector<std::string> open(facts->tables.begin(), facts->tables.end());
  while (!open.empty()) {
    const std::string name = std::move(open.back());
    open.pop_back();
    const std::vector<std::string> parts = sql::ParseName(name);
    const auto view = parts.size() == 1 ? views_.find(base::LowerCase(parts[0])) : views_.end();
    if (view == views_.end()) {
      tables.insert(name);
    } else if (views->insert(*view).second) {
      open.insert(open.end(), view->second.names.begin(), view->second.names.end());
    }
  }
  facts->tables = std::move(tables);
  for (const auto& [name, view] : *views) facts->Add(view.facts);
  for (const std::string& name : facts->functions) {
    if (functions_.contains(name)) facts->refusal = name + "() is the program's own";
  }
}

}  // namespace tinderbox::cache
