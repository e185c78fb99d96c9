#include "seqfile/pack.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/fail.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "cli/seqfile_flags.h"
#include "cli/verbs.h"
#include "diff/files.h"
#include "diff/report_cell.h"

namespace tinderbox::cli {
namespace {

struct PackFlags {
  std::vector<std::string> paths;  // the last is the output
  std::string codec, compression, base;
  bool force = false, follow = false, skip = false, no_checksums = false;
  OutputFlags output;
};

/// Compression without a codec is Hadoop's default one; a codec without compression compresses blocks.
void SetCompression(const PackFlags& flags, seqfile::PackOptions* options) {
  const bool no_codec = flags.codec == "none";
  const bool no_compression = flags.compression == "none";
  const bool asked = !flags.codec.empty() && !no_codec;
  if (asked && no_compression) {
    throw UsageError("pack", fmt::format("--codec {} and --compression none contradict each other.", flags.codec));
  }
  if (no_codec && !flags.compression.empty() && !no_compression) {
    throw UsageError("pack",
                     fmt::format("--codec none and --compression {} contradict each other.", flags.compression));
  }
  if (!asked && (flags.compression.empty() || no_compression)) return;
  options->codec = seqfile::FindCodec(asked ? flags.codec : "deflate");
  options->compression = flags.compression == "record" ? seqfile::Compression::kRecord : seqfile::Compression::kBlock;
}

nlohmann::ordered_json ToJson(const seqfile::PackOptions& options, const seqfile::PackResult& result) {
  nlohmann::ordered_json out = {{"version", 1},
                                {"output", options.find.output.string()},
                                {"codec", options.codec == nullptr ? "none" : NameOf(*options.codec)},
                                {"compression", NameOf(options.compression)},
                                {"files", result.files},
                                {"bytes", result.bytes},
                                {"packed_bytes", result.packed_bytes},
                                {"empty_folders", result.empty_folders}};
  out["left_out"] = nlohmann::ordered_json::array();
  for (const seqfile::LeftOut& one : result.left_out) out["left_out"].push_back({{"path", one.path}, {"why", one.why}});
  return out;
}

}  // namespace

int RunPack(const Arguments& arguments) {
  PackFlags flags;
  CLI::App app(
      "Packs many small files into one Hadoop SequenceFile, which Spark reads much faster: keys are the names, values "
      "the contents.");
  app.add_option("PATH", flags.paths, "Folders, files and globs, and last the file to write")->required();
  std::vector<std::string> codecs = seqfile::CodecNames();
  codecs.insert(codecs.begin(), "none");
  app.add_option("--codec", flags.codec,
                 fmt::format("{} (default none). Of zstd, Spark alone is no reader: Hadoop needs its native library",
                             fmt::join(codecs, ", ")))
      ->type_name("NAME")
      ->check(OneOf(codecs))
      ->group("Output");
  app.add_option("--compression", flags.compression,
                 "none, record (each file alone) or block (files together, smaller; the default with a codec)")
      ->type_name("KIND")
      ->check(OneOf({"none", "record", "block"}))
      ->group("Output");
  app.add_flag("--force", flags.force, "Replace the output if it exists")->group("Output");
  app.add_flag("--no-checksums", flags.no_checksums,
               "Do not keep a SHA-256 of every file, 64 bytes each at the begin of the output")
      ->group("Output");
  app.add_option("--base", flags.base, "Names are relative to this folder (default: to each folder given)")
      ->type_name("DIR")
      ->group("Inputs");
  app.add_flag("--follow", flags.follow, "Pack what symbolic links point to")->group("Inputs");
  app.add_flag("--skip", flags.skip,
               "Leave out what cannot be packed (links, pipes, unreadable files, names that are not UTF-8), and say so")
      ->group("Inputs");
  AddOutputFlags(&app, &flags.output);
  app.footer(
      "For example:\n"
      "  tinderbox pack photos photos.seq\n"
      "  tinderbox pack logs logs.seq --codec deflate\n"
      "  tinderbox pack 'logs/2024-*/*.json' 'old/*.json' --base . logs.seq --codec gzip --compression record\n\n"
      "Exit codes: 0 written, 2 not possible, 130 interrupted\n");
  if (!ParseFlags(&app, "pack", arguments)) return kSame;
  if (flags.paths.size() < 2) throw UsageError("pack", "Name what to pack, and last the file to write.");
  seqfile::PackOptions options;
  SetCompression(flags, &options);
  for (const std::string& path : flags.paths) options.find.inputs.push_back(diff::LocalPath(path));
  options.find.output = options.find.inputs.back();
  options.find.inputs.pop_back();
  if (!flags.base.empty()) options.find.base = diff::LocalPath(flags.base);
  options.find.follow = flags.follow;
  options.overwrite = flags.force;
  options.skip = flags.skip;
  options.checksums = !flags.no_checksums;
  FileProgress progress("packing", flags.output);
  const seqfile::PackResult result = seqfile::Pack(options, progress.Callback());
  progress.Finish();
  const std::filesystem::path& written = options.find.output;
  const std::filesystem::path crc = written.parent_path() / ("." + written.filename().string() + ".crc");
  if (std::error_code ignored; std::filesystem::exists(crc, ignored)) {
    PrintWarning(
        fmt::format("{} is a checksum that Hadoop left of another file; Hadoop reads the new one only when it "
                    "is removed.",
                    Printable(crc.string())));
  }
  if (flags.output.json) {
    WriteOut(ToJson(options, result).dump() + "\n");
    return kSame;
  }
  for (const seqfile::LeftOut& one : result.left_out) {
    PrintWarning(fmt::format("left out {}: {}", Printable(one.path), one.why));
  }
  if (flags.output.quiet) return kSame;
  if (result.empty_folders > 0) {
    WriteError(fmt::format("{} cannot be in a SequenceFile and {} not in it.\n",
                           Count(result.empty_folders, "empty folder"), result.empty_folders == 1 ? "is" : "are"));
  }
  WriteOut(fmt::format("Packed {} of {} bytes into {}, {} bytes\n", Count(result.files, "file"),
                       diff::GroupDigits(static_cast<int64_t>(result.bytes)), Printable(options.find.output.string()),
                       diff::GroupDigits(static_cast<int64_t>(result.packed_bytes))));
  return kSame;
}

}  // namespace tinderbox::cli
