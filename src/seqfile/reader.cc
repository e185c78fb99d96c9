#include "seqfile/reader.h"

#include <algorithm>

namespace tinderbox::seqfile {
namespace {

constexpr size_t kPiece = 256 << 10;
constexpr uint64_t kMaxKey = 64 << 20;

size_t VIntSize(uint64_t value) {
  std::string out;
  AppendVInt(&out, static_cast<int64_t>(value));
  return out.size();
}

/// Throws when something is left.
void CheckEnd(ByteSource* in, const char* what) {
  char more = 0;
  if (in->Read(&more, 1) != 0) in->FailDamaged(fmt::format("{} longer than its parts", what));
}

}  // namespace

Reader::Reader(std::shared_ptr<const base::InputFile> file)
    : file_(std::move(file)), in_(file_, 0, file_->size()), end_(file_->size()) {
  header_ = Header::Read(&in_);
}

void Reader::Limit(uint64_t begin, uint64_t end) {
  in_.Seek(begin <= header_.size ? header_.size : FindSync(begin));
  end_ = end;
}

bool Reader::Next() {
  if (header_.compression == Compression::kBlock) return NextInBlock();
  return NextRecord();
}

bool Reader::NextRecord() {
  if (resume_) in_.Seek(*resume_);
  resume_.reset();
  record_begin_ = in_.position();
  if (in_.position() == in_.end()) return false;
  int32_t length = in_.ReadInt();
  if (length == kSyncEscape) {
    if (record_begin_ >= end_) {
      in_.Seek(in_.end());
      return false;
    }
    ReadSync();
    // A marker may be the last thing in a file.
    if (in_.position() == in_.end()) return false;
    record_begin_ = in_.position();
    length = in_.ReadInt();
  }
  const int32_t key_length = in_.ReadInt();
  if (length < 0) FailDamaged(fmt::format("the record has the length {}", length));
  if (key_length < 0 || key_length > length) {
    FailDamaged(fmt::format("the key has the length {} in a record of {}", key_length, length));
  }
  const uint64_t begin = in_.position();
  const uint64_t record_end = begin + static_cast<uint64_t>(length);
  if (record_end > in_.end()) FailDamaged(fmt::format("the record has {} bytes, and the file ends before", length));
  resume_ = record_end;
  const uint64_t value_begin = begin + static_cast<uint64_t>(key_length);
  key_ = ReadKey(&in_, static_cast<uint64_t>(key_length));
  if (in_.position() != value_begin) FailDamaged("the key has another length than its record says");
  value_length_ = record_end - value_begin;
  known_length_ = header_.codec == nullptr;
  FileRange value(file_, value_begin, record_end);
  if (header_.codec == nullptr) {
    record_value_ = std::make_unique<FileRange>(std::move(value));
  } else {
    record_value_ = MakeDecoder(*header_.codec, std::move(value));
  }
  open_ = finished_ = false;
  return true;
}

bool Reader::NextInBlock() {
  if (!finished_) {  // the value that nobody read to its end
    skipped_ += open_ ? left_ : value_length_;
    finished_ = true;
  }
  while (block_records_ == 0) {
    if (!NextBlock()) return false;
  }
  --block_records_;
  key_ = ReadKey(keys_.get(), key_lengths_->ReadLength());
  value_length_ = value_lengths_->ReadLength();
  known_length_ = true;
  open_ = finished_ = false;
  if (block_records_ == 0) {
    CheckEnd(key_lengths_.get(), "the lengths of keys are");
    CheckEnd(keys_.get(), "the keys are");
    CheckEnd(value_lengths_.get(), "the lengths of values are");
  }
  return true;
}

bool Reader::NextBlock() {
  if (resume_) in_.Seek(*resume_);
  resume_.reset();
  record_begin_ = in_.position();
  if (in_.position() == in_.end()) return false;
  if (in_.ReadInt() != kSyncEscape) FailDamaged("a block does not begin with a sync marker");
  if (record_begin_ >= end_) {
    in_.Seek(in_.end());
    return false;
  }
  ReadSync();
  if (in_.position() == in_.end()) return false;
  const uint32_t records = in_.ReadLength();
  FileRange parts[] = {Part(), Part(), Part(), Part()};
  resume_ = in_.position();
  key_lengths_ = MakeDecoder(*header_.codec, std::move(parts[0]));
  keys_ = MakeDecoder(*header_.codec, std::move(parts[1]));
  value_lengths_ = MakeDecoder(*header_.codec, std::move(parts[2]));
  values_ = MakeDecoder(*header_.codec, std::move(parts[3]));
  skipped_ = 0;
  block_records_ = records;
  return true;
}

FileRange Reader::Part() {
  const uint32_t length = in_.ReadLength();
  const uint64_t begin = in_.position();
  if (begin + length > in_.end()) {
    FailDamaged(fmt::format("a part of the block has {} bytes, and the file ends before", length));
  }
  in_.Seek(begin + length);
  return {file_, begin, begin + length};
}

void Reader::ReadSync() {
  const std::string found = in_.ReadText(kSyncSize);
  if (found != header_.sync) FailDamaged("this is not the file's sync marker");
}

std::optional<std::string> Reader::ReadKey(ByteSource* in, uint64_t length) const {
  const auto expect = [&](uint64_t expected) {
    if (length != expected) FailDamaged(fmt::format("the key has {} bytes, and its class {}", length, expected));
  };
  if (length > kMaxKey) FailDamaged(fmt::format("the key has {} bytes, more than any name", length));
  switch (header_.key) {
    case Writable::kText: {
      const uint32_t size = in->ReadLength();
      // Not every writer uses as few bytes for the length as it could.
      if (size >= length) FailDamaged(fmt::format("the key has {} bytes, and its text {}", length, size));
      return in->ReadText(size);
    }
    case Writable::kBytes: {
      if (length < 4) FailDamaged("the key is too short");
      const int32_t size = in->ReadInt();
      expect(4 + static_cast<uint64_t>(std::max(size, 0)));
      return in->ReadText(length - 4);
    }
    case Writable::kNull:
      expect(0);
      return std::nullopt;
    case Writable::kInt:
      expect(4);
      return fmt::format("{}", in->ReadInt());
    case Writable::kLong: {
      expect(8);
      const auto high = static_cast<uint32_t>(in->ReadInt());
      const auto low = static_cast<uint32_t>(in->ReadInt());
      return fmt::format("{}", static_cast<int64_t>(uint64_t{high} << 32 | low));
    }
  }
  return std::nullopt;
}

void Reader::OpenValue() {
  if (open_) return;
  ByteSource* in = record_value_.get();
  if (header_.compression == Compression::kBlock) {
    in = values_.get();
    in->Skip(skipped_);
    skipped_ = 0;
  }
  uint64_t prefix = 0;
  switch (header_.value) {
    case Writable::kText:
      size_ = in->ReadLength();
      prefix = VIntSize(size_);
      break;
    case Writable::kBytes: {
      const int32_t size = in->ReadInt();
      if (size < 0) FailDamaged(fmt::format("the value has the length {}", size));
      size_ = static_cast<uint64_t>(size);
      prefix = 4;
      break;
    }
    default:  // NullWritable
      size_ = 0;
      break;
  }
  if (known_length_ && prefix + size_ != value_length_) {
    FailDamaged(fmt::format("the value has {} bytes, and there is room for {}", size_,
                            value_length_ - std::min(value_length_, prefix)));
  }
  left_ = size_;
  open_ = true;
}

uint64_t Reader::ValueSize() {
  // Nothing of the value need be read for that.
  if (!open_ && known_length_ && header_.value == Writable::kBytes) {
    if (value_length_ < 4) FailDamaged("a value is too short");
    return value_length_ - 4;
  }
  OpenValue();
  return size_;
}

size_t Reader::ReadValue(char* out, size_t size) {
  OpenValue();
  if (left_ == 0 || size == 0) {
    if (left_ == 0) FinishValue();
    return 0;
  }
  ByteSource* in = header_.compression == Compression::kBlock ? values_.get() : record_value_.get();
  const size_t n = in->Read(out, static_cast<size_t>(std::min<uint64_t>(size, left_)));
  if (n == 0) in->FailDamaged("the value ends too early");
  left_ -= n;
  return n;
}

void Reader::FinishValue() {
  if (finished_) return;
  if (header_.compression != Compression::kBlock) {
    CheckEnd(record_value_.get(), "the value is");
  } else if (block_records_ == 0) {
    CheckEnd(values_.get(), "the values are");
  }
  finished_ = true;
}

uint64_t Reader::FindSync(uint64_t from) const {
  std::string wanted;
  AppendInt(&wanted, kSyncEscape);
  wanted += header_.sync;
  FileRange in(file_, std::max(from, header_.size), file_->size());
  std::string held;
  while (true) {
    const size_t before = held.size();
    held.resize(before + kPiece);
    const size_t n = in.Read(held.data() + before, kPiece);
    held.resize(before + n);
    const size_t at = held.find(wanted);
    if (at != std::string::npos) return in.position() - held.size() + at;
    if (n == 0) return file_->size();
    held.erase(0, held.size() - std::min(held.size(), wanted.size() - 1));
  }
}

uint64_t Reader::Recover() {
  finished_ = true;
  block_records_ = 0;
  if (!resume_) resume_ = FindSync(record_begin_ + 1);
  return *resume_;
}

void Reader::FailDamaged(std::string_view why) const {
  throw DamagedFile(file_->path(), record_begin_, why);
}

}  // namespace tinderbox::seqfile
