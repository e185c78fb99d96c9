#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/flags.h"
#include "cli/verbs.h"

namespace tinderbox::cli {

/// What stands on the command line can be completed with; what it is good for may be empty.
struct Candidate {
  std::string text;
  std::string what;

  friend bool operator==(const Candidate&, const Candidate&) = default;
};
struct Completion {
  std::vector<Candidate> candidates;
  Takes files = Takes::kNothing;  ///< kFile or kFolder: names of files or folders are meant, which the shell knows best
};

/// What a completion asks of the world.
struct CompletionWorld {
  std::function<CommandFacts(const Verb&)> facts;
  std::function<std::vector<std::string>()> clusters;
  std::function<std::vector<std::string>(const std::string& cluster)> services;      ///< names and kinds
  std::function<std::vector<std::string>(const std::string& cluster)> applications;  ///< ids
};

/// Completes the last of the words after the program's name, which may be empty. Candidates begin with what is there
/// of it; for --name=va they are whole: --name=value.
Completion Complete(const Arguments& words, const CompletionWorld& world);

}  // namespace tinderbox::cli
