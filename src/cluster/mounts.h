#pragma once

#include <map>
#include <string>

namespace tinderbox::cluster {

/// The text with every path below a key of `folders` made one below the folder of this machine that is meant: plain,
/// as a file: address, alone or among others ("--path=/opt/spark-data/x", "/opt/a.jar,/opt/b.jar"). Paths of other file
/// systems (hdfs://…) stay. A folder that is not there counts for nothing: the path may be a real one.
std::string MapPaths(const std::string& text, const std::map<std::string, std::string>& folders);

}  // namespace tinderbox::cluster
