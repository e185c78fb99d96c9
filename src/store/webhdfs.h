#pragma once

#include <memory>

#include "store/store.h"

namespace tinderbox::store {

/// HDFS behind its NameNode's HTTP address (WebHDFS). Of "hdfs://host:port" the settings tell it
/// (dfs.namenode.http-address), else it is Hadoop's default, 9870 of that host.
std::shared_ptr<Store> OpenWebHdfs(const Location& location, const Settings& settings);

}  // namespace tinderbox::store
