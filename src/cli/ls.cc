#include <fmt/format.h>

#include "base/json_text.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "cli/seqfile_flags.h"
#include "cli/verbs.h"
#include "diff/report_cell.h"
#include "seqfile/pack.h"

namespace tinderbox::cli {
namespace {

struct LsFlags {
  std::string file;
  bool json = false, verify = false, recover = false;
};

/// Prints each file as it comes, for there may be millions; JSON at the end, or there would be half a document.
class ListSink : public seqfile::EntrySink {
 public:
  explicit ListSink(bool json) : json_(json) {}
  void Begin(const std::string&, uint64_t) override {}
  void Write(std::string_view) override {}
  void Discard() override {}

  void End(const seqfile::Entry& entry) override {
    if (json_) {
      text_ += fmt::format(R"({}{{"name":{},"size":{},"sha256":{},"checked":{}}})", first_ ? "" : ",",
                           base::JsonString(base::ReplaceInvalidUtf8(entry.name)), entry.size,
                           entry.sha256.empty() ? "null" : base::JsonString(base::ReplaceInvalidUtf8(entry.sha256)),
                           entry.checked);
    } else {
      text_ += fmt::format("{:>14}  {:<64}  {}\n", diff::GroupDigits(static_cast<int64_t>(entry.size)),
                           entry.sha256.empty() ? "-" : Printable(entry.sha256), Printable(entry.name));
    }
    first_ = false;
    if (!json_ && text_.size() > 100'000) Flush();
  }

  void Flush() {
    WriteOut(text_);
    text_.clear();
  }
  const std::string& text() const { return text_; }

 private:
  const bool json_;
  bool first_ = true;
  std::string text_;
};

std::string JsonHead(const std::string& file, const seqfile::Header& header) {
  std::string metadata;
  for (const auto& [name, text] : header.metadata) {
    if (name == seqfile::Manifest::kSha256Name) continue;  // stands beside the files
    metadata += fmt::format("{}{}:{}", metadata.empty() ? "" : ",", base::JsonString(base::ReplaceInvalidUtf8(name)),
                            base::JsonString(base::ReplaceInvalidUtf8(text)));
  }
  return fmt::format(
      R"({{"version":1,"file":{},"key_class":"{}","value_class":"{}","compression":"{}","codec":"{}","metadata":{{{}}},"files":[)",
      base::JsonString(base::ReplaceInvalidUtf8(file)), ClassOf(header.key), ClassOf(header.value),
      NameOf(header.compression), header.codec == nullptr ? "none" : NameOf(*header.codec), metadata);
}

std::string JsonTail(const seqfile::ScanResult& result) {
  std::string damages;
  for (const std::string& damage : result.damages) {
    damages += (damages.empty() ? "" : ",") + base::JsonString(base::ReplaceInvalidUtf8(damage));
  }
  return fmt::format(R"(],"count":{},"bytes":{},"damages":[{}]}})", result.files, result.bytes, damages) + "\n";
}

}  // namespace

int RunLs(const Arguments& arguments) {
  LsFlags flags;
  CLI::App app("Lists the files in a SequenceFile: size, SHA-256 as of the packing, and name.");
  app.add_option("FILE", flags.file, "A SequenceFile whose keys are names: of tinderbox pack, Spark or Hadoop")
      ->required();
  app.add_flag("--verify", flags.verify, "Read all contents and compare their checksums")->group("Inputs");
  app.add_flag("--recover", flags.recover, "Go on behind what is damaged")->group("Inputs");
  app.add_flag("--json", flags.json, "As JSON")->group("Other");
  app.footer(
      "A file of another program has no checksums; with --verify it is read through and they are computed.\n\n"
      "For example:\n"
      "  tinderbox ls photos.seq\n"
      "  tinderbox ls photos.seq --verify --json\n\n"
      "Exit codes: 0 whole, 1 damaged and listed as far as possible (--recover), 2 damaged or not possible\n");
  if (!ParseFlags(&app, "ls", arguments)) return kSame;
  const std::string path = RegularFile(flags.file).string();
  seqfile::Reader reader(std::make_shared<const base::InputFile>(path));
  const seqfile::Header& header = reader.header();
  ListSink sink(flags.json);
  const seqfile::ScanResult result = seqfile::Scan(&reader, path, {flags.verify, flags.recover}, &sink);
  if (flags.json) {
    WriteOut(JsonHead(flags.file, header) + sink.text() + JsonTail(result));
    return result.damages.empty() ? kSame : kDifferent;
  }
  sink.Flush();
  const int code = TellDamages(result);
  std::string verdict;
  if (flags.verify) {
    verdict = header.FindMetadata(seqfile::Manifest::kSha256Name) != nullptr
                  ? ", all as they were packed"
                  : ", all readable; there are no checksums to compare";
    if (code != kSame) verdict = ", the others are damaged";
  }
  WriteOut(fmt::format("{}, {} bytes; {}{}{}\n", Count(result.files, "file"),
                       diff::GroupDigits(static_cast<int64_t>(result.bytes)),
                       header.codec == nullptr ? "" : fmt::format("{} by ", NameOf(header.compression)),
                       header.codec == nullptr ? "not compressed" : NameOf(*header.codec), verdict));
  return code;
}

}  // namespace tinderbox::cli
