#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace spark::connect {
class Relation;
}

namespace tinderbox::cache {

/// What a plan reads and calls, which decides whether its result can be kept and what its key has to say.
struct PlanFacts {
  /// Why its result is not kept; empty: it may be. "rand() may answer differently each time".
  std::string refusal;
  struct Files {
    std::string path;  ///< as in the plan; may be a pattern
    std::map<std::string, std::string> options;
    bool operator<(const Files& other) const { return path < other.path; }
  };
  std::set<Files> files;
  std::set<std::string> tables;     ///< names as they were written, of views too
  std::set<std::string> functions;  ///< those called by name, in lower case
  bool database = false;            ///< reads a database (jdbc), whose changes nobody can see from here
  std::string text;                 ///< the first SQL text in it

  void Add(const PlanFacts& other);
};

/// Looks through a plan, SQL texts in it included. What is not known to give equal rows for equal inputs is refused:
/// relations, expressions, functions and formats are kept by name. A text that cannot be parsed is refused, too.
PlanFacts Inspect(const ::spark::connect::Relation& relation);

/// What a plan is, in at most `letters` bytes of one line: the beginning of its SQL text, or its steps, outermost
/// first: "show_string, aggregate, read parquet /data/sales".
std::string Outline(const ::spark::connect::Relation& relation, size_t letters);

}  // namespace tinderbox::cache
