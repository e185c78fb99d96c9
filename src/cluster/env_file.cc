#include "cluster/env_file.h"

#include <algorithm>
#include <cctype>
#include <sstream>

#include "base/fail.h"

namespace tinderbox::cluster {
namespace {

constexpr const char* kDollar =
    "has a $, and no other variable is put in for it; write the value in single quotes if the sign is meant";
constexpr const char* kOpen = "has a quote that is not closed on its line";
constexpr const char* kBehind = "has something behind its closing quote";

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool IsName(std::string_view text) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0])) != 0) return false;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') return false;
  }
  return true;
}

/// What stands behind a closing quote: nothing, or a comment.
bool IsEnd(std::string_view rest) {
  rest = Trim(rest);
  return rest.empty() || rest[0] == '#';
}

void ReadSingle(std::string_view text, EnvVariable* variable) {
  const size_t end = text.find('\'', 1);
  if (end == std::string_view::npos) {
    variable->wrong = kOpen;
    return;
  }
  variable->value = text.substr(1, end - 1);
  if (!IsEnd(text.substr(end + 1))) variable->wrong = kBehind;
}

void ReadDouble(std::string_view text, EnvVariable* variable) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      if (!IsEnd(text.substr(i + 1))) variable->wrong = kBehind;
      return;
    }
    if (text[i] == '$') variable->wrong = kDollar;
    if (text[i] != '\\' || i + 1 == text.size()) {
      variable->value += text[i];
      continue;
    }
    const char escaped = text[++i];
    variable->value += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped;
  }
  variable->wrong = kOpen;
}

void ReadPlain(std::string_view text, EnvVariable* variable) {
  size_t end = text.find(" #");
  end = std::min(end, text.find("\t#"));
  variable->value = Trim(text.substr(0, end));
  if (variable->value.find('$') != std::string::npos) variable->wrong = kDollar;
}

}  // namespace

std::vector<EnvVariable> ParseEnvFile(std::string_view text, const std::string& name) {
  std::vector<EnvVariable> variables;
  std::istringstream lines{std::string(text)};
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::string_view rest = Trim(line);
    if (rest.empty() || rest[0] == '#') continue;
    if (rest.rfind("export ", 0) == 0) rest = Trim(rest.substr(7));
    const size_t equals = rest.find('=');
    EnvVariable variable{std::string(Trim(rest.substr(0, equals))), "", number, ""};
    if (!IsName(variable.name))
      base::Fail("TINDERBOX_CONFIG", "{}:{}: this is not NAME=VALUE. A comment begins with #.", name, number);
    if (equals == std::string_view::npos) continue;  // left to the environment
    const std::string_view value = Trim(rest.substr(equals + 1));
    if (!value.empty() && value[0] == '\'') {
      ReadSingle(value, &variable);
    } else if (!value.empty() && value[0] == '"') {
      ReadDouble(value, &variable);
    } else if (!value.empty() && value[0] != '#') {
      ReadPlain(value, &variable);
    }
    variables.push_back(std::move(variable));
  }
  return variables;
}

}  // namespace tinderbox::cluster
