#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tinderbox/types.h"

namespace tinderbox::csv {

/// The column names of the first file's header (or _c0, _c1, … without one) with the types that hold for every value of
/// all `files`, by the CSV rules of Spark's inferSchema (integer, long, decimal, double, date, timestamp, boolean, else
/// string; a column of nulls is string). All bytes are read, with `threads` threads. Options are Spark's names. Throws
/// Error.
StructType InferSchema(const std::vector<std::string>& files, const std::map<std::string, std::string>& options,
                       int threads);

/// Names only: reads no more than the header.
std::vector<std::string> ReadHeader(const std::string& file, const std::map<std::string, std::string>& options);

/// The types of the fields of one record, which are named _c0, _c1, … The text is one record whatever breaks it has.
StructType InferRecord(std::string_view text, const std::map<std::string, std::string>& options);

/// The narrowest type that holds the values of both, by the same rules ("007" read as an integer on one side and as a
/// string on the other is a string).
DataType MergeInferred(const DataType& a, const DataType& b);

}  // namespace tinderbox::csv
