#include "dataframe/dependencies.h"

#include <algorithm>

#include "spark/proto.h"

namespace tinderbox::dataframe {
namespace {

template <typename T>
void Merge(const std::vector<T>& from, std::vector<T>* into) {
  for (const T& one : from) {
    if (std::find(into->begin(), into->end(), one) == into->end()) into->push_back(one);
  }
}

}  // namespace

void Parts::Need(const std::shared_ptr<const Dependencies>& more) {
  if (more == nullptr) return;
  Merge(more->subqueries, &dependencies_.subqueries);
  Merge(more->observations, &dependencies_.observations);
  Merge(more->alive, &dependencies_.alive);
}

void Parts::Put(const Column& column, proto::Expression* out) {
  *out = column.proto();
  Need(column.dependencies());
}

void Parts::Put(const DataFrame& frame, proto::Relation* out) {
  *out = frame.proto();
  Need(frame.dependencies());
}

int64_t Parts::PutSubquery(const DataFrame& query) {
  auto plan = std::make_shared<proto::Relation>();
  Put(query, plan.get());
  dependencies_.subqueries.push_back(std::move(plan));
  return query.proto().common().plan_id();
}

std::shared_ptr<const Dependencies> Parts::Take() {
  if (dependencies_.empty()) return nullptr;
  return std::make_shared<const Dependencies>(std::move(dependencies_));
}

}  // namespace tinderbox::dataframe
