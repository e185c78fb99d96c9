#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "diff/report.h"

namespace tinderbox::diff {

enum class Ink { kNone, kBold, kDim, kRed, kGreen, kYellow, kCyan };

/// Text with colours, or without them when the style says so. Counts the columns that it takes.
class Line {
 public:
  explicit Line(bool color) : color_(color) {}
  Line& Add(std::string_view text, Ink ink = Ink::kNone);
  /// Spaces up to `column`; none when it is already passed.
  Line& To(int column);
  /// Right-aligned so that it ends before `column`.
  Line& Right(std::string_view text, int column, Ink ink = Ink::kNone);
  int width() const { return width_; }
  const std::string& text() const { return text_; }

 private:
  bool color_;
  int width_ = 0;
  std::string text_;
};

/// The sample of differing rows: a table when the columns that changed fit side by side, else a block for each row.
std::string RenderSample(const DiffSummary& summary, const std::vector<DiffRow>& rows, const TextStyle& style);

}  // namespace tinderbox::diff
