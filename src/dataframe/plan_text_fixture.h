#pragma once

#include <google/protobuf/text_format.h>

#include <map>
#include <string>

namespace tinderbox {

/// The message as text on one line, with plan ids counted from 0 in the order of their appearance.
inline std::string Print(const google::protobuf::Message& message) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  std::string text;
  printer.PrintToString(message, &text);
  std::map<std::string, size_t> numbers;
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t found = text.find("plan_id: ", at);
    if (found == std::string::npos) return out + text.substr(at, text.find_last_not_of(' ') + 1 - at);
    const size_t start = found + 9;
    const size_t end = text.find_first_not_of("0123456789", start);
    const std::string id = text.substr(start, end - start);
    const size_t number = numbers.emplace(id, numbers.size()).first->second;
    out += text.substr(at, start - at) + std::to_string(number);
    at = end;
  }
  return out;
}

}  // namespace tinderbox
