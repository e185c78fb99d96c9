#include "diff/discard_csv_records.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>

#include "csv/convert.h"

namespace tinderbox::diff {

bool RecordHasher::IsGood(const csv::Block& block, const csv::Record& record, bool valid_utf8) {
  if (record.flags != 0 || record.field_count != scan_.schema.fields.size()) return false;
  if (!valid_utf8 && !csv::IsValidUtf8(block.data() + record.begin, record.end - record.begin)) return false;
  const csv::Field* field = block.fields(record);
  for (size_t i = 0; i < record.field_count; ++i) {
    const DataType& type = scan_.schema.fields[i].type;
    if (type.kind() == TypeKind::kString || type.kind() == TypeKind::kBinary) continue;
    std::string_view text;
    if (fields_.Text(block.data(), field[i], &text) && !csv::Converts(text, type, scan_.options)) return false;
  }
  return true;
}

bool RecordHasher::HashKey(const csv::Block& block, const csv::Record& record, uint64_t* hash,
                           std::optional<int64_t>* integer) {
  if (record.flags != 0 || record.field_count != scan_.schema.fields.size()) return false;
  XXH3_state_t state;
  const bool single = scan_.key.size() == 1;
  if (!single) XXH3_64bits_reset(&state);
  for (const size_t position : scan_.key) {
    const TypeKind kind = scan_.schema.fields[position].type.kind();
    std::string_view text;
    struct {
      int64_t value;  // or the length of a text
      int64_t present;
    } head{0, 1};
    bool with_text = false;
    if (!fields_.Text(block.data(), block.fields(record)[position], &text)) {
      head.present = 0;
    } else if (kind == TypeKind::kString) {
      if (!csv::IsValidUtf8(text.data(), text.size())) return false;
      head.value = static_cast<int64_t>(text.size());
      with_text = true;
    } else if (kind == TypeKind::kByte || kind == TypeKind::kShort || kind == TypeKind::kInteger ||
               kind == TypeKind::kLong) {
      if (!csv::ParseInteger(text, &head.value) ||
          !csv::Converts(text, scan_.schema.fields[position].type, scan_.options))
        return false;
      if (single) *integer = head.value;
    } else if (kind == TypeKind::kDate) {
      int32_t days;
      if (!csv::ParseDate(text, &days)) return false;
      head.value = days;
    } else {
      return false;
    }
    if (single) {
      *hash = with_text ? XXH3_64bits(text.data(), text.size()) : XXH3_64bits(&head, sizeof head);
      return true;
    }
    XXH3_64bits_update(&state, &head, sizeof head);
    if (with_text) XXH3_64bits_update(&state, text.data(), text.size());
  }
  *hash = XXH3_64bits_digest(&state);
  return true;
}

RecordRun RecordHasher::Hash(const csv::Block& block) {
  RecordRun out;
  out.file = block.file;
  out.chunk = block.chunk;
  out.first_line = block.first_line;
  const size_t count = block.record_count();
  out.records.resize(count);
  out.count = count;
  if (!scan_.key.empty()) out.keys.resize(count);
  out.keys_ascend = scan_.key.size() == 1 && count > 0;
  const bool valid_utf8 = !scan_.check || csv::IsValidUtf8(block.data(), block.size);
  for (size_t i = 0; i < count; ++i) {
    const csv::Record& record = block.record(i);
    const std::string_view text = block.text(record);
    out.records[i] = {XXH3_64bits(text.data(), text.size()) & scan_.hash_mask, block.offset + record.begin,
                      static_cast<uint32_t>(text.size()), record.line};
    if (scan_.check && !IsGood(block, record, valid_utf8)) out.records[i].length_and_flag |= HashedRecord::kBad;
    if (scan_.key.empty() || !out.keys_good) continue;
    std::optional<int64_t> integer;
    out.keys_good = HashKey(block, record, &out.keys[i], &integer);
    out.keys[i] &= scan_.hash_mask;
    if (!integer || (i > 0 && *integer <= out.last_key)) out.keys_ascend = false;
    if (integer && i == 0) out.first_key = *integer;
    if (integer) out.last_key = *integer;
  }
  return out;
}

}  // namespace tinderbox::diff
