#include "csv/records.h"

#include <algorithm>

namespace tinderbox::csv {

RecordWalker::RecordWalker(const Dialect& dialect, Simd simd)
    : dialect_(dialect),
      specials_(dialect),
      simd_(simd),
      plain_separator_(dialect.separator.size() == 1),
      first_separator_(dialect.separator[0]),
      plain_newlines_(dialect.line_separator.empty()) {}

void RecordWalker::Index(const char* data, uint32_t size) {
  Clear();
  size_ = 0;
  position_count_ = 0;
  Extend(data, size);
}

void RecordWalker::Extend(const char* data, uint32_t size) {
  data_ = data;
  // In pieces, so that the positions need memory for the special bytes there are, not for as many as there could be.
  constexpr uint32_t kPiece = 64 << 10;
  while (size_ < size) {
    const uint32_t piece = std::min(kPiece, size - size_);
    positions_.Reserve(position_count_ + piece + 65, position_count_);
    position_count_ += IndexSpecials(data + size_, piece, size_, specials_, simd_, positions_.data() + position_count_);
    size_ += piece;
  }
  positions_.Reserve(position_count_ + 1, position_count_);
  positions_[position_count_] = size;
}

inline bool RecordWalker::IsSeparator(uint32_t at) const {
  if (plain_separator_) return at < size_ && data_[at] == first_separator_;
  return size_ - at >= dialect_.separator.size() && at < size_ &&
         std::memcmp(data_ + at, dialect_.separator.data(), dialect_.separator.size()) == 0;
}

inline uint32_t RecordWalker::NewlineLength(uint32_t at) const {
  if (at >= size_) return 0;
  const char c = data_[at];
  if (plain_newlines_) {
    if (c == '\n') return 1;
    if (c != '\r') return 0;
    return at + 1 < size_ && data_[at + 1] == '\n' ? 2 : 1;
  }
  const std::string& separator = dialect_.line_separator;
  if (c != separator[0]) return 0;
  if (separator.size() == 1) return 1;
  return at + 1 < size_ && data_[at + 1] == separator[1] ? 2 : 0;
}

size_t RecordWalker::FirstSpecial(uint32_t at) const {
  return static_cast<size_t>(std::lower_bound(positions_.data(), positions_.data() + position_count_, at) -
                             positions_.data());
}

uint32_t RecordWalker::AfterNewline(uint32_t from) const {
  for (size_t k = FirstSpecial(from); k < position_count_; ++k) {
    const uint32_t length = NewlineLength(positions_[k]);
    if (length > 0) return positions_[k] + length;
  }
  return UINT32_MAX;
}

struct RecordWalker::Quoted {
  Field field;
  uint32_t end;    // of the field with everything that belongs to it: a separator, a line break or the end of the data
  uint32_t flags;  // of Record
};

// False: needs more bytes. Univocity's rules, as Spark sets it up: a quote that is followed by something else than a
// separator, a line break or white space makes the value a raw text that ends at the next separator or line break. With
// an escape other than the quote, n quotes in a row stand for n - 1 and close the value.
bool RecordWalker::WalkQuoted(uint32_t open, size_t* special, bool at_end, uint32_t* line, Quoted* out) const {
  const char quote = dialect_.quote;
  const bool doubles = dialect_.has_escape && dialect_.escape == quote;
  const bool escapes = dialect_.has_escape && !doubles;
  size_t k = *special + 1;
  uint32_t from = open + 1;
  bool complex = false;
  out->flags = 0;
  for (;;) {
    while (positions_[k] < from) ++k;
    const uint32_t at = positions_[k];
    if (at == size_) {
      if (!at_end) return false;
      out->field = {open, size_ | Field::kQuoted | Field::kComplex};
      out->end = size_;
      out->flags = Record::kUnclosedQuote;
      *special = k;
      return true;
    }
    const char c = data_[at];
    if (at + 1 == size_ && !at_end) return false;
    if (escapes && c == dialect_.escape) {
      const char next = at + 1 < size_ ? data_[at + 1] : '\0';
      if (at + 1 < size_ && (next == quote || (dialect_.has_escape_escape && next == dialect_.escape))) {
        complex = true;
        from = at + 2;
      } else {
        from = at + 1;
      }
      continue;
    }
    if (c != quote) {
      const uint32_t newline = NewlineLength(at);
      from = at + std::max<uint32_t>(newline, 1);
      if (newline == 0) continue;
      if (dialect_.multi_line) {
        ++*line;
        continue;
      }
      out->field = {open, at | Field::kQuoted | Field::kComplex};
      out->end = at;
      out->flags = Record::kUnclosedQuote;
      *special = k;
      return true;
    }
    uint32_t after = at + 1;
    if (doubles) {
      if (after < size_ && data_[after] == quote) {
        complex = true;
        from = at + 2;
        continue;
      }
    } else {
      while (after < size_ && data_[after] == quote) ++after;
      if (after > at + 1) complex = true;
    }
    uint32_t rest = after;
    if (!complex && plain_separator_ && after + 2 < size_ &&
        (data_[after] == first_separator_ || data_[after] == '\n') && plain_newlines_) {
      while (positions_[k] < after) ++k;
      out->field = {open + 1, at | Field::kQuoted};
      out->end = after;
      *special = k;
      return true;
    }
    while (rest < size_ && static_cast<unsigned char>(data_[rest]) <= ' ' && !IsSeparator(rest) &&
           NewlineLength(rest) == 0) {
      ++rest;
    }
    if (!at_end && size_ - rest <= std::max<size_t>(dialect_.separator.size(), 2)) return false;
    while (positions_[k] < rest) ++k;
    if (rest == size_ || IsSeparator(rest) || NewlineLength(rest) > 0) {
      out->field =
          complex ? Field{open, after | Field::kQuoted | Field::kComplex} : Field{open + 1, at | Field::kQuoted};
      out->end = rest;
      *special = k;
      return true;
    }
    while (positions_[k] < size_ && !IsSeparator(positions_[k]) && NewlineLength(positions_[k]) == 0) ++k;
    if (positions_[k] == size_ && !at_end) return false;
    out->field = {open, positions_[k] | Field::kQuoted | Field::kComplex};
    out->end = positions_[k];
    out->flags = Record::kIrregularQuotes;
    *special = k;
    return true;
  }
}

RecordWalker::Stop RecordWalker::Walk(uint32_t begin, uint32_t stop, bool at_end, uint32_t first_line,
                                      size_t max_records) {
  const char* const data = data_;
  const uint32_t size = size_;
  const char separator = dialect_.separator[0];
  const auto separator_size = static_cast<uint32_t>(dialect_.separator.size());
  const bool has_quote = dialect_.has_quote;
  const char quote = dialect_.quote;
  fields_.Reserve(field_count_ + position_count_ + 2, field_count_);
  const size_t most = record_count_ + std::min(max_records, SIZE_MAX - record_count_);
  uint32_t line = first_line;
  uint32_t at = begin;
  size_t k = FirstSpecial(at);
  stop = std::min(stop, size);

  while (at < stop && record_count_ < most) {
    const uint32_t record_begin = at;
    const uint32_t record_line = line;
    const size_t first_field = field_count_;
    const auto incomplete = [&] {
      field_count_ = first_field;
      return Stop{record_begin, false, record_line - first_line};
    };
    if (dialect_.has_comment && data[at] == dialect_.comment) {
      while (k < position_count_ && NewlineLength(positions_[k]) == 0) ++k;
      if (k == position_count_ || positions_[k] + 1 == size) {
        if (!at_end) return incomplete();
      }
      if (k == position_count_) {
        at = size;
        break;
      }
      at = positions_[k] + NewlineLength(positions_[k]);
      ++line;
      while (positions_[k] < at && k < position_count_) ++k;
      continue;
    }
    uint32_t flags = 0;
    uint32_t field_begin = at;
    uint32_t end;
    for (;;) {
      uint32_t special = positions_[k];
      if (has_quote && special < size && data[special] == quote) {
        uint32_t open = field_begin;
        if (dialect_.trim_leading) {
          while (open < special && static_cast<unsigned char>(data[open]) <= ' ') ++open;
        }
        if (open == special) {
          Quoted quoted;
          if (!WalkQuoted(open, &k, at_end, &line, &quoted)) return incomplete();
          flags |= quoted.flags;
          fields_[field_count_++] = quoted.field;
          special = quoted.end;
          if (special < size && data[special] == separator && (separator_size == 1 || IsSeparator(special))) {
            field_begin = special + separator_size;
            while (k < position_count_ && positions_[k] < field_begin) ++k;
            continue;
          }
          end = special;
          break;
        }
      }
      // An unquoted value: quotes and escapes in it are ordinary bytes.
      for (;; special = positions_[++k]) {
        if (special == size) break;
        const char c = data[special];
        if (c == separator && (separator_size == 1 || IsSeparator(special))) break;
        if (plain_newlines_ ? c == '\n' || c == '\r' : NewlineLength(special) > 0) break;
      }
      fields_[field_count_++] = {field_begin, special};
      if (special < size && data[special] == separator && (separator_size == 1 || IsSeparator(special))) {
        field_begin = special + separator_size;
        if (separator_size == 1) {
          ++k;
        } else {
          while (k < position_count_ && positions_[k] < field_begin) ++k;
        }
        continue;
      }
      end = special;
      break;
    }
    if (!at_end && (end == size || (end + 1 == size && data[end] != '\n'))) return incomplete();
    const uint32_t newline = NewlineLength(end);
    if (newline > 0) ++line;
    at = end + newline;
    while (k < position_count_ && positions_[k] < at) ++k;

    bool blank = end == record_begin;
    if (!blank && !dialect_.multi_line && static_cast<unsigned char>(data[record_begin]) <= ' ') {
      blank = std::all_of(data + record_begin, data + end, [](char c) { return static_cast<unsigned char>(c) <= ' '; });
    }
    if (blank) {
      field_count_ = first_field;
      continue;
    }
    records_.Reserve(record_count_ + 1, record_count_);
    records_[record_count_++] = {
        record_begin, end,  static_cast<uint32_t>(first_field), static_cast<uint32_t>(field_count_ - first_field),
        record_line,  flags};
  }
  return {at, true, line - first_line};
}

void DecodeQuoted(std::string_view raw, const Dialect& dialect, std::string* out) {
  out->clear();
  const char quote = dialect.quote;
  const bool doubles = dialect.has_escape && dialect.escape == quote;
  const bool escapes = dialect.has_escape && !doubles;
  size_t i = 1;
  while (i < raw.size()) {
    const char c = raw[i];
    const char next = i + 1 < raw.size() ? raw[i + 1] : '\0';
    if (escapes && c == dialect.escape) {
      if (i + 1 < raw.size() && (next == quote || (dialect.has_escape_escape && next == dialect.escape))) {
        out->push_back(next);
        i += 2;
      } else {
        out->push_back(c);
        ++i;
      }
    } else if (c == quote) {
      size_t after = i + 1;
      if (doubles) {
        if (after < raw.size() && next == quote) {
          out->push_back(quote);
          i += 2;
          continue;
        }
      } else {
        while (after < raw.size() && raw[after] == quote) ++after;
        out->append(after - i - 1, quote);
      }
      const auto is_space = [](char s) { return static_cast<unsigned char>(s) <= ' '; };
      std::string_view rest = raw.substr(after);
      if (std::all_of(rest.begin(), rest.end(), is_space)) return;
      if (dialect.trim_trailing) {
        while (is_space(rest.back())) rest.remove_suffix(1);
      }
      out->insert(out->begin(), quote);
      out->push_back(quote);
      out->append(rest);
      return;
    } else {
      size_t end = i + 1;
      while (end < raw.size() && raw[end] != quote && !(escapes && raw[end] == dialect.escape)) ++end;
      out->append(raw.substr(i, end - i));
      i = end;
    }
  }
}

FieldReader::FieldReader(const CsvOptions& options)
    : dialect_(options.dialect),
      trim_leading_(options.dialect.trim_leading),
      trim_trailing_(options.dialect.trim_trailing),
      null_value_(options.null_value),
      empty_value_(options.empty_value) {}

bool FieldReader::QuotedText(const char* data, const Field& field, std::string_view* text) {
  *text = {data + field.begin, field.end() - field.begin};
  if (field.complex()) {
    DecodeQuoted(*text, dialect_, &scratch_);
    *text = scratch_;
  }
  if (text->empty()) *text = empty_value_;
  return *text != null_value_;
}

}  // namespace tinderbox::csv
