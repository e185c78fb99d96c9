#pragma once

#include <memory>
#include <vector>

#include "tinderbox/arrow.h"
#include "tinderbox/session.h"

namespace tinderbox::dataframe {

/// Makes an Arrow C stream of a result; the stream owns the reader and keeps the session.
void ToStream(const Session& session, std::unique_ptr<BatchReader> reader, ArrowArrayStream* out);

/// Reads a stream to its end and releases it, also when this throws.
std::vector<ArrowBatch> ReadStream(ArrowArrayStream* stream, StructType* schema);

}  // namespace tinderbox::dataframe
