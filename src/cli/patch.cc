#include <fmt/format.h>

#include <filesystem>

#include "base/fail.h"
#include "base/interrupt.h"
#include "cli/console.h"
#include "cli/inputs.h"
#include "cli/reader_options.h"
#include "cli/verbs.h"
#include "diff/files.h"

namespace tinderbox::cli {

int RunPatch(const Arguments& arguments) {
  CLI::App app(
      "Makes the right table from the left one and a patch, which tinderbox diff --layout patch wrote. Refuses, and "
      "writes nothing, when "
      "LEFT is not the table that the patch was made from.");
  std::string left_path;
  std::string patch;
  std::string output;
  std::string format = "parquet";
  bool overwrite = false;
  bool quiet = false;
  InputFlags flags;
  ResourceFlags resources;
  std::vector<std::string> write_options;
  app.add_option("LEFT", left_path, "The left table of that comparison: a file, a folder, a glob or a file: URL")
      ->required();
  app.add_option("PATCH", patch, "The folder with the patch")->required();
  app.add_option("--output", output, "The folder to write")->type_name("DIR")->required()->group("Output");
  app.add_option("--output-format", format, "parquet (default), csv or json")
      ->type_name("FORMAT")
      ->check(OneOf({"parquet", "csv", "json"}))
      ->group("Output");
  AddRepeated(&app, "--output-option", &write_options,
              "An option of Spark's writer, for instance compression=gzip; repeatable")
      ->type_name("KEY=VALUE")
      ->group("Output");
  app.add_flag("--overwrite", overwrite, "Replace --output if it exists")->group("Output");
  app.add_flag("-q,--quiet", quiet, "Say nothing but errors")->group("Output");
  AddInputFlags(&app, "", &flags);
  AddResourceFlags(&app, &resources);
  app.footer(
      "The options under Inputs are about LEFT; give the same as for the comparison.\n\n"
      "Example:\n"
      "  tinderbox diff old.csv new.csv --key id --output changes --layout patch\n"
      "  tinderbox patch old.csv changes --output made-new --output-format csv\n\n"
      "Exit codes: 0 written, 2 not possible, 130 interrupted\n");
  if (!ParseFlags(&app, "patch", arguments)) return kSame;
  const DiffInput left = MakeInput("LEFT", left_path, flags, {});
  for (const std::string& option : flags.options) CheckReaderOption(option, {FormatOf(left_path, flags, {})});
  CheckExists("PATCH", patch);
  output = diff::LocalPath(output).string();
  std::error_code error;
  if (std::filesystem::exists(output, error) && !overwrite) {
    base::Fail("PATH_ALREADY_EXISTS", "--output \"{}\" exists already. Add --overwrite to replace it, or name another.",
               output);
  }
  std::map<std::string, std::string> options;
  for (const std::string& option : write_options) {
    const size_t at = option.find('=');
    if (at == std::string::npos || at == 0)
      base::Fail("TINDERBOX_USAGE", "--output-option \"{}\" is not of the form key=value.", option);
    options[option.substr(0, at)] = option.substr(at + 1);
  }
  const Session session = OpenSession(resources);
  const base::OnInterrupt stop([&session] { session.Interrupt(); });
  ApplyPatch(session, left, diff::LocalPath(patch).string(), output, format, overwrite, options);
  if (!quiet) WriteOut(fmt::format("Patched table written to {}\n", output));
  return kSame;
}

}  // namespace tinderbox::cli
