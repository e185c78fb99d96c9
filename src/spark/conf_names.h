#pragma once

#include <string>
#include <vector>

namespace tinderbox::spark {

/// Every setting of Spark's own table: all of spark.sql, and some others.
std::vector<std::string> ConfNames();

}  // namespace tinderbox::spark
