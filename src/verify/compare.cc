#include "verify/compare.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <set>

#include "base/ascii.h"
#include "base/fail.h"
#include "tinderbox/dataframe.h"
#include "tinderbox/read_write.h"

namespace tinderbox::verify {
namespace {

namespace fs = std::filesystem;

constexpr size_t kShownLines = 20;
constexpr size_t kSampleRows = 100;

/// The format of a data file by its name; empty when the name tells none.
std::string FormatOf(const fs::path& file) {
  static const std::map<std::string, std::string> kFormats = {
      {".parquet", "parquet"}, {".json", "json"}, {".csv", "csv"},  {".txt", "text"},
      {".orc", "orc"},         {".xml", "xml"},   {".avro", "avro"}};
  fs::path name = file.filename();
  for (const char* compression : {".gz", ".zst", ".bz2", ".deflate", ".lz4", ".snappy"}) {
    if (name.extension() == compression) name = name.stem();
  }
  const auto found = kFormats.find(base::LowerCase(name.extension().string()));
  return found == kFormats.end() ? "" : found->second;
}

/// Spark's readers pass over these names.
bool IsHidden(const fs::path& path) {
  const std::string name = path.filename();
  return name.starts_with('.') || (name.starts_with('_') && name.find('=') == std::string::npos);
}

/// What one name stands for on one side.
struct Found {
  bool data_set = false;
  std::vector<fs::path> files;  ///< sorted

  std::string Format() const { return files.empty() ? "" : FormatOf(files.front()); }
};

/// Spark writes a data set as a folder of part files, perhaps in folders of partitions.
bool IsDataSet(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name == "_SUCCESS" || (entry.is_regular_file() && name.starts_with("part-"))) return true;
    if (entry.is_directory() && name.find('=') != std::string::npos && IsDataSet(entry.path())) return true;
  }
  return false;
}

void Find(const fs::path& folder, const std::string& name, std::map<std::string, Found>* out) {
  if (!fs::exists(folder)) return;
  if (!name.empty() && IsDataSet(folder)) {
    Found& found = (*out)[name];
    found.data_set = true;
    for (auto it = fs::recursive_directory_iterator(folder); it != fs::recursive_directory_iterator(); ++it) {
      if (IsHidden(it->path())) {
        if (it->is_directory()) it.disable_recursion_pending();
      } else if (it->is_regular_file()) {
        found.files.push_back(it->path());
      }
    }
    std::ranges::sort(found.files);
    return;
  }
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string below = (name.empty() ? "" : name + "/") + entry.path().filename().string();
    if (entry.is_directory()) {
      Find(entry.path(), below, out);
    } else if (!IsHidden(entry.path())) {
      (*out)[below].files = {entry.path()};
    }
  }
}

std::map<std::string, Found> FindAll(const Run& run, const Allowed& allowed) {
  std::map<std::string, Found> out;
  Find(run.folder, "", &out);
  std::erase_if(out, [&](const auto& item) {
    return std::ranges::any_of(allowed.paths, [&](const std::string& pattern) {
      return ::fnmatch(pattern.c_str(), item.first.c_str(), 0) == 0;
    });
  });
  return out;
}

bool SameBytes(const fs::path& a, const fs::path& b) {
  if (fs::file_size(a) != fs::file_size(b)) return false;
  std::ifstream left(a, std::ios::binary), right(b, std::ios::binary);
  std::array<char, 1 << 16> x{}, y{};
  while (left && right) {
    left.read(x.data(), x.size());
    right.read(y.data(), y.size());
    if (left.gcount() != right.gcount() || !std::equal(x.begin(), x.begin() + left.gcount(), y.begin())) return false;
  }
  if (left.bad() || right.bad()) base::Fail("PATH_NOT_FOUND", "{} or {} cannot be read.", a.string(), b.string());
  return true;
}

DataFrame Lines(const Session& session, const Found& found) {
  std::vector<std::string> paths;
  for (const fs::path& file : found.files) paths.push_back(file);
  return session.Read().Text(paths);
}

std::string FirstLine(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string line;
  std::getline(in, line);
  return line;
}

/// The header that every one of several CSV files begins with. One file alone does not tell whether it has one, and it
/// does not matter either: its first line is compared like the others.
std::optional<std::string> CommonHeader(const Found& found) {
  if (found.Format() != "csv" || found.files.size() < 2) return std::nullopt;
  const std::string first = FirstLine(found.files[0]);
  for (const fs::path& file : found.files) {
    if (file.extension() != ".csv" || FirstLine(file) != first) return std::nullopt;
  }
  return first;
}

void CompareLines(const Session& session, const Found& left, const Found& right, Item* item) {
  item->kind = ItemKind::kLines;
  DataFrame a = Lines(session, left);
  DataFrame b = Lines(session, right);
  auto header = CommonHeader(left);
  if (!header) header = CommonHeader(right);
  if (header) {
    a = a.Filter(functions::Col("value") != functions::Lit(*header));
    b = b.Filter(functions::Col("value") != functions::Lit(*header));
  }
  item->left_rows = a.Count();
  item->right_rows = b.Count();
  const int64_t only_left = a.ExceptAll(b).Count();
  const int64_t only_right = b.ExceptAll(a).Count();
  if (only_left + only_right > 0)
    item->difference = fmt::format("{} lines on the left only, {} on the right only", only_left, only_right);
}

DiffInput Input(const Found& found) {
  DiffInput input;
  for (const fs::path& file : found.files) input.paths.push_back(file);
  input.format = found.Format();
  return input;
}

std::string InWords(const DiffSummary& summary) {
  std::vector<std::string> parts;
  if (summary.schema_differs()) parts.emplace_back("the schemas differ");
  if (summary.changed > 0) parts.push_back(fmt::format("{} rows changed", summary.changed));
  if (summary.left.only > 0) parts.push_back(fmt::format("{} rows on the left only", summary.left.only));
  if (summary.right.only > 0) parts.push_back(fmt::format("{} rows on the right only", summary.right.only));
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// Names of columns in lower case.
using Columns = std::set<std::string>;

Columns ColumnsOf(const Session& session, const DiffInput& input) {
  Columns out;
  for (const std::string& name : session.Read().Format(input.format).Load(input.paths).Columns())
    out.insert(base::LowerCase(name));
  return out;
}

/// The columns that the options name, "*" apart.
std::vector<std::string> ColumnsNamed(const DiffOptions& options) {
  std::vector<std::string> out = options.key;
  out.insert(out.end(), options.ignore.begin(), options.ignore.end());
  out.insert(out.end(), options.unordered.begin(), options.unordered.end());
  for (const auto& [name, tolerance] : options.tolerance) out.push_back(name);
  std::erase(out, "*");
  return out;
}

/// `seen` takes the names of all columns.
void CompareRows(const Session& session, const Found& left, const Found& right, const DiffOptions& wanted,
                 Columns* seen, Item* item) {
  item->kind = ItemKind::kRows;
  DiffOptions options = wanted;
  const DiffInput a = Input(left), b = Input(right);
  const Columns ours = ColumnsOf(session, a);
  Columns all = ColumnsOf(session, b);
  all.insert(ours.begin(), ours.end());
  seen->insert(all.begin(), all.end());
  const auto missing = [](const Columns& columns) {
    return [&columns](const std::string& name) { return name != "*" && !columns.contains(base::LowerCase(name)); };
  };
  if (std::ranges::any_of(options.key, missing(ours))) options.key.clear();
  std::erase_if(options.ignore, missing(all));
  std::erase_if(options.unordered, missing(all));
  std::erase_if(options.tolerance, [&](const auto& column) { return missing(all)(column.first); });
  if (options.key.empty()) options.tolerance.clear();
  const DiffResult result = Diff(session, a, b, options);
  item->summary = result.summary();
  item->left_rows = item->summary->left.rows;
  item->right_rows = item->summary->right.rows;
  if (item->summary->same()) return;
  item->difference = InWords(*item->summary);
  item->sample = result.Rows(kSampleRows);
}

void CompareData(const Session& session, const Found& left, const Found& right, const DiffOptions& options,
                 Columns* seen, Item* item) {
  item->kind = ItemKind::kRows;
  if (left.files.empty() && right.files.empty()) return;
  if (left.files.empty() || right.files.empty()) {
    item->difference = fmt::format("the {} side wrote no file of it", left.files.empty() ? "left" : "right");
    return;
  }
  const std::string format = left.Format();
  if (format != right.Format()) {
    item->difference = fmt::format("the formats differ: {} and {}", format, right.Format());
    return;
  }
  if (format == "csv" || format == "text") {
    CompareLines(session, left, right, item);
  } else if (format == "parquet" || format == "json") {
    CompareRows(session, left, right, options, seen, item);
  } else {
    item->difference = fmt::format("data sets of the format {} cannot be compared", format.empty() ? "?" : format);
  }
}

std::vector<std::string> PrintedLines(const std::string& text, const Allowed& allowed) {
  std::vector<std::string> out;
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    const bool counts = std::ranges::none_of(
        allowed.lines, [&](const std::regex& pattern) { return std::regex_search(line, pattern); });
    if (counts) out.push_back(std::move(line));
    at = end + 1;
  }
  if (allowed.line_order) std::ranges::sort(out);
  return out;
}

std::optional<PrintedDifference> ComparePrinted(const std::vector<std::string>& left,
                                                const std::vector<std::string>& right) {
  if (left == right) return std::nullopt;
  const auto [a, b] = std::ranges::mismatch(left, right);
  PrintedDifference out;
  out.line = static_cast<size_t>(a - left.begin()) + 1;
  auto left_end = left.end();
  auto right_end = right.end();
  while (left_end > a && right_end > b && *(left_end - 1) == *(right_end - 1)) {
    --left_end;
    --right_end;
  }
  const auto first = [](auto from, auto to) {
    return std::vector<std::string>(from, std::min(to, from + std::min<std::ptrdiff_t>(kShownLines, to - from)));
  };
  out.left = first(a, left_end);
  out.right = first(b, right_end);
  return out;
}

}  // namespace

bool Comparison::same(const Run& left, const Run& right) const {
  return left.exit_code == right.exit_code && !printed && std::ranges::all_of(items, &Item::same);
}

Comparison Compare(const Session& session, const Run& left, const Run& right, const Allowed& allowed,
                   const std::function<void(const std::string& name)>& progress) {
  Comparison out;
  const auto ours = FindAll(left, allowed), theirs = FindAll(right, allowed);
  std::set<std::string> names;
  Columns seen;
  for (const auto& [name, found] : ours) names.insert(name);
  for (const auto& [name, found] : theirs) names.insert(name);
  for (const std::string& name : names) {
    if (progress) progress(name);
    Item item;
    item.name = name;
    const auto a = ours.find(name), b = theirs.find(name);
    if (a == ours.end() || b == theirs.end()) {
      const bool data_set = (a == ours.end() ? b : a)->second.data_set;
      item.kind = data_set ? ItemKind::kRows : ItemKind::kFile;
      item.difference = fmt::format("only {} wrote it", a == ours.end() ? right.engine : left.engine);
    } else if (a->second.data_set != b->second.data_set) {
      item.difference = "a data set on one side, a file on the other";
    } else if (a->second.data_set) {
      CompareData(session, a->second, b->second, allowed.rows, &seen, &item);
    } else if (!SameBytes(a->second.files[0], b->second.files[0])) {
      item.difference = "the bytes differ";
    }
    out.items.push_back(std::move(item));
  }
  const std::vector<std::string> x = PrintedLines(left.printed, allowed), y = PrintedLines(right.printed, allowed);
  out.printed = ComparePrinted(x, y);
  out.printed_lines = std::max(x.size(), y.size());
  for (const std::string& name : ColumnsNamed(allowed.rows)) {
    if (!seen.contains(base::LowerCase(name)))
      out.warnings.push_back(fmt::format("No output whose rows were compared has a column \"{}\".", name));
  }
  if (out.items.empty() && out.printed_lines == 0)
    out.warnings.emplace_back("Neither run wrote or printed anything that was compared, so this proves nothing.");
  if (left.exit_code != 0 && left.exit_code == right.exit_code)
    out.warnings.push_back(fmt::format("Both runs failed alike, with exit code {}.", left.exit_code));
  return out;
}

}  // namespace tinderbox::verify
