#include "engine/files/json_records.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "base/fail.h"

namespace tinderbox::engine {
namespace {

constexpr size_t kMaxRecordBytes = size_t{1} << 30;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool IsSpace(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

uint64_t CountLines(std::string_view text) {
  return static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

void TrimEnd(std::string_view text, JsonRecord* record) {
  while (record->end > record->begin && IsSpace(text[record->end - 1])) --record->end;
}

}  // namespace

/// Where the element that starts at `at` ends: behind its closing bracket or before the white space after it, or, in an
/// array, at the comma or bracket that follows it. npos when that is not within the text.
size_t DocumentCutter::ElementEnd(std::string_view text, size_t at) const {
  int64_t depth = 0;
  char quote = '\0';
  const size_t start = at;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quote != '\0') {
      if (c == '\\') {
        ++at;
      } else if (c == quote) {
        quote = '\0';
      }
      continue;
    }
    switch (c) {
      case '"':
        quote = c;
        break;
      case '\'':
        if (dialect_.single_quotes) quote = c;
        break;
      case '{':
      case '[':
        ++depth;
        break;
      case ']':
        if (in_array_ && depth == 0) return at;
        [[fallthrough]];
      case '}':
        if (--depth <= 0 && !in_array_) return at + 1;
        if (depth < 0) depth = 0;
        break;
      case ',':
        if (in_array_ && depth == 0) return at;
        break;
      case ' ':
      case '\n':
      case '\r':
      case '\t':
        if (!in_array_ && depth == 0 && at > start) return at;
        break;
      default:
        break;
    }
  }
  return std::string_view::npos;
}

size_t DocumentCutter::Cut(std::string_view text, bool final, std::vector<JsonRecord>* records) {
  size_t at = 0;
  while (true) {
    for (; at < text.size() && IsSpace(text[at]); ++at) line_ += text[at] == '\n' ? 1 : 0;
    if (at == text.size()) {
      if (final && in_array_) records->push_back({at, at, line_, true});
      return at;
    }
    if (!in_array_ && text[at] == '[') {
      in_array_ = true;
      after_comma_ = false;
      ++at;
      continue;
    }
    if (in_array_ && text[at] == ']') {
      if (after_comma_) records->push_back({at, at, line_, true});
      in_array_ = false;
      ++at;
      continue;
    }
    size_t end = ElementEnd(text, at);
    if (end == std::string_view::npos) {
      if (!final) return at;
      end = text.size();
    }
    JsonRecord record{at, end, line_, end == at};
    TrimEnd(text, &record);
    line_ += CountLines(text.substr(at, end - at));
    records->push_back(record);
    at = end;
    if (in_array_) {
      after_comma_ = at < text.size() && text[at] == ',';
      if (after_comma_) ++at;
    }
  }
}

/// One open file; threads take blocks from it in turn.
struct JsonBlockReader::Reading {
  Reading(const std::string& path, size_t number, const JsonOptions& options)
      : file(number),
        plain(csv::IsPlain(path, options.encoding)),
        stream(csv::OpenText(path, options.encoding)),
        cutter(options.dialect),
        dialect(options.dialect),
        document(options.multi_line) {}

  /// Appends up to `size` bytes; fewer only at the end.
  void Fill(std::string* text, size_t size) {
    const size_t before = text->size();
    text->resize(before + size);
    size_t filled = before;
    while (filled < text->size()) {
      const size_t n = stream->Read(text->data() + filled, text->size() - filled);
      if (n == 0) {
        at_end = true;
        break;
      }
      filled += n;
    }
    text->resize(filled);
    bytes_read += filled - before;
  }

  bool Next(const std::string& path, size_t block_bytes, JsonBlock* block) {
    block->file = file;
    block->records.clear();
    while (block->records.empty()) {
      if (at_end && rest.empty() && !(document && !closed)) return false;
      block->text.clear();
      block->text.swap(rest);
      for (size_t wanted = block_bytes;; wanted *= 2) {
        if (!at_end) Fill(&block->text, wanted);
        if (first) Start(&block->text);
        const size_t done = document ? CutDocument(block) : CutLines(block);
        if (done > 0 || at_end) {
          rest.assign(block->text, done);
          break;
        }
        if (block->text.size() > kMaxRecordBytes) {
          base::Fail("FAILED_READ_FILE.NO_HINT", "The file {} has a record of more than 1 GiB at line {}.", path, line);
        }
      }
    }
    return true;
  }

  void Start(std::string* text) {
    first = false;
    if (text->starts_with(kByteOrderMark)) text->erase(0, kByteOrderMark.size());
    const auto begin = std::find_if_not(text->begin(), text->end(), IsSpace);
    if (begin != text->end() && *begin == '[') document = true;
  }

  size_t CutDocument(JsonBlock* block) {
    const size_t done = cutter.Cut(block->text, at_end, &block->records);
    closed = at_end;
    return done;
  }

  size_t CutLines(JsonBlock* block) {
    const std::string_view text = block->text;
    size_t at = 0;
    while (at < text.size()) {
      const void* found = std::memchr(text.data() + at, '\n', text.size() - at);
      if (found == nullptr && !at_end) return at;
      const size_t end =
          found == nullptr ? text.size() : static_cast<size_t>(static_cast<const char*>(found) - text.data());
      JsonRecord record{at, end, line, false};
      while (record.begin < record.end && IsSpace(text[record.begin])) ++record.begin;
      TrimEnd(text, &record);
      if (record.begin < record.end && text[record.begin] == '[') {
        AppendElements(text, record, &block->records);
      } else if (record.begin < record.end) {
        block->records.push_back(record);
      }
      ++line;
      at = end + 1;
    }
    return text.size();
  }

  /// A line that is an array holds one record for each element.
  void AppendElements(std::string_view text, const JsonRecord& whole, std::vector<JsonRecord>* records) const {
    DocumentCutter elements(dialect, whole.line);
    const size_t before = records->size();
    elements.Cut(text.substr(whole.begin, whole.end - whole.begin), true, records);
    for (size_t i = before; i < records->size(); ++i) {
      (*records)[i].begin += whole.begin;
      (*records)[i].end += whole.begin;
    }
  }

  const size_t file;
  const bool plain;
  std::mutex mutex;
  std::unique_ptr<csv::ByteStream> stream;
  DocumentCutter cutter;
  JsonDialect dialect;
  bool document;
  bool first = true;
  bool at_end = false;
  bool closed = false;  // the cutter has seen the end
  uint64_t line = 1;
  uint64_t bytes_read = 0;
  std::string rest;
};

JsonBlockReader::JsonBlockReader(std::vector<std::string> files, const JsonOptions& options, size_t block_bytes)
    : files_(std::move(files)), options_(options), block_bytes_(block_bytes) {
  for (const std::string& file : files_) {
    std::error_code ignored;
    const auto size = std::filesystem::file_size(file, ignored);
    if (!ignored) total_bytes_ += size;
  }
}

JsonBlockReader::~JsonBlockReader() = default;

std::shared_ptr<JsonBlockReader::Reading> JsonBlockReader::FindWork() {
  // Plain files are parsed slower than read, so several threads share one; of the others each thread has its own to
  // decompress, as long as there are enough.
  for (const auto& reading : open_) {
    if (reading->plain) return reading;
  }
  if (next_file_ < files_.size()) {
    const size_t file = next_file_++;
    open_.push_back(std::make_shared<Reading>(files_[file], file, options_));
    return open_.back();
  }
  if (open_.empty()) return nullptr;
  return open_[next_shared_++ % open_.size()];
}

bool JsonBlockReader::Next(std::shared_ptr<Reading>* home, JsonBlock* block) {
  while (true) {
    if (*home == nullptr) {
      const std::lock_guard lock(mutex_);
      *home = FindWork();
      if (*home == nullptr) return false;
    }
    {
      const std::lock_guard lock((*home)->mutex);
      const uint64_t before = (*home)->bytes_read;
      const bool found = (*home)->Next(files_[(*home)->file], block_bytes_, block);
      if ((*home)->plain) done_bytes_ += (*home)->bytes_read - before;
      if (found) return true;
    }
    const std::lock_guard lock(mutex_);
    if (std::erase(open_, *home) > 0 && !(*home)->plain) {
      std::error_code ignored;
      const auto size = std::filesystem::file_size(files_[(*home)->file], ignored);
      if (!ignored) done_bytes_ += size;
    }
    home->reset();
  }
}

double JsonBlockReader::Fraction() const {
  return total_bytes_ == 0 ? 1.0 : std::min(1.0, static_cast<double>(done_bytes_) / static_cast<double>(total_bytes_));
}

size_t JsonBlockReader::MaxBlocks() const {
  return files_.size() + static_cast<size_t>(total_bytes_ / block_bytes_) * 4;
}

}  // namespace tinderbox::engine
