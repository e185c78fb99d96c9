#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/console.h"
#include "cli/flags.h"
#include "cli/seqfile_flags.h"
#include "cli/verbs.h"
#include "diff/files.h"
#include "diff/report_cell.h"
#include "seqfile/pack.h"

namespace tinderbox::cli {

int RunUnpack(const Arguments& arguments) {
  std::string file, folder;
  seqfile::UnpackOptions options;
  OutputFlags output;
  CLI::App app(
      "Writes the files of a SequenceFile into a folder, all or none: they appear when all are read and their "
      "checksums are right.");
  app.add_option("FILE", file, "A SequenceFile whose keys are names: of tinderbox pack, Spark or Hadoop")->required();
  app.add_option("DIR", folder, "The folder, made when it is missing")->required();
  app.add_flag("--force", options.overwrite, "Replace files that exist")->group("Output");
  app.add_flag("--recover", options.recover, "Write what can be read of a damaged file, and say what is lost")
      ->group("Inputs");
  AddOutputFlags(&app, &output);
  app.footer(
      "For example:\n"
      "  tinderbox unpack photos.seq photos\n"
      "  tinderbox unpack damaged.seq rescued --recover\n\n"
      "Exit codes: 0 written, 1 written without what is damaged (--recover), 2 not possible, 130 interrupted\n");
  if (!ParseFlags(&app, "unpack", arguments)) return kSame;
  options.input = RegularFile(file);
  options.folder = diff::LocalPath(folder);
  FileProgress progress("unpacking", output);
  const seqfile::ScanResult result = seqfile::Unpack(options, progress.Callback());
  progress.Finish();
  if (output.json) {
    WriteOut(nlohmann::ordered_json{{"version", 1},
                                    {"folder", options.folder.string()},
                                    {"files", result.files},
                                    {"bytes", result.bytes},
                                    {"damages", result.damages}}
                 .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
             "\n");
    return result.damages.empty() ? kSame : kDifferent;
  }
  const int code = TellDamages(result);
  if (!output.quiet) {
    WriteOut(fmt::format("Unpacked {} of {} bytes into {}\n", Count(result.files, "file"),
                         diff::GroupDigits(static_cast<int64_t>(result.bytes)), Printable(options.folder.string())));
  }
  return code;
}

}  // namespace tinderbox::cli
