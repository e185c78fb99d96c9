#include "csv/blocks.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <deque>

#include "base/fail.h"

namespace tinderbox::csv {
namespace {

constexpr size_t kOverlap = 16 << 10;  // read beyond a piece, for the end of its last record
constexpr size_t kLeast = 16;          // even blocks of one byte see a whole byte order mark
constexpr uint32_t kMaxRecord = 256u << 20;

bool StartsWithBom(const char* data, size_t size) {
  return size >= 3 && std::memcmp(data, "\xEF\xBB\xBF", 3) == 0;
}

[[noreturn]] void FailTooLong(const std::string& path, uint64_t line) {
  base::FailWith(
      "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION", {{"badRecord", fmt::format("{}:{}", path, line)}},
      "A record of '{}' that begins at line {} is longer than {} MiB. Most likely a quote in it is never closed: "
      "look for a lone quote there.",
      path, line, kMaxRecord >> 20);
}

}  // namespace

/// A file whose pieces can be read at once.
struct BlockReader::Plain {
  explicit Plain(const std::string& path) : file(path) {}
  struct End {
    bool known = false;
    bool seen_record = false;  // the header is gone
    uint64_t offset = 0;       // where the first record behind this piece begins
    uint64_t line = 0;         // its physical line, from 1
  };
  size_t number = 0;
  File file;
  size_t chunks = 0;
  size_t next_chunk = 0;
  std::vector<End> ends;  // by chunk; guarded by BlockReader::mutex_
};

struct BlockReader::Stream {
  size_t number = 0;
  bool busy = false;
  bool ended = false;
  bool first = true;
  bool seen_record = false;
  std::unique_ptr<ByteStream> bytes;
  std::vector<char> carried;  // the begin of a record whose end is not read yet
  uint64_t offset = 0;        // of carried[0] in the text
  uint64_t line = 1;
  size_t next_chunk = 0;
};

BlockReader::BlockReader(std::vector<std::string> files, const CsvOptions& options, size_t expected_fields,
                         BlockTuning tuning)
    : files_(std::move(files)), options_(options), expected_fields_(expected_fields), tuning_(tuning) {
  for (const std::string& path : files_) {
    struct stat status {};
    sizes_.push_back(stat(path.c_str(), &status) == 0 ? static_cast<uint64_t>(status.st_size) : 0);
    total_bytes_ += sizes_.back();
  }
}

BlockReader::~BlockReader() = default;

void BlockReader::Cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  changed_.notify_all();
}

double BlockReader::Fraction() const {
  return total_bytes_ == 0 ? 1 : std::min(1.0, static_cast<double>(done_bytes_) / static_cast<double>(total_bytes_));
}

size_t BlockReader::MaxBlocks() const {
  size_t out = 0;
  for (size_t i = 0; i < files_.size(); ++i) {
    out += IsPlain(files_[i], options_.encoding) ? sizes_[i] / tuning_.block_bytes + 1 : 1;
  }
  return out;
}

bool BlockReader::Next(Block* block) {
  for (;;) {
    std::shared_ptr<Plain> plain;
    std::shared_ptr<Stream> stream;
    size_t chunk = 0;
    {
      std::unique_lock lock(mutex_);
      for (;;) {
        if (cancelled_) return false;
        if (plain_ != nullptr && plain_->next_chunk < plain_->chunks) {
          plain = plain_;
          chunk = plain_->next_chunk++;
          break;
        }
        const auto idle = std::find_if(streams_.begin(), streams_.end(), [](const auto& s) { return !s->busy; });
        if (idle != streams_.end()) {
          stream = *idle;
          stream->busy = true;
          break;
        }
        if (next_file_ < files_.size()) {
          const size_t number = next_file_++;
          if (IsPlain(files_[number], options_.encoding)) {
            plain_ = std::make_shared<Plain>(files_[number]);
            plain_->number = number;
            plain_->chunks = (plain_->file.size() + tuning_.block_bytes - 1) / tuning_.block_bytes;
            plain_->ends.resize(plain_->chunks);
          } else {
            auto opened = std::make_shared<Stream>();
            opened->number = number;
            opened->bytes = OpenText(files_[number], options_.encoding);
            streams_.push_back(std::move(opened));
          }
          continue;
        }
        if (streams_.empty()) return false;
        changed_.wait(lock);
      }
    }
    if (plain != nullptr) {
      bool found = false;
      try {
        found = NextOfPlain(plain.get(), chunk, block);
      } catch (...) {
        Cancel();  // threads that wait for the end of this piece must not wait for ever
        throw;
      }
      if (found) return true;
      continue;
    }
    bool found = false;
    try {
      found = NextOfStream(stream.get(), block);
    } catch (...) {
      Cancel();
      throw;
    }
    const std::lock_guard lock(mutex_);
    stream->busy = false;
    if (stream->ended) {
      done_bytes_ += sizes_[stream->number];
      streams_.erase(std::find(streams_.begin(), streams_.end(), stream));
    }
    changed_.notify_all();
    if (found) return true;
  }
}

bool BlockReader::NextOfPlain(Plain* plain, size_t chunk, Block* block) {
  const uint64_t file_size = plain->file.size();
  const uint64_t piece_begin = chunk * tuning_.block_bytes;
  const uint64_t piece_end = std::min(file_size, piece_begin + tuning_.block_bytes);
  const uint64_t base = piece_begin - (chunk > 0 ? 1 : 0);  // the byte before tells whether a record begins here
  RecordWalker& walker = block->walker;

  const auto read_to = [&](uint64_t end) {
    const auto have = block->size;
    const auto want = static_cast<uint32_t>(end - base);
    block->bytes.Reserve(want, have);
    plain->file.Read(base + have, block->bytes.data() + have, want - have);
    block->size = want;
    if (have == 0) {
      walker.Index(block->data(), want);
    } else {
      walker.Extend(block->data(), want);
    }
  };
  block->size = 0;
  read_to(std::min(file_size, piece_end + std::min(kOverlap, std::max(tuning_.block_bytes, kLeast))));

  // Walks from `begin` to the end of the piece; reads on when its last record ends later. Returns false when that
  // record is longer than `limit` bytes.
  RecordWalker::Stop end{};
  const auto walk = [&](uint32_t begin, uint64_t limit) {
    walker.Clear();
    uint32_t lines = 0;
    for (;;) {
      end = walker.Walk(begin, static_cast<uint32_t>(piece_end - base), base + block->size == file_size, lines);
      lines += end.lines;
      end.lines = lines;
      if (end.complete) return true;
      begin = end.next;
      if (block->size - begin > limit) return false;
      read_to(std::min(file_size, base + block->size + std::max<uint64_t>(kOverlap, block->size - begin)));
    }
  };

  uint32_t guess = UINT32_MAX;
  if (chunk == 0) {
    guess = StartsWithBom(block->data(), block->size) ? 3 : 0;
  } else {
    guess = walker.AfterNewline(0);
    if (guess == block->size && base + block->size < file_size) guess = UINT32_MAX;
    if (options_.dialect.multi_line && expected_fields_ > 0) {
      // Inside quotes, lines seldom look like two good records in a row.
      uint32_t candidate = guess;
      for (int tries = 0; tries < 8 && candidate != UINT32_MAX; ++tries) {
        walker.Clear();
        walker.Walk(candidate, block->size, base + block->size == file_size, 0, 2);
        const auto good = [&](size_t i) { return walker.records()[i].field_count == expected_fields_; };
        if (walker.record_count() == 2 && good(0) && good(1)) {
          guess = candidate;
          break;
        }
        candidate = walker.AfterNewline(candidate);
      }
    }
  }
  const uint64_t far = std::max<uint64_t>(4 * tuning_.block_bytes, 64 << 10);
  bool walked = guess != UINT32_MAX && walk(guess, chunk == 0 ? kMaxRecord : far);
  if (chunk == 0 && !walked) FailTooLong(plain->file.path(), 1 + end.lines);

  Plain::End before{.known = true, .seen_record = !options_.header, .offset = base + guess, .line = 1};
  if (chunk > 0) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return cancelled_ || plain->ends[chunk - 1].known; });
    if (!plain->ends[chunk - 1].known) return false;
    before = plain->ends[chunk - 1];
  }
  Plain::End after = before;
  after.known = true;
  if (before.offset >= piece_end) {
    walker.Clear();
  } else {
    if (!walked || before.offset != base + guess) {
      if (!walk(static_cast<uint32_t>(before.offset - base), kMaxRecord)) {
        FailTooLong(plain->file.path(), before.line + end.lines);
      }
    }
    after.offset = base + end.next;
    after.line = before.line + end.lines;
  }
  block->file = plain->number;
  block->offset = base;
  block->chunk = chunk;
  block->first_line = before.line;
  block->first_record = 0;
  if (!before.seen_record && walker.record_count() > 0) {
    block->first_record = 1;
    after.seen_record = true;
  }
  {
    const std::lock_guard lock(mutex_);
    plain->ends[chunk] = after;
    changed_.notify_all();
  }
  done_bytes_ += piece_end - piece_begin;
  return block->record_count() > 0;
}

bool BlockReader::NextOfStream(Stream* stream, Block* block) {
  RecordWalker& walker = block->walker;
  const size_t carried = stream->carried.size();
  const size_t step = std::max(tuning_.block_bytes, kLeast);
  block->bytes.Reserve(carried + step, 0);
  if (carried > 0) std::memcpy(block->bytes.data(), stream->carried.data(), carried);
  size_t size = carried;
  bool at_end = false;
  bool indexed = false;
  uint32_t begin = 0;
  RecordWalker::Stop end{};
  for (size_t wanted = carried + step;; wanted = size + std::max(size, step)) {
    if (wanted > kMaxBytes) FailTooLong(files_[stream->number], stream->line);
    block->bytes.Reserve(wanted, size);
    while (size < wanted && !at_end) {
      const size_t n = stream->bytes->Read(block->bytes.data() + size, wanted - size);
      at_end = n == 0;
      size += n;
    }
    if (indexed) {
      walker.Extend(block->data(), static_cast<uint32_t>(size));
    } else {
      walker.Index(block->data(), static_cast<uint32_t>(size));
      if (stream->first && StartsWithBom(block->data(), size)) begin = 3;
    }
    indexed = true;
    walker.Clear();
    end = walker.Walk(begin, static_cast<uint32_t>(size), at_end);
    if (at_end || walker.record_count() > 0) break;
    if (size - end.next > kMaxRecord) FailTooLong(files_[stream->number], stream->line + end.lines);
  }
  stream->first = false;
  stream->ended = at_end;
  stream->carried.assign(block->data() + end.next, block->data() + size);
  block->file = stream->number;
  block->offset = stream->offset;
  block->size = static_cast<uint32_t>(size);
  block->chunk = stream->next_chunk++;
  block->first_line = stream->line;
  block->first_record = 0;
  stream->offset += end.next;
  stream->line += end.lines;
  if (options_.header && !stream->seen_record && walker.record_count() > 0) {
    block->first_record = 1;
  }
  if (walker.record_count() > 0) stream->seen_record = true;
  return block->record_count() > 0;
}

}  // namespace tinderbox::csv
