#pragma once

#include <string>

#include "engine/workspace.h"

namespace tinderbox::plan {
class AlterTable;
class CreateView;
}  // namespace tinderbox::plan

namespace tinderbox::engine {

/// df.createTempView and its like: the view is what the relation means now.
void CreateTempView(Workspace& workspace, const ::spark::connect::Relation& relation, const std::string& name,
                    bool global, bool replace);
/// CREATE [TEMPORARY] VIEW.
void CreateView(Workspace& workspace, const plan::CreateView& statement);

}  // namespace tinderbox::engine
