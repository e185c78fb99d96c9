#pragma once

#include <string>

#include "spark/conf.h"

namespace tinderbox::engine {

/// Spark SQL text with the settings it names put in: ${my.key}, ${spark:my.key}, ${hiveconf:my.key}. A setting that is
/// not there is an empty text; another prefix than Spark's stays as it is. What a value names is put in as well.
/// Refuses
/// ${env:…} and ${system:…}: a query has no business with the server's environment.
std::string SubstituteVariables(const std::string& text, const spark::Conf& conf);

}  // namespace tinderbox::engine
