#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tinderbox::cluster {

/// A variable that an .env file sets.
struct EnvVariable {
  std::string name;
  std::string value;
  int line = 0;
  std::string wrong;  ///< why the value cannot be read; "" when it can. Others than us may understand it.
};

/// The variables of an .env file as Docker Compose has them: NAME=VALUE with or without `export`, comments, single and
/// double quotes. Other variables are not put in for $NAME: such a value is `wrong`. Throws Error TINDERBOX_CONFIG for
/// a line that is none of this; `name` stands in the message.
std::vector<EnvVariable> ParseEnvFile(std::string_view text, const std::string& name);

}  // namespace tinderbox::cluster
