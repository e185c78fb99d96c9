#include "engine/texts.h"

namespace tinderbox::engine {

std::vector<std::optional<std::string>> ReadTextColumn(Lease lease, std::string_view sql, size_t column) {
  std::vector<std::optional<std::string>> out;
  const auto stream = OpenStream(std::move(lease), sql);
  for (ArrowBatch batch; stream->Next(&batch);) {
    const ArrowArray& texts = batch.column(column);
    const auto* valid = static_cast<const uint8_t*>(texts.buffers[0]);
    const auto* offsets = static_cast<const int32_t*>(texts.buffers[1]);
    for (int64_t row = 0; row < batch.rows(); ++row) {
      if (valid != nullptr && (valid[row / 8] >> (row % 8) & 1) == 0) {
        out.emplace_back();
        continue;
      }
      out.emplace_back(std::in_place, static_cast<const char*>(texts.buffers[2]) + offsets[row],
                       static_cast<size_t>(offsets[row + 1] - offsets[row]));
    }
  }
  return out;
}

}  // namespace tinderbox::engine
