#include "engine/named_plans.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "spark/proto.h"

namespace tinderbox::engine {

std::shared_ptr<const NamedPlan> NamedPlans::Add(NamedPlan plan) {
  const std::lock_guard lock(mutex_);
  std::erase_if(plans_, [](const auto& entry) { return entry.second.expired(); });
  plan.id = fmt::format("plan/{}", next_++);
  auto added = std::make_shared<const NamedPlan>(std::move(plan));
  plans_[added->id] = added;
  return added;
}

std::shared_ptr<const NamedPlan> NamedPlans::Find(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = plans_.find(id);
  return found == plans_.end() ? nullptr : found->second.lock();
}

TempViews::TempViews(const TempViews& other) {
  const std::lock_guard lock(other.mutex_);
  views_ = other.views_;
}

bool TempViews::Set(const std::string& name, std::shared_ptr<const NamedPlan> view, bool replace) {
  const std::lock_guard lock(mutex_);
  auto& slot = views_[base::LowerCase(name)];
  if (slot != nullptr && !replace) return false;
  slot = std::move(view);
  return true;
}

std::shared_ptr<const NamedPlan> TempViews::Find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = views_.find(base::LowerCase(name));
  return found == views_.end() ? nullptr : found->second;
}

bool TempViews::Drop(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return views_.erase(base::LowerCase(name)) > 0;
}

std::vector<std::string> TempViews::Names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [name, view] : views_) out.push_back(name);
  return out;
}

}  // namespace tinderbox::engine
