#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/flags.h"
#include "tinderbox/diff.h"
#include "tinderbox/session.h"

namespace tinderbox::cli {

/// What the command line says about how to read an input; empty where it says nothing.
struct InputFlags {
  std::string format, schema, where;
  std::optional<std::string> separator, quote, escape, null_string, encoding, comment;
  bool no_header = false;
  bool header = false;
  std::vector<std::string> options, map;
};

/// --format, --separator … for both sides, and --left-format, --right-format … for one.
struct TwoSides {
  InputFlags both, left, right;
};

/// Adds the options with the prefix ("", "left-" or "right-"). Those with a prefix are left out of the help.
void AddInputFlags(CLI::App* app, const std::string& prefix, InputFlags* flags);

/// The input as the library takes it. What `own` says wins over `shared`; conditions and maps of both apply.
/// `name` is LEFT or RIGHT for messages. Looks at the file system: throws Error PATH_NOT_FOUND with the nearest names.
/// `remote`: Spark reads it, which sees the path as it is; of a plain one it gets the absolute form.
DiffInput MakeInput(const std::string& name, const std::string& path, const InputFlags& shared, const InputFlags& own,
                    bool remote = false);
/// True for "hdfs://…", "s3a://…", "jdbc:…": what does not lie on this machine.
bool IsRemotePath(const std::string& path);

/// What its reader will be by the flags, else by GuessFormat.
std::string FormatOf(const std::string& path, const InputFlags& shared, const InputFlags& own);

/// csv, json, parquet by the extension of the path or of the first file in the folder; else empty.
std::string GuessFormat(const std::string& path);

/// Throws Error PATH_NOT_FOUND, with suggestions, when there is no such file, folder or match of the glob.
void CheckExists(const std::string& name, const std::string& path);

/// A StructType's JSON or DDL text, out of a file or given directly. Throws Error.
StructType ReadSchema(const std::string& text);

/// --memory, --threads, --temp.
struct ResourceFlags {
  std::string memory, temp;
  int threads = 0;
};
void AddResourceFlags(CLI::App* app, ResourceFlags* flags);
/// Throws Error for a size or folder that is none.
EmbeddedOptions ToEmbedded(const ResourceFlags& flags);
Session OpenSession(const ResourceFlags& flags);

/// Whole content of a file. Throws Error PATH_NOT_FOUND.
std::string ReadFile(const std::string& path);
/// Writes aside and renames. Throws Error, leaving what was there.
void WriteFile(const std::string& path, std::string_view content, bool overwrite);

}  // namespace tinderbox::cli
