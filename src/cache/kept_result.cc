#include "cache/kept_result.h"

#include <zstd.h>

#include <charconv>

#include "base/fail.h"

namespace tinderbox::cache {
namespace {

// "tinderbox result 1\n", the sizes of what follows, the schema in JSON, and the stream.
constexpr std::string_view kMark = "tinderbox result 1\n";
constexpr int kLevel = 1;  // finds twice as much for the time as the next ones
constexpr uint64_t kMostBytes = uint64_t{1} << 32;

/// The number up to the next line end, which are taken off the text.
std::optional<uint64_t> TakeNumber(std::string_view* text) {
  uint64_t out = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), out);
  const auto length = static_cast<size_t>(end - text->data());
  if (error != std::errc() || length >= text->size() || (*text)[length] != '\n') return std::nullopt;
  text->remove_prefix(length + 1);
  return out;
}

}  // namespace

ResultWriter::ResultWriter(const StructType& schema, uint64_t limit)
    : schema_(schema.Json()), limit_(limit), writer_(std::make_unique<spark::IpcWriter>(schema, "UTC")) {}

bool ResultWriter::Add(const ArrowBatch& batch) {
  if (writer_ == nullptr) return false;
  bytes_ += writer_->Write(batch);
  if (bytes_.size() <= limit_) return true;
  writer_.reset();
  bytes_ = {};
  return false;
}

std::optional<std::string> ResultWriter::Finish() {
  if (writer_ == nullptr) return std::nullopt;
  bytes_ += writer_->Finish();
  std::string out = fmt::format("{}{}\n{}\n{}", kMark, schema_.size(), bytes_.size(), schema_);
  const size_t head = out.size();
  out.resize(head + ZSTD_compressBound(bytes_.size()));
  const size_t size = ZSTD_compress(out.data() + head, out.size() - head, bytes_.data(), bytes_.size(), kLevel);
  if (ZSTD_isError(size) != 0) return std::nullopt;
  out.resize(head + size);
  return out;
}

std::unique_ptr<BatchReader> ReadResult(const std::string& bytes) {
  std::string_view rest = bytes;
  if (!rest.starts_with(kMark)) return nullptr;
  rest.remove_prefix(kMark.size());
  const std::optional<uint64_t> schema_size = TakeNumber(&rest);
  const std::optional<uint64_t> size = schema_size ? TakeNumber(&rest) : std::nullopt;
  if (!size || *size > kMostBytes || *schema_size > rest.size()) return nullptr;
  const std::string schema(rest.substr(0, *schema_size));
  rest.remove_prefix(*schema_size);
  std::string stream(*size, '\0');
  if (ZSTD_decompress(stream.data(), stream.size(), rest.data(), rest.size()) != *size) return nullptr;
  try {
    return spark::ReadIpcStream(stream, StructType::FromJson(schema));
  } catch (const Error&) {
    return nullptr;
  }
}

}  // namespace tinderbox::cache
