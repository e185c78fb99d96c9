#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tinderbox::engine {

/// A compiled XPath 1.0 expression. Used by one thread.
class XPath {
 public:
  /// Throws Error TINDERBOX_INVALID_XPATH.
  explicit XPath(const std::string& text);
  ~XPath();

  /// The result of the expression on a document. All of these throw TINDERBOX_INVALID_XML for what is no document.
  bool Boolean(std::string_view xml) const;
  double Number(std::string_view xml) const;
  std::string String(std::string_view xml) const;
  /// The value of each node found: nullopt for an element, which has none of its own.
  std::vector<std::optional<std::string>> Nodes(std::string_view xml) const;

 private:
  struct Result;
  Result Evaluate(std::string_view xml) const;

  std::string text_;
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace tinderbox::engine
