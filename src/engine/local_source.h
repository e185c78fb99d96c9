#pragma once

#include <memory>
#include <vector>

#include "engine/duckdb/source.h"
#include "tinderbox/arrow.h"

namespace tinderbox::engine {

/// Copies rows [first, first + count) of an Arrow column of that type to the vector's rows from `target` on.
void CopyRows(const DataType& type, const ArrowArray& column, int64_t first, int64_t count, OutVector* to,
              size_t target);

/// Rows in memory as a table that DuckDB reads. Immutable.
class LocalSource : public Source, public std::enable_shared_from_this<LocalSource> {
 public:
  LocalSource(StructType schema, std::vector<ArrowBatch> batches);
  const std::vector<StructField>& Columns() const override { return schema_.fields; }
  std::unique_ptr<Scan> Open(std::vector<size_t> projected) override;
  std::optional<uint64_t> Rows() const override { return rows_; }
  const std::vector<ArrowBatch>& batches() const { return batches_; }

 private:
  StructType schema_;
  std::vector<ArrowBatch> batches_;
  uint64_t rows_ = 0;
};

}  // namespace tinderbox::engine
