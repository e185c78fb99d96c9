#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/python/python_query.h"
#include "engine/python/python_rows.h"
#include "engine/python/python_session.h"
#include "engine/translate/python.h"

namespace tinderbox::engine {

/// What SQL that calls Python refers to, in all sessions.
struct PythonReferences {
  std::shared_ptr<Numbered<PythonCall>> calls = std::make_shared<Numbered<PythonCall>>();
  std::shared_ptr<Numbered<PythonRows>> rows = std::make_shared<Numbered<PythonRows>>();
};

/// The Python functions of one query. Keeps what the query's SQL refers to alive in `kept`.
class PythonPlans : public PythonFunctions {
 public:
  PythonPlans(PythonSession& session, const spark::Conf& conf, PythonReferences& references,
              std::function<Lease()> connect, std::function<void()> check,
              std::vector<std::shared_ptr<const void>>* kept);

  Typed Call(const std::vector<const proto::CommonInlineUserDefinedFunction*>& functions,
             const std::vector<Argument>& arguments, const Sql& behind) override;
  Typed CallTable(const proto::CommonInlineUserDefinedTableFunction& function,
                  const std::vector<Argument>& arguments) override;
  TranslatedRelation Map(const proto::CommonInlineUserDefinedFunction& function,
                         const TranslatedRelation& input) override;
  TranslatedRelation MapGroups(const proto::CommonInlineUserDefinedFunction& function,
                               const std::vector<Side>& sides) override;

 private:
  PythonTask Task(int32_t eval_type, const std::string& python_version);
  /// The number of a call; the same one for equal calls.
  Sql Number(PythonCall call);
  TranslatedRelation Relation(std::shared_ptr<PythonRows> rows);

  PythonSession& session_;
  const spark::Conf& conf_;
  PythonReferences& references_;
  std::function<Lease()> connect_;
  std::vector<std::shared_ptr<const void>>* kept_;
  size_t batch_rows_;
  std::shared_ptr<PythonQuery> query_;
  std::map<std::string, int64_t> numbers_;
};

}  // namespace tinderbox::engine
