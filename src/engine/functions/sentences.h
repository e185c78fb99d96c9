#pragma once

#include <string_view>
#include <vector>

namespace tinderbox::engine {

/// The words of each sentence of an English text, as java.text.BreakIterator parts them.
std::vector<std::vector<std::string_view>> SentencesOf(std::string_view text);

}  // namespace tinderbox::engine
