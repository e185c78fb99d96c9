#include "engine/files/remote.h"

#include <fmt/format.h>

#include <system_error>

namespace tinderbox::engine {

namespace fs = std::filesystem;

RemoteCopies::Copy::~Copy() {
  std::error_code ignored;
  fs::remove(path, ignored);
  for (fs::path folder = path.parent_path(); folder.native().size() >= root.native().size();
       folder = folder.parent_path()) {
    if (!fs::remove(folder, ignored)) break;  // others lie there too
  }
}

std::vector<std::shared_ptr<const RemoteCopies::Copy>> RemoteCopies::Fetch(const std::vector<File>& files) {
  std::vector<std::shared_ptr<const Copy>> out(files.size());
  std::vector<size_t> missing;
  std::vector<File> wanted;
  fs::path folder;
  {
    const std::lock_guard lock(mutex_);
    if (!folder_) folder_.emplace(parent_);
    for (size_t i = 0; i < files.size(); ++i) {
      const auto& [store, entry] = files[i];
      const auto known = known_.find(store->Url(entry.path));
      if (known != known_.end() && known->second.version == entry.version && !entry.version.empty()) {
        out[i] = known->second.copy;
      } else {
        missing.push_back(i);
        wanted.push_back(files[i]);
      }
    }
    folder = folder_->path() / store::kCopiesFolder / std::to_string(next_++);
  }
  if (missing.empty()) return out;
  std::vector<fs::path> paths;
  try {
    paths = store::Fetch(wanted, folder);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    throw;
  }
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < missing.size(); ++i) {
    const auto& [store, entry] = wanted[i];
    out[missing[i]] = std::make_shared<const Copy>(folder, paths[i]);
    known_[store->Url(entry.path)] = {entry.version, out[missing[i]]};
  }
  return out;
}

std::vector<fs::path> RemoteFiles::Fetch(const std::vector<RemoteCopies::File>& files) {
  const auto copies = copies_.Fetch(files);
  std::vector<fs::path> out;
  const std::lock_guard lock(mutex_);
  for (const auto& copy : copies) {
    out.push_back(copy->path);
    kept_.push_back(copy);
  }
  return out;
}

}  // namespace tinderbox::engine
