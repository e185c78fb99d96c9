#pragma once

#include "engine/files/read.h"

namespace tinderbox::engine {

/// spark.read.xml: the files' texts, taken apart by a native function.
FileTable ReadXml(const FileRead& request);

/// How rows are written as XML.
struct XmlOutput {
  Sql row;             ///< the text of a row, its columns being `values`
  std::string before;  ///< what stands before the first row and behind the last
  std::string behind;
};
/// Throws Error XML_ROW_TAG_MISSING, and for types and options that cannot be written.
XmlOutput MakeXmlOutput(const StructType& schema, const std::vector<Sql>& values,
                        const std::map<std::string, std::string>& options, const std::string& time_zone);

}  // namespace tinderbox::engine
