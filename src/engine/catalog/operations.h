#pragma once

#include "engine/workspace.h"

namespace spark::connect {
class Catalog;
}

namespace tinderbox::engine {

/// spark.catalog.…: does what the operation says and returns its rows as Spark does.
Rows RunCatalogOperation(Workspace& workspace, const ::spark::connect::Catalog& operation);

}  // namespace tinderbox::engine
