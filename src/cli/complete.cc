#include "cli/complete.h"

#include <fmt/format.h>

#include <algorithm>

#include "cluster/keys.h"

namespace tinderbox::cli {
namespace {

bool StartsWith(const std::string& text, const std::string& begin) {
  return text.rfind(begin, 0) == 0;
}

/// The first sentence's first line, for the shells that show it beside a candidate.
std::string Short(const std::string& what) {
  return what.substr(0, what.find('\n'));
}

class Completer {
 public:
  Completer(const Arguments& words, const CompletionWorld& world) : world_(world), words_(words) {}

  Completion Run() {
    if (words_.size() <= 1) {
      word_ = words_.empty() ? "" : words_.back();
      AddVerbs();
      return std::move(result_);
    }
    word_ = words_.back();
    const Verb* verb = FindVerb(words_[0]);
    if (verb == nullptr || verb->group == nullptr) return {};
    facts_ = world_.facts(*verb);
    size_t place = 0;                   // among the positional arguments
    bool only_words = false;            // after --
    const OptionFacts* open = nullptr;  // the option whose value comes next
    for (size_t i = 1; i + 1 < words_.size(); ++i) {
      const std::string& word = words_[i];
      if (open != nullptr) {
        Note(*open, word);
        open = nullptr;
      } else if (only_words || word.size() < 2 || word[0] != '-') {
        ++place;
      } else if (word == "--") {
        only_words = true;
      } else if (const OptionFacts* option = Find(word.substr(0, word.find('='))); option != nullptr) {
        if (const size_t equals = word.find('='); equals != std::string::npos) {
          Note(*option, word.substr(equals + 1));
        } else if (option->takes != Takes::kNothing) {
          open = option;
        }
      }
    }
    if (open != nullptr) {
      AddValues(open->takes, open->choices, IsKey(*open), "");
    } else if (!only_words && StartsWith(word_, "-")) {
      AddOptions();
    } else if (!facts_.words.empty()) {
      const WordFacts& last = facts_.words.back();
      if (place < facts_.words.size()) {
        AddValues(facts_.words[place].takes, facts_.words[place].choices, false, "");
      } else if (last.many) {
        AddValues(last.takes, last.choices, false, "");
      }
    }
    return std::move(result_);
  }

 private:
  const OptionFacts* Find(const std::string& name) const {
    for (const OptionFacts& option : facts_.options) {
      if (std::find(option.names.begin(), option.names.end(), name) != option.names.end()) return &option;
    }
    return nullptr;
  }

  static bool IsNamed(const OptionFacts& option, const char* name) {
    return std::find(option.names.begin(), option.names.end(), name) != option.names.end();
  }
  /// --set takes keys of cluster.toml.
  static bool IsKey(const OptionFacts& option) { return IsNamed(option, "--set"); }

  void Note(const OptionFacts& option, const std::string& value) {
    if (option.takes == Takes::kCluster) cluster_ = value;
  }

  void Add(const std::string& text, const std::string& what = "") {
    if (StartsWith(text, word_)) result_.candidates.push_back({text, Short(what)});
  }

  void AddVerbs() {
    const char* what = "";
    for (const Verb& verb : Verbs()) {
      if (verb.group == nullptr) continue;
      if (verb.what != nullptr) what = verb.what;  // another name comes after what it names
      Add(verb.name, what);
    }
    if (StartsWith(word_, "-")) {
      Add("--help", "Explain a verb");
      Add("--version", "Print the version");
    }
  }

  void AddOptions() {
    if (const size_t equals = word_.find('='); equals != std::string::npos) {
      const OptionFacts* option = Find(word_.substr(0, equals));
      if (option != nullptr) AddValues(option->takes, option->choices, IsKey(*option), word_.substr(0, equals + 1));
      return;
    }
    for (const OptionFacts& option : facts_.options) {
      for (const std::string& name : option.names) {
        // One letter is no help to one who looks for a name, and needs no completion.
        if (name.size() > 2 || word_ == name) Add(name, option.what);
      }
    }
  }

  /// The values after `before`, which is "--option=" or nothing.
  void AddValues(Takes takes, const std::vector<std::string>& choices, bool is_key, const std::string& before) {
    const auto add = [&](const std::vector<std::string>& values) {
      for (const std::string& value : values) Add(before + value);
    };
    add(choices);
    if (is_key) {
      for (const cluster::Key& key : cluster::Keys())
        Add(fmt::format("{}{}=", before, key.path), std::string(key.what));
    }
    switch (takes) {
      case Takes::kFile:
      case Takes::kFolder:
        if (choices.empty()) result_.files = takes;
        break;
      case Takes::kCluster:
        add(world_.clusters());
        break;
      case Takes::kService:
        add(world_.services(cluster_));
        break;
      case Takes::kApplication:
        add(world_.applications(cluster_));
        break;
      case Takes::kVerb:
        AddVerbs();
        break;
      case Takes::kNothing:
      case Takes::kText:
        break;
    }
  }

  const CompletionWorld& world_;
  const Arguments& words_;
  std::string word_;     // to be completed
  std::string cluster_;  // that the line names; empty: the usual one
  CommandFacts facts_;
  Completion result_;
};

}  // namespace

Completion Complete(const Arguments& words, const CompletionWorld& world) {
  return Completer(words, world).Run();
}

}  // namespace tinderbox::cli
