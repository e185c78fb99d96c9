#pragma once

#include <memory>

#include "store/store.h"

namespace tinderbox::store {

/// A bucket of S3 or of what speaks as it does, by the settings of Hadoop's S3A.
std::shared_ptr<Store> OpenS3(const Location& location, const Settings& settings);

}  // namespace tinderbox::store
