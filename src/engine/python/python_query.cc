#include "engine/python/python_query.h"

#include <chrono>

#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

/// After so many changes of hands a place has enough to do for a worker of its own.
constexpr int kMostTaken = 8;

/// How long the end of an answer that nobody wants is waited for.
constexpr std::chrono::milliseconds kPatience{300};

}  // namespace

void PythonQuery::End(std::unique_ptr<PythonRun> run, std::string_view end) {
  // What is left of the answer may be without an end.
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  const auto check = [deadline] {
    if (std::chrono::steady_clock::now() > deadline) throw Interrupted();
  };
  try {
    run->SetCheck(check);
    if (!run->finished()) run->Finish(end);
    for (ArrowBatch rest; run->Next(&rest) == PythonRun::Step::kBatch;) {
      check();
    }
    pool_->Return(run->Release());
  } catch (const Error&) {
    // The worker is lost; nobody waits for what it has to say.
  }
}

std::unique_ptr<PythonRun> PythonQuery::TakeIdle(const Place& asking, std::function<std::string()>* end) {
  const std::lock_guard lock(mutex_);
  for (Place* place : places_) {
    if (place == &asking || place->busy_ || place->run_ == nullptr) continue;
    *end = std::move(place->end_);
    return std::move(place->run_);
  }
  return nullptr;
}

PythonQuery::Place::Place(std::shared_ptr<PythonQuery> query) : query_(std::move(query)) {
  const std::lock_guard lock(query_->mutex_);
  position_ = query_->places_.insert(query_->places_.end(), this);
}

PythonQuery::Place::~Place() {
  {
    const std::lock_guard lock(query_->mutex_);
    query_->places_.erase(position_);
  }
  if (run_ != nullptr && !busy_) query_->End(std::move(run_), end_());
}

PythonRun& PythonQuery::Place::Begin(std::string_view task, bool* fresh) {
  {
    const std::lock_guard lock(query_->mutex_);
    busy_ = true;
    *fresh = run_ == nullptr;
  }
  if (!*fresh) return *run_;
  if (taken_ < kMostTaken) {
    std::function<std::string()> end;
    if (auto idle = query_->TakeIdle(*this, &end)) {
      ++taken_;
      query_->End(std::move(idle), end());
    }
  }
  run_ = query_->Start(task);
  return *run_;
}

void PythonQuery::Place::Pause(std::function<std::string()> end) {
  const std::lock_guard lock(query_->mutex_);
  end_ = std::move(end);
  busy_ = false;
}

void PythonQuery::Place::Reuse() {
  query_->Return(std::move(run_));
  Pause({});
}

}  // namespace tinderbox::engine
