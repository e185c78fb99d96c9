#pragma once

#include <string>

namespace spark::connect {
class Relation;
}

namespace tinderbox::engine {

class RateSource;
class Workspace;

/// The one stream that a plan of stateless operations reads, a row's result depending on that row alone. Throws Spark's
/// errors for a plan that reads none, and for operations that Spark refuses in that output mode; UNSUPPORTED_FEATURE
/// for the other ones that are not stateless, and for several streams.
RateSource FindStream(Workspace& workspace, const ::spark::connect::Relation& plan, const std::string& output_mode);

}  // namespace tinderbox::engine
