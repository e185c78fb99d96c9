#pragma once

namespace spark::connect {
class AnalyzePlanRequest;
class AnalyzePlanResponse;
}  // namespace spark::connect

namespace tinderbox::engine {

class Workspace;

/// Answers a question about a plan that changes nothing: schema, explanation, tree, input files, … . Returns false when
/// the request is of another kind.
bool AnalyzePlan(Workspace& workspace, const ::spark::connect::AnalyzePlanRequest& request,
                 ::spark::connect::AnalyzePlanResponse* response);

}  // namespace tinderbox::engine
