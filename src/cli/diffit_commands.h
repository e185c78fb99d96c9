#pragma once

#include "cli/diffit_flags.h"
#include "tinderbox/session.h"

namespace tinderbox::cli {

/// The commands of `tinderbox diffit`. Each returns the exit code; they throw UsageError (exit 2) and Error (exit 1).
int DiffitRow(const DiffitLine& line);
int DiffitAnalyse(const DiffitLine& line);
int DiffitColumns(const DiffitLine& line);
int DiffitConvert(const DiffitLine& line);
int DiffitSchema(const DiffitLine& line);

/// The session that the line's memory, threads and temp options ask for.
Session DiffitSession(const DiffitLine& line);
/// A schema by path, or by the name of a bundled one, as generation A had it.
StructType DiffitSchemaNamed(const std::string& name);
/// Options of Spark's CSV reader as diffit sets them, but for its mistakes (see docs/diff.md).
std::map<std::string, std::string> DiffitCsvOptions(const DiffitLine& line);

}  // namespace tinderbox::cli
