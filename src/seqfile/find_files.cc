#include "seqfile/find_files.h"

#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/fail.h"
#include "base/interrupt.h"
#include "base/json_text.h"
#include "seqfile/writer.h"

namespace tinderbox::seqfile {
namespace {

namespace fs = std::filesystem;

std::string Shown(const fs::path& path) {
  return base::ReplaceInvalidUtf8(path.native());
}

bool Same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

class Finder {
 public:
  explicit Finder(const FindOptions& options) : options_(options) {
    has_output_ = !options.output.empty() && stat(options.output.c_str(), &output_) == 0;
    if (!options.base.empty()) base_ = fs::weakly_canonical(fs::absolute(options.base));
  }

  void AddInput(const fs::path& input) {
    struct stat facts {};
    if (lstat(input.c_str(), &facts) == 0) {
      // A folder's own name is no part of the names; a file's name is all there is.
      fs::path plain = input.has_filename() ? input : input.parent_path();
      const bool folder = stat(input.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
      return Add(input, folder ? "" : plain.filename().native(), true);
    }
    const std::string& pattern = input.native();
    const size_t wild = pattern.find_first_of("*?[{");
    if (errno != ENOENT || wild == std::string::npos) NotFound(input, errno);
    const size_t slash = pattern.rfind('/', wild);
    const size_t fixed = slash == std::string::npos ? 0 : slash + 1;
    glob_t found{};
    const int result = glob(pattern.c_str(), GLOB_BRACE | GLOB_ERR, nullptr, &found);
    const int error = errno;
    const std::unique_ptr<glob_t, decltype(&globfree)> owner(&found, globfree);
    if (result == GLOB_NOMATCH) NotFound(input, ENOENT);
    if (result != 0) NotFound(input, error);
    for (size_t i = 0; i < found.gl_pathc; ++i) {
      const std::string match = found.gl_pathv[i];
      Add(match, match.substr(std::min(fixed, match.size())), true);
    }
  }

  FoundFiles Finish() {
    auto& files = out_.files;
    std::sort(files.begin(), files.end(), [](const FoundFile& a, const FoundFile& b) { return a.name < b.name; });
    const auto named = [&](const std::string& name) {
      const auto at = std::lower_bound(files.begin(), files.end(), name,
                                       [](const FoundFile& file, const std::string& n) { return file.name < n; });
      return at != files.end() && at->name == name ? &*at : nullptr;
    };
    constexpr char kAdvice[] = "Give --base DIR, so that names are relative to one folder";
    for (size_t i = 0; i < files.size(); ++i) {
      const FoundFile& file = files[i];
      if (i > 0 && files[i - 1].name == file.name) {
        base::Fail("TINDERBOX_USAGE", "{} and {} would both have the name \"{}\". {}.", Shown(files[i - 1].path),
                   Shown(file.path), file.name, kAdvice);
      }
      for (size_t at = file.name.find('/'); options_.inputs.size() > 1 && at != std::string::npos;
           at = file.name.find('/', at + 1)) {
        if (const FoundFile* above = named(file.name.substr(0, at)); above != nullptr) {
          base::Fail("TINDERBOX_USAGE", "{} would have the name \"{}\", which is a folder in the name \"{}\". {}.",
                     Shown(above->path), above->name, file.name, kAdvice);
        }
      }
    }
    return std::move(out_);
  }

 private:
  [[noreturn]] static void NotFound(const fs::path& path, int error) {
    if (error != ENOENT) {
      base::FailErrno("FAILED_READ_FILE.NO_HINT", error, fmt::format("Cannot look for {}", Shown(path)));
    }
    base::FailWith("PATH_NOT_FOUND", {{"path", Shown(path)}}, "Path does not exist: {}.", Shown(path));
  }

  void LeaveOut(const fs::path& path, std::string why) { out_.left_out.push_back({Shown(path), std::move(why)}); }

  void Add(const fs::path& path, const std::string& name, bool given) {
    struct stat facts {};
    if (lstat(path.c_str(), &facts) != 0) return LeaveOut(path, std::strerror(errno));
    if (S_ISLNK(facts.st_mode)) {
      if (!given && !options_.follow) return LeaveOut(path, "a symbolic link; --follow packs what it points to");
      if (stat(path.c_str(), &facts) != 0) {
        return LeaveOut(path, fmt::format("a symbolic link that cannot be followed: {}", std::strerror(errno)));
      }
    }
    if (has_output_ && Same(facts, output_)) return;
    if (S_ISDIR(facts.st_mode)) return AddFolder(path, name, facts);
    if (!S_ISREG(facts.st_mode)) return LeaveOut(path, "a pipe, socket or device");
    AddFile(path, name, static_cast<uint64_t>(facts.st_size));
  }

  void AddFile(const fs::path& path, const std::string& given_name, uint64_t size) {
    std::string name = given_name;
    if (!base_.empty()) {
      const fs::path full = fs::absolute(path);
      name = (fs::weakly_canonical(full.parent_path()) / full.filename()).lexically_relative(base_).native();
      if (name.rfind("..", 0) == 0) {
        base::Fail("TINDERBOX_USAGE", "{} is not below the folder of --base, {}.", Shown(path), Shown(base_));
      }
    }
    if (!base::IsUtf8(name)) return LeaveOut(path, "its name is not UTF-8, as a key has to be; rename it");
    // Behind the length stand the two lengths of the key and the value.
    if (size > kMaxValue || size + name.size() + 16 > INT32_MAX) {
      return LeaveOut(path, fmt::format("its {} bytes are more than the 2 GB of a record", size));
    }
    if (access(path.c_str(), R_OK) != 0) return LeaveOut(path, std::strerror(errno));
    out_.files.push_back({std::move(name), path, size});
  }

  void AddFolder(const fs::path& path, const std::string& name, const struct stat& facts) {
    base::ThrowIfInterrupted();
    if (std::any_of(above_.begin(), above_.end(), [&](const auto& other) { return Same(facts, other); })) {
      return LeaveOut(path, "a link to a folder that it is in");
    }
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
      names.push_back(entry->path().filename().native());
    }
    if (error) return LeaveOut(path, error.message());
    if (names.empty()) ++out_.empty_folders;
    std::sort(names.begin(), names.end());
    above_.push_back(facts);
    for (const std::string& one : names) Add(path / one, name.empty() ? one : name + "/" + one, false);
    above_.pop_back();
  }

  const FindOptions& options_;
  fs::path base_;
  bool has_output_ = false;
  struct stat output_ {};
  std::vector<struct stat> above_;
  FoundFiles out_;
};

}  // namespace

FoundFiles FindFiles(const FindOptions& options) {
  Finder finder(options);
  for (const fs::path& input : options.inputs) finder.AddInput(input);
  return finder.Finish();
}

}  // namespace tinderbox::seqfile
