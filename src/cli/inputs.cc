#include "cli/inputs.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "base/fail.h"
#include "base/staged_output.h"
#include "cli/words.h"
#include "diff/files.h"
#include "store/store.h"

namespace tinderbox::cli {
namespace {

namespace fs = std::filesystem;

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

std::string Lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string_view WithoutCompression(std::string_view name) {
  for (const std::string_view end : {".gz", ".zst", ".bz2"}) {
    if (EndsWith(name, end)) return name.substr(0, name.size() - end.size());
  }
  return name;
}

std::string FormatOfName(const std::string& file) {
  const std::string lowered = Lowered(file);
  const std::string_view name = WithoutCompression(lowered);
  for (const std::string_view end : {".csv", ".tsv", ".tab", ".psv"}) {
    if (EndsWith(name, end)) return "csv";
  }
  for (const std::string_view end : {".json", ".jsonl", ".ndjson"}) {
    if (EndsWith(name, end)) return "json";
  }
  for (const std::string_view end : {".parquet", ".pq"}) {
    if (EndsWith(name, end)) return "parquet";
  }
  return "";
}

std::string FirstFile(const fs::path& folder) {
  std::error_code error;
  std::vector<std::string> files;
  for (fs::recursive_directory_iterator it(folder, fs::directory_options::skip_permission_denied, error), end;
       it != end && !error; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.empty() || name[0] == '_' || name[0] == '.') {
      if (it->is_directory(error)) it.disable_recursion_pending();
      continue;
    }
    if (it->is_regular_file(error)) files.push_back(it->path().string());
    if (files.size() > 64) break;
  }
  return files.empty() ? "" : *std::min_element(files.begin(), files.end());
}

std::vector<std::string> Matches(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), GLOB_BRACE, nullptr, &found) == 0)
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  return paths;
}

template <typename T>
const std::optional<T>& Pick(const std::optional<T>& own, const std::optional<T>& shared) {
  return own ? own : shared;
}

bool HasCsvFlags(const InputFlags& flags) {
  return flags.separator || flags.quote || flags.escape || flags.null_string || flags.comment || flags.no_header ||
         flags.header;
}

void AddText(CLI::App* app, const std::string& name, std::optional<std::string>* value, const std::string& type,
             const std::string& description, const std::string& group) {
  app->add_option_function<std::string>(
         name, [value](const std::string& text) { *value = text; }, description)
      ->type_name(type)
      ->group(group);
}

/// Only what was asked for: the defaults (header, RFC 4180 quoting, line ends inside quotes) are the library's.
void SetCsvOptions(const InputFlags& shared, const InputFlags& own, DiffInput* input) {
  auto& options = input->options;
  const auto set = [&](const char* key, const std::optional<std::string>& value, const char* option) {
    if (value) options[key] = Unescape(option, *value);
  };
  set("sep", Pick(own.separator, shared.separator), "--separator");
  if (const auto& quote = Pick(own.quote, shared.quote)) {
    options["quote"] = *quote == "none" ? "" : Unescape("--quote", *quote);
    if (!options["quote"].empty()) options["escape"] = options["quote"];
  }
  set("escape", Pick(own.escape, shared.escape), "--escape");
  set("comment", Pick(own.comment, shared.comment), "--comment");
  if (const auto& text = Pick(own.null_string, shared.null_string)) options["nullValue"] = *text;
  if (own.no_header || (shared.no_header && !own.header)) {
    options["header"] = "false";
  } else if (own.header || shared.header) {
    options["header"] = "true";
  }
}

}  // namespace

void AddInputFlags(CLI::App* app, const std::string& prefix, InputFlags* flags) {
  const std::string group = prefix.empty() ? "Inputs" : "";
  const auto name = [&](const char* option) { return "--" + prefix + option; };
  app->add_option(name("format"), flags->format, "csv, json or parquet; default: by extension, else by content")
      ->type_name("FORMAT")
      ->check(OneOf({"csv", "json", "parquet"}))
      ->group(group);
  AddText(app, name("separator"), &flags->separator, "TEXT",
          "Between CSV fields, any length; \\t, \\x01 and words such as tab are understood; default: comma", group);
  app->add_flag(name("no-header"), flags->no_header, "The first CSV record is data; columns are _c0, _c1 …")
      ->group(group);
  app->add_flag(name("header"), flags->header, "The first CSV record has the names (the default)")->group(group);
  AddText(app, name("quote"), &flags->quote, "CHAR", "Quotes CSV fields; none: there are no quotes; default: \"",
          group);
  AddText(app, name("escape"), &flags->escape, "CHAR",
          "Escapes a quote inside quotes; \\ as Spark has it; default: doubling (RFC 4180)", group);
  AddText(app, name("null-string"), &flags->null_string, "TEXT",
          "The CSV text that means NULL; default: an empty field", group);
  AddText(app, name("encoding"), &flags->encoding, "NAME", "Of CSV and JSON text; default: UTF-8", group);
  AddText(app, name("comment"), &flags->comment, "CHAR", "CSV lines that begin with it are skipped; default: none",
          group);
  app->add_option(name("schema"), flags->schema,
                  "Types of the columns: a file with a Spark schema in JSON or DDL, or DDL itself ('id INT, name "
                  "STRING'); default: found from all of the data")
      ->type_name("SCHEMA")
      ->group(group);
  AddRepeated(app, name("option"), &flags->options,
              "A further option of Spark's reader, for instance dateFormat=dd/MM/yyyy; repeatable")
      ->type_name("KEY=VALUE")
      ->group(group);
  AddRepeated(app, name("map"), &flags->map,
              "Replace or add a column by a Spark SQL expression, before comparing; repeatable")
      ->type_name("COL=SQL")
      ->group(group);
  app->add_option(name("where"), flags->where,
                  "Compare only rows for which this Spark SQL condition holds (after --rename and --map)")
      ->type_name("SQL")
      ->group(group);
}

std::string GuessFormat(const std::string& path) {
  if (IsRemotePath(path)) return FormatOfName(path);
  const std::string local = diff::LocalPath(path).string();
  std::error_code error;
  if (fs::is_directory(local, error)) return FormatOfName(FirstFile(local));
  if (const std::string format = FormatOfName(local); !format.empty() || fs::exists(local, error)) return format;
  const std::vector<std::string> matches = Matches(local);
  if (matches.empty()) return "";
  return fs::is_directory(matches[0], error) ? FormatOfName(FirstFile(matches[0])) : FormatOfName(matches[0]);
}

void CheckExists(const std::string& name, const std::string& path) {
  if (path.empty()) base::Fail("TINDERBOX_USAGE", "{} is an empty path.", name);
  const std::string local = diff::LocalPath(path).string();
  std::error_code error;
  if (fs::exists(local, error) || !Matches(local).empty()) return;
  if (local.find_first_of("*?[{") != std::string::npos) {
    base::Fail("PATH_NOT_FOUND",
               "{}: no file matches \"{}\". Quote the pattern so that the shell leaves it alone, and check the folder.",
               name, path);
  }
  const fs::path wanted(local);
  fs::path folder = wanted.parent_path().empty() ? fs::path(".") : wanted.parent_path();
  if (!fs::exists(folder, error)) {
    while (!folder.parent_path().empty() && folder.parent_path() != folder && !fs::exists(folder.parent_path(), error))
      folder = folder.parent_path();
    base::Fail("PATH_NOT_FOUND", "{} \"{}\" does not exist: there is no folder \"{}\".", name, path, folder.string());
  }
  std::vector<std::string> there;
  for (fs::directory_iterator it(folder, error), end; it != end && !error && there.size() < 10000;
       it.increment(error)) {
    there.push_back((wanted.parent_path() / it->path().filename()).string());
  }
  std::sort(there.begin(), there.end());
  const std::string hint = DidYouMean(local, there);
  base::Fail("PATH_NOT_FOUND", "{} \"{}\" does not exist.{}", name, path,
             hint.empty() ? fmt::format(" The folder \"{}\" has nothing of a similar name.", folder.string()) : hint);
}

StructType ReadSchema(const std::string& text) {
  std::error_code error;
  const std::string path = text.rfind("file:", 0) == 0 ? diff::LocalPath(text).string() : text;
  std::string schema = text;
  if (fs::is_regular_file(path, error)) {
    schema = ReadFile(path);
  } else if (text.find(' ') == std::string::npos && text.find('{') == std::string::npos) {
    CheckExists("The schema", text);
    base::Fail("PATH_NOT_FOUND", "The schema \"{}\" is a folder. Name the file with the schema.", text);
  }
  const size_t first = schema.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && schema[first] == '{') return StructType::FromJson(schema);
  const size_t last = schema.find_last_not_of(" \t\r\n");
  return StructType::FromDdl(first == std::string::npos ? std::string_view()
                                                        : std::string_view(schema).substr(first, last - first + 1));
}

std::string FormatOf(const std::string& path, const InputFlags& shared, const InputFlags& own) {
  if (!own.format.empty()) return own.format;
  if (!shared.format.empty()) return shared.format;
  const std::string guess = GuessFormat(path);
  return guess.empty() && (HasCsvFlags(own) || HasCsvFlags(shared)) ? "csv" : guess;
}

bool IsRemotePath(const std::string& path) {
  return path.find("://") != std::string::npos && !path.starts_with("file:");
}

DiffInput MakeInput(const std::string& name, const std::string& path, const InputFlags& shared, const InputFlags& own,
                    bool remote) {
  if (path.starts_with("jdbc:") && path.find("password=") != std::string::npos) {
    base::Fail("TINDERBOX_USAGE",
               "{}: a password on the command line can be seen by every user of this machine. Leave it out of the "
               "address and put it into the variable PGPASSWORD or the file ~/.pgpass.",
               name);
  }
  if (!IsRemotePath(path)) {
    if (!remote) CheckExists(name, path);
  } else if (!remote && !path.starts_with("jdbc:") && !store::ParseLocation(path)) {
    diff::LocalPath(path);  // says that there is no such thing here
  }
  DiffInput input;
  input.paths = {remote && !IsRemotePath(path) ? fs::absolute(diff::LocalPath(path)).string() : path};
  input.format = own.format.empty() ? shared.format : own.format;
  const std::string format = FormatOf(path, shared, own);
  if (input.format.empty() && GuessFormat(path).empty()) input.format = format;
  if (HasCsvFlags(own) && format != "csv") {
    base::Fail("TINDERBOX_USAGE",
               "{} \"{}\" is {}, but an option for CSV was given for it. Leave the option out, or say --format csv.",
               name, path, format);
  }
  if (format == "csv") SetCsvOptions(shared, own, &input);
  if (const auto& encoding = Pick(own.encoding, shared.encoding)) {
    if (format == "parquet") {
      if (own.encoding)
        base::Fail("TINDERBOX_USAGE", "{} \"{}\" is Parquet, which has no text encoding. Leave the option out.", name,
                   path);
    } else {
      input.options["encoding"] = *encoding;
    }
  }
  for (const InputFlags* flags : {&shared, &own}) {
    for (const std::string& option : flags->options) {
      const size_t at = option.find('=');
      if (at == std::string::npos || at == 0)
        base::Fail("TINDERBOX_USAGE", "--option \"{}\" is not of the form key=value.", option);
      input.options[option.substr(0, at)] = option.substr(at + 1);
    }
    for (const std::string& map : flags->map) input.map.push_back(SplitAssignment("--map", map));
  }
  const std::string& schema = own.schema.empty() ? shared.schema : own.schema;
  if (!schema.empty()) input.schema = ReadSchema(schema);
  input.where = own.where;
  if (!shared.where.empty())
    input.where = own.where.empty() ? shared.where : fmt::format("({}) AND ({})", shared.where, own.where);
  return input;
}

void AddResourceFlags(CLI::App* app, ResourceFlags* flags) {
  app->add_option("--memory", flags->memory,
                  "Most memory for data, for instance 500MB or 4GiB; beyond it data go to --temp; default: 60 % of the "
                  "machine's")
      ->type_name("SIZE")
      ->group("Resources");
  app->add_option("--threads", flags->threads, "Threads that work; default: all cores")
      ->type_name("N")
      ->check(Between(1, 4096))
      ->group("Resources");
  app->add_option("--temp", flags->temp,
                  "Folder for what does not fit into memory; default: the system's temporary folder")
      ->type_name("DIR")
      ->group("Resources");
}

EmbeddedOptions ToEmbedded(const ResourceFlags& flags) {
  EmbeddedOptions options;
  if (!flags.memory.empty()) options.memory_bytes = ParseBytes("--memory", flags.memory);
  options.threads = flags.threads;
  if (!flags.temp.empty()) {
    std::error_code error;
    if (!fs::is_directory(flags.temp, error))
      base::Fail("TINDERBOX_USAGE", "--temp \"{}\" is not a folder. Make it first, or name another.", flags.temp);
    options.temp_directory = flags.temp;
  }
  return options;
}

Session OpenSession(const ResourceFlags& flags) {
  return Session::Embedded(ToEmbedded(flags));
}

std::string ReadFile(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) base::FailErrno("PATH_NOT_FOUND", errno, fmt::format("Cannot read \"{}\"", path));
  std::string content;
  char buffer[65536];
  size_t got = 0;
  while ((got = std::fread(buffer, 1, sizeof buffer, file)) > 0) content.append(buffer, got);
  const int error = std::ferror(file) != 0 ? errno : 0;
  std::fclose(file);
  if (error != 0) base::FailErrno("PATH_NOT_FOUND", error, fmt::format("Cannot read \"{}\"", path));
  return content;
}

void WriteFile(const std::string& path, std::string_view content, bool overwrite) {
  base::StagedOutput output(path, base::StagedOutput::Kind::kFile, overwrite);
  std::FILE* file = std::fopen(output.path().c_str(), "wbx");
  if (file == nullptr) base::FailErrno("TINDERBOX_WRITE_FAILED", errno, fmt::format("Cannot write \"{}\"", path));
  const bool written = std::fwrite(content.data(), 1, content.size(), file) == content.size() && std::fflush(file) == 0;
  const int error = errno;
  if (std::fclose(file) != 0 || !written)
    base::FailErrno("TINDERBOX_WRITE_FAILED", error, fmt::format("Cannot write \"{}\"", path));
  output.Commit();
}

}  // namespace tinderbox::cli
