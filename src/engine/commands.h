#pragma once

#include <string>

#include "engine/workspace.h"

namespace spark::connect {
class WriteOperation;
class WriteOperationV2;
}  // namespace spark::connect

namespace tinderbox::engine {

/// df.write…save(), saveAsTable() and insertInto().
void RunWrite(Workspace& workspace, const ::spark::connect::WriteOperation& write, const std::string& operation);
/// df.writeTo(…)
void RunWrite(Workspace& workspace, const ::spark::connect::WriteOperationV2& write, const std::string& operation);

}  // namespace tinderbox::engine
