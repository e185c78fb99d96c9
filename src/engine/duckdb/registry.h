#pragma once

// Registers our tables and functions with DuckDB. Included by the .cc files of this folder only.

#include <algorithm>
#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/duckdb/aggregate_function.h"
#include "engine/duckdb/capi.h"
#include "engine/duckdb/scalar_function.h"
#include "engine/duckdb/source.h"

namespace tinderbox::engine {

/// What running scans have read so far. Thread-safe.
struct ScanCounters {
  std::atomic<uint64_t> rows = 0;

  void Add(std::weak_ptr<Scan> scan) {
    std::lock_guard lock(mutex_);
    std::erase_if(scans_, [](const auto& old) { return old.expired(); });
    scans_.push_back(std::move(scan));
  }
  /// The mean of the running scans that know their fraction; -1 when none does.
  double Fraction() {
    std::lock_guard lock(mutex_);
    double sum = 0;
    int known = 0;
    for (const auto& weak : scans_) {
      auto scan = weak.lock();
      if (scan == nullptr || scan->Fraction() < 0) continue;
      sum += std::min(1.0, scan->Fraction());
      ++known;
    }
    return known == 0 ? -1 : sum / known;
  }

 private:
  std::mutex mutex_;
  std::list<std::weak_ptr<Scan>> scans_;
};

void RegisterSource(duckdb_connection connection, const std::string& name, SourceFactory factory,
                    ScanCounters* counters);
void RegisterScalarFunctions(duckdb_connection connection, const std::vector<ScalarFunction>& functions);
void RegisterAggregateFunction(duckdb_connection connection, const AggregateFunction& function);

}  // namespace tinderbox::engine
