#pragma once

#include <string>

#include "engine/workspace.h"

namespace tinderbox::plan {
class CreateFunction;
class DeclareVariable;
class DropObject;
class ExecuteImmediate;
class SetVariables;
}  // namespace tinderbox::plan

namespace tinderbox::engine {

void DeclareVariable(Workspace& workspace, const plan::DeclareVariable& statement, const std::string& operation);
void SetVariables(Workspace& workspace, const plan::SetVariables& statement, const std::string& operation);
/// CREATE TEMPORARY FUNCTION with a body of SQL.
void CreateFunction(Workspace& workspace, const plan::CreateFunction& statement);
/// DROP TEMPORARY VARIABLE and DROP [TEMPORARY] FUNCTION.
void DropSessionObject(Workspace& workspace, const plan::DropObject& statement);

/// The text that EXECUTE IMMEDIATE runs, with its parameters.
::spark::connect::SQL ImmediateText(Workspace& workspace, const plan::ExecuteImmediate& statement,
                                    const std::string& operation);
/// EXECUTE IMMEDIATE: runs the text; its rows go into variables when the statement says so.
Rows ExecuteImmediate(Workspace& workspace, const plan::ExecuteImmediate& statement, const std::string& operation);

}  // namespace tinderbox::engine
