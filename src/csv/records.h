#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "csv/options.h"
#include "csv/scan.h"

namespace tinderbox::csv {

/// A growable array whose elements are not initialised and whose memory is kept for the next use.
template <typename T>
class Buffer {
 public:
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  size_t capacity() const { return capacity_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }
  /// Room for `n` elements; the first `keep` survive.
  void Reserve(size_t n, size_t keep) {
    if (n <= capacity_) return;
    const size_t capacity = n + n / 4 + 64;
    std::unique_ptr<T[]> grown(new T[capacity]);
    if (keep > 0) std::memcpy(static_cast<void*>(grown.get()), data_.get(), keep * sizeof(T));
    data_ = std::move(grown);
    capacity_ = capacity;
  }

 private:
  std::unique_ptr<T[]> data_;
  size_t capacity_ = 0;
};

/// Where one field stands in the bytes. Not trimmed. The quotes of a quoted field are outside, unless it is complex:
/// then the field begins with its opening quote and DecodeQuoted gives the value.
struct Field {
  static constexpr uint32_t kQuoted = 1u << 31;
  static constexpr uint32_t kComplex = 1u << 30;
  static constexpr uint32_t kEnd = kComplex - 1;

  uint32_t begin;
  uint32_t end_and_flags;
  uint32_t end() const { return end_and_flags & kEnd; }
  bool quoted() const { return (end_and_flags & kQuoted) != 0; }
  bool complex() const { return (end_and_flags & kComplex) != 0; }
};

struct Record {
  static constexpr uint32_t kIrregularQuotes = 1;  ///< text after a closing quote
  static constexpr uint32_t kUnclosedQuote = 2;

  uint32_t begin;
  uint32_t end;  ///< without the line end
  uint32_t first_field;
  uint32_t field_count;
  uint32_t line;  ///< physical lines before it, from where the walk began
  uint32_t flags;
};

/// The bytes one call works on. Positions are 30 bits.
inline constexpr uint32_t kMaxBytes = Field::kEnd;

/// Finds the records and fields in a run of bytes. Keeps its memory between runs; used by one thread.
class RecordWalker {
 public:
  explicit RecordWalker(const Dialect& dialect, Simd simd = BestSimd());

  /// Forgets everything and makes the positions in data[0, size) known.
  void Index(const char* data, uint32_t size);
  /// The data has grown (and may have moved) to `size`: indexes what is new.
  void Extend(const char* data, uint32_t size);

  struct Stop {
    uint32_t next;   ///< begin of the first record that is not in the result
    bool complete;   ///< false: the record at `next` needs more bytes
    uint32_t lines;  ///< physical lines between the walk's begin and `next`
  };
  /// Appends the records that begin in [begin, stop). `at_end`: no bytes follow data[size). `max_records` ends the walk
  /// early.
  Stop Walk(uint32_t begin, uint32_t stop, bool at_end, uint32_t first_line = 0, size_t max_records = SIZE_MAX);
  void Clear() { record_count_ = field_count_ = 0; }

  /// Position behind the first line break at or after `from`, whatever quotes there are; UINT32_MAX when there is none.
  uint32_t AfterNewline(uint32_t from) const;

  const char* data() const { return data_; }
  size_t record_count() const { return record_count_; }
  const Record* records() const { return records_.data(); }
  const Field* fields() const { return fields_.data(); }

 private:
  bool IsSeparator(uint32_t at) const;
  /// Length of the line break at `at`, 0 when there is none.
  uint32_t NewlineLength(uint32_t at) const;
  /// Index of the first special byte at or after `at`.
  size_t FirstSpecial(uint32_t at) const;
  struct Quoted;
  bool WalkQuoted(uint32_t open, size_t* special, bool at_end, uint32_t* line, Quoted* out) const;

  const Dialect dialect_;
  const SpecialBytes specials_;
  const Simd simd_;
  const bool plain_separator_;
  const char first_separator_;
  const bool plain_newlines_;
  const char* data_ = nullptr;
  uint32_t size_ = 0;
  Buffer<uint32_t> positions_;  // of special bytes; one more: size_
  size_t position_count_ = 0;
  Buffer<Record> records_;
  size_t record_count_ = 0;
  Buffer<Field> fields_;
  size_t field_count_ = 0;
};

/// The value of a complex field, `raw` being its bytes from the opening quote on.
void DecodeQuoted(std::string_view raw, const Dialect& dialect, std::string* out);

/// Gives the text of fields after trimming, unquoting and Spark's rules for empty and null.
class FieldReader {
 public:
  explicit FieldReader(const CsvOptions& options);
  /// False: null. The text is valid until the next call (or as long as `data`).
  bool Text(const char* data, const Field& field, std::string_view* text) {
    if (field.end_and_flags < Field::kComplex) {
      const char* begin = data + field.begin;
      const char* end = data + field.end_and_flags;
      if (trim_leading_) {
        while (begin < end && IsSpace(*begin)) ++begin;
      }
      if (trim_trailing_) {
        while (begin < end && IsSpace(end[-1])) --end;
      }
      *text = {begin, static_cast<size_t>(end - begin)};
      return begin != end && (null_value_.empty() || *text != null_value_);
    }
    return QuotedText(data, field, text);
  }

 private:
  static bool IsSpace(char c) { return static_cast<unsigned char>(c) <= ' '; }
  bool QuotedText(const char* data, const Field& field, std::string_view* text);

  const Dialect dialect_;
  const bool trim_leading_;
  const bool trim_trailing_;
  const std::string null_value_;
  const std::string empty_value_;
  std::string scratch_;
};

}  // namespace tinderbox::csv
