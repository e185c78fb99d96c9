#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <set>

#include "base/interrupt.h"
#include "base/json_text.h"
#include "base/staged_output.h"
#include "seqfile/pack.h"
#include "seqfile/writer.h"

namespace tinderbox::seqfile {
namespace {

namespace fs = std::filesystem;

std::string Shown(const std::string& name) {
  return base::ReplaceInvalidUtf8(name);
}

/// Writes the files below a new folder.
class FolderSink : public EntrySink {
 public:
  explicit FolderSink(fs::path folder) : folder_(std::move(folder)) {}

  void Begin(const std::string& name, uint64_t) override {
    if (const std::string why = UnsafeName(name); !why.empty()) {
      base::Fail("TINDERBOX_UNSAFE_NAME",
                 "The file holds \"{}\", which {}. Nothing was unpacked; such files may come from somebody who means "
                 "ill.",
                 Shown(name), why);
    }
    path_ = folder_ / name;
    if (path_.parent_path() != parent_) {
      parent_ = path_.parent_path();
      std::error_code error;
      fs::create_directories(parent_, error);
      if (error) {
        base::FailErrno("TINDERBOX_WRITE_FAILED", error.value(),
                        fmt::format("Cannot make the folder of \"{}\"", Shown(name)));
      }
    }
    std::error_code error;
    if (fs::symlink_status(path_, error).type() != fs::file_type::not_found) {
      base::Fail("UNSUPPORTED_FEATURE.SEQUENCEFILE",
                 "The file holds \"{}\" twice, or it is a folder in another name; a folder can hold it once.",
                 Shown(name));
    }
    out_.emplace(path_.string());
  }
  void Write(std::string_view bytes) override { out_->Write(bytes); }
  void End(const Entry& entry) override {
    out_->Close();
    out_.reset();
    names_.push_back(entry.name);
  }
  void Discard() override {
    if (!out_) return;
    out_.reset();
    std::error_code ignored;
    fs::remove(path_, ignored);
  }

  const std::vector<std::string>& names() const { return names_; }

 private:
  const fs::path folder_;
  fs::path path_, parent_;
  std::optional<OutputFile> out_;
  std::vector<std::string> names_;
};

/// Whether files can be put into a folder that is there, without leaving it and without harm.
void CheckTargets(const fs::path& folder, const std::vector<std::string>& names, bool overwrite) {
  std::set<std::string> folders;  // seen
  for (const std::string& name : names) {
    for (size_t at = name.find('/'); at != std::string::npos; at = name.find('/', at + 1)) {
      const std::string above = name.substr(0, at);
      if (!folders.insert(above).second) continue;
      const fs::file_type type = fs::symlink_status(folder / above).type();
      if (type == fs::file_type::directory || type == fs::file_type::not_found) continue;
      base::Fail("PATH_ALREADY_EXISTS",
                 "{} is {} and not a folder; \"{}\" cannot be put into it. Nothing was unpacked.",
                 Shown((folder / above).native()),
                 type == fs::file_type::symlink ? "a symbolic link, which may lead anywhere," : "there", Shown(name));
    }
    const fs::file_type type = fs::symlink_status(folder / name).type();
    if (type == fs::file_type::not_found || (overwrite && type != fs::file_type::directory)) continue;
    const std::string path = (folder / name).native();
    base::FailWith("PATH_ALREADY_EXISTS", {{"outputPath", Shown(path)}}, "{} exists already{}. Nothing was unpacked.",
                   Shown(path),
                   type == fs::file_type::directory ? " and is a folder" : "; --force replaces files that do");
  }
}

void MoveInto(const fs::path& folder, const fs::path& staged, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    std::error_code error;
    fs::create_directories((folder / name).parent_path(), error);
    if (!error) fs::rename(staged / name, folder / name, error);
    if (error) {
      base::FailErrno("TINDERBOX_WRITE_FAILED", error.value(),
                      fmt::format("Cannot move \"{}\" into {}; the files before it are there", Shown(name),
                                  Shown(folder.native())));
    }
  }
}

/// Hands on and tells how far the file is read.
class ProgressSink : public EntrySink {
 public:
  ProgressSink(EntrySink* sink, const Reader& reader, uint64_t total, const Progress& progress)
      : sink_(sink), reader_(reader), total_(total), progress_(progress) {}
  void Begin(const std::string& name, uint64_t size) override {
    progress_(reader_.position(), total_);
    sink_->Begin(name, size);
  }
  void Write(std::string_view bytes) override { sink_->Write(bytes); }
  void End(const Entry& entry) override { sink_->End(entry); }
  void Discard() override { sink_->Discard(); }

 private:
  EntrySink* sink_;
  const Reader& reader_;
  const uint64_t total_;
  const Progress& progress_;
};

}  // namespace

std::string UnsafeName(const std::string& name) {
  if (name.empty()) return "is no name";
  if (name[0] == '/') return "is an absolute path";
  if (name.find('\0') != std::string::npos) return "has a zero byte in it";
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = std::string_view(name).substr(begin, end - begin);
    if (part == "..") return "leads out of the folder";
    if (part.empty() || part == ".") return "is no plain relative path";
    begin = end + 1;
  }
  return "";
}

ScanResult Unpack(const UnpackOptions& options, const Progress& progress) {
  const auto file = std::make_shared<const base::InputFile>(options.input.string());
  Reader reader(file);
  std::error_code error;
  const bool exists = fs::exists(fs::symlink_status(options.folder, error));
  if (exists && !fs::is_directory(options.folder, error)) {
    base::FailWith("PATH_ALREADY_EXISTS", {{"outputPath", Shown(options.folder.native())}},
                   "{} exists and is not a folder.", Shown(options.folder.native()));
  }
  // In a folder that is there, files are moved out of a hidden one beside them.
  base::StagedOutput output(exists ? options.folder / "unpacked" : options.folder, base::StagedOutput::Kind::kFolder,
                            exists);
  FolderSink folder(output.path());
  ProgressSink sink(&folder, reader, file->size(), progress);
  ScanResult result = Scan(&reader, options.input.string(), {true, options.recover}, &sink);
  base::ThrowIfInterrupted();
  if (exists) {
    CheckTargets(options.folder, folder.names(), options.overwrite);
    MoveInto(options.folder, output.path(), folder.names());
  } else {
    output.Commit();
  }
  return result;
}

}  // namespace tinderbox::seqfile
