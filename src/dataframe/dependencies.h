#pragma once

#include <memory>
#include <vector>

#include "tinderbox/column.h"
#include "tinderbox/dataframe.h"

namespace tinderbox::dataframe {

/// What a plan that uses a Column or a DataFrame has to bring with it.
struct Dependencies {
  /// Plans that the column's sub-queries name by plan id; the relation that uses the column takes them in.
  std::vector<std::shared_ptr<const ::spark::connect::Relation>> subqueries;
  /// Whoever runs the plan fills these.
  std::vector<std::shared_ptr<Observation::State>> observations;
  /// What the engine keeps for the plan until the last of these is gone.
  std::vector<std::shared_ptr<const void>> alive;

  bool empty() const { return subqueries.empty() && observations.empty() && alive.empty(); }
};

/// Copies columns and plans into a message that is being built, and gathers what they depend on.
class Parts {
 public:
  void Put(const Column& column, ::spark::connect::Expression* out);
  void Put(const DataFrame& frame, ::spark::connect::Relation* out);
  /// The plan of a sub-query and the plan id that an expression names it by.
  int64_t PutSubquery(const DataFrame& query);
  void Need(const std::shared_ptr<const Dependencies>& more);
  /// Appends each column to a repeated field of expressions.
  template <typename Columns, typename Field>
  void PutAll(const Columns& columns, Field* out) {
    for (const auto& column : columns) Put(column.column(), out->Add());
  }
  template <typename Field>
  void PutAll(const std::vector<Column>& columns, Field* out) {
    for (const Column& column : columns) Put(column, out->Add());
  }

  Dependencies& dependencies() { return dependencies_; }
  /// Null when there are none.
  std::shared_ptr<const Dependencies> Take();

 private:
  Dependencies dependencies_;
};

}  // namespace tinderbox::dataframe
