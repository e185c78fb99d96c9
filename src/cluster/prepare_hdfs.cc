#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>

#include "base/digest.h"
#include "base/fail.h"
#include "base/mapped_file.h"
#include "cluster/hadoop.h"
#include "cluster/prepare.h"
#include "cluster/probe.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCondition = "TINDERBOX_PREPARE";

/// An image of the file system, beside a file with its MD5.
std::optional<fs::path> FindImage(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator entry(folder / "current", error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name.rfind("fsimage_", 0) == 0 && entry->path().extension() != ".md5" &&
        fs::exists(entry->path().string() + ".md5"))
      return entry->path();
  }
  return std::nullopt;
}

bool IsFormatted(const fs::path& folder) {
  return fs::exists(folder / "current" / "VERSION") && FindImage(folder).has_value();
}

bool IsEmptyOrMissing(const fs::path& folder) {
  std::error_code error;
  return !fs::exists(folder) || fs::is_empty(folder, error);
}

/// A DataNode's folder that holds a file system's blocks.
std::optional<fs::path> FindBlocks(const fs::path& data) {
  std::error_code error;
  for (fs::directory_iterator node(data, error), end; !error && node != end; node.increment(error)) {
    if (node->path().filename().string().rfind("datanode-", 0) != 0) continue;
    std::error_code none;
    for (fs::directory_iterator pool(node->path() / "current", none), last; !none && pool != last;
         pool.increment(none)) {
      if (pool->path().filename().string().rfind("BP-", 0) == 0) return node->path();
    }
  }
  return std::nullopt;
}

void CheckImage(const fs::path& folder) {
  const std::optional<fs::path> image = FindImage(folder);
  std::string line;
  if (image) std::getline(std::ifstream(image->string() + ".md5"), line);
  if (!image || !fs::exists(folder / "current" / "VERSION") ||
      line.substr(0, line.find(' ')) != base::Hex(base::Md5(base::MappedFile(*image).bytes())))
    base::Fail(kCondition, "The NameNode left no whole file system image in {} when it formatted it.", folder.string());
}

}  // namespace

void PrepareNameNode(const std::string& data, const std::vector<std::string>& command) {
  const fs::path folder = fs::path(data) / "namenode";
  if (IsFormatted(folder)) return;
  if (!IsEmptyOrMissing(folder))
    base::Fail(
        kCondition,
        "The NameNode's folder {} has no file system image, and is not empty: it is not formatted over. Put back "
        "what it lacks, or remove it when there is nothing in it that you need.",
        folder.string());
  if (const std::optional<fs::path> blocks = FindBlocks(data))
    base::Fail(
        kCondition,
        "The NameNode's folder {} is empty, and {} holds the blocks of a file system: a new one would make them "
        "useless. Put the NameNode's folder back, or remove the DataNodes' folders when there is nothing in them "
        "that you need.",
        folder.string(), blocks->string());
  const fs::path partial = fs::path(data) / "namenode.partial";
  fs::remove_all(partial);
  fs::remove(folder);
  fs::create_directories(data);
  std::vector<std::string> format = command;
  for (const std::string& word : {std::string("-D"), "dfs.namenode.name.dir=" + FileUrl(partial.string()),
                                  std::string("-format"), std::string("-nonInteractive")})
    format.push_back(word);
  RunStep(format, "Formatting the file system");
  CheckImage(partial);
  fs::rename(partial, folder);
}

void MakeHdfsFolder(const std::string& host, int port, const std::string& folder) {
  constexpr int64_t kTimeout = 30'000;
  const passwd* user = ::getpwuid(::geteuid());
  const std::string path = fmt::format("/webhdfs/v1{}?op=MKDIRS&user.name={}", folder,
                                       user == nullptr ? fmt::format("{}", ::geteuid()) : user->pw_name);
  std::string why;
  const std::optional<HttpAnswer> answer = HttpExchange(
      host, port, path,
      fmt::format("PUT {} HTTP/1.0\r\nHost: {}:{}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", path, host, port),
      kTimeout, &why);
  if (answer && answer->status != 200) why = fmt::format("the NameNode answers {}", answer->status);
  if (!answer || answer->status != 200)
    base::Fail(kCondition, "The folder {} cannot be made in HDFS: {}.", folder, why);
}

}  // namespace tinderbox::cluster
