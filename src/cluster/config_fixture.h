#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/temp_dir.h"
#include "cluster/config.h"
#include "tinderbox/error.h"

namespace tinderbox::cluster {

/// A folder of files that a configuration is read from.
class ConfigTest : public testing::Test {
 protected:
  std::filesystem::path Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_.path() / name) << text;
    return folder_.path() / name;
  }
  /// The message of the error that reading this project file ends with.
  std::string Complaint(const std::string& text) {
    sources_.project_file = Write("cluster.toml", text);
    return Complaint();
  }
  std::string Complaint() {
    try {
      ReadConfig(sources_);
    } catch (const Error& error) {
      EXPECT_EQ(error.condition(), "TINDERBOX_CONFIG");
      return error.what();
    }
    return "";
  }

  base::TempDir folder_;
  ConfigSources sources_;
};

}  // namespace tinderbox::cluster
