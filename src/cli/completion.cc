#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/fail.h"
#include "cli/cluster_flags.h"
#include "cli/complete.h"
#include "cli/console.h"
#include "cli/verbs.h"

namespace tinderbox::cli {
namespace {

namespace fs = std::filesystem;

// Each asks the program itself (`tinderbox complete -- WORD…`), so that it knows what this version takes and which
// clusters and services there are now. A line of the answer is a candidate, a tab and what it is good for; a last line
// of :file or :folder leaves the rest to the shell.

constexpr const char* kBash = R"SHELL(# Completion of tinderbox for bash: eval "$(tinderbox completion bash)"
_tinderbox() {
  local program="${1/#\~/$HOME}" word line files= i
  local -a words=()
  # Bash takes = and : for words of their own.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if ((i > 1)) && [[ $word == [=:]* || ${COMP_WORDS[i - 1]} == *[=:] ]] && ((${#words[@]})); then
      words[${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
  done
  local current="${words[${#words[@]} - 1]}" typed="${COMP_WORDS[COMP_CWORD]}"
  [[ $typed == [=:] ]] && typed=
  local before="${current%"$typed"}"
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :file | :folder) files=${line#:} ;;
      *)
        line=${line%%$'\t'*}
        COMPREPLY+=("${line#"$before"}")
        ;;
    esac
  done < <("$program" complete -- "${words[@]}" 2>/dev/null)
  if [[ -n $files ]]; then
    local kind=-f
    [[ $files == folder ]] && kind=-d
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen $kind -- "$typed")
    compopt -o filenames 2>/dev/null
  fi
  [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -F _tinderbox tinderbox
)SHELL";

constexpr const char* kZsh = R"SHELL(#compdef tinderbox
# Completion of tinderbox for zsh: eval "$(tinderbox completion zsh)", after compinit; or as the file _tinderbox in fpath.
_tinderbox() {
  local program="${words[1]/#\~/$HOME}" line files=
  local -a plain open shown shown_open
  for line in "${(@f)$("$program" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      '') ;;
      :file | :folder) files=${line#:} ;;
      *)
        local name="${line%%$'\t'*}"
        if [[ $name == *= ]]; then
          open+=("$name")
          shown_open+=("${line/$'\t'/  -- }")
        else
          plain+=("$name")
          shown+=("${line/$'\t'/  -- }")
        fi
        ;;
    esac
  done
  ((${#plain})) && compadd -l -d shown -- "${plain[@]}"
  ((${#open})) && compadd -l -S '' -d shown_open -- "${open[@]}"
  if [[ $files == folder ]]; then
    [[ $PREFIX == --*=* ]] && compset -P '*='
    _files -/
  elif [[ $files == file ]]; then
    [[ $PREFIX == --*=* ]] && compset -P '*='
    _files
  fi
}
if [[ ${funcstack[1]} == _tinderbox ]]; then
  _tinderbox "$@"
else
  compdef _tinderbox tinderbox
fi
)SHELL";

constexpr const char* kFish = R"SHELL(# Completion of tinderbox for fish: tinderbox completion fish | source
function __tinderbox_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $words[1])
    for line in ($program complete -- $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case :file
                __fish_complete_path "$current"
            case :folder
                __fish_complete_directories "$current" ''
            case '*'
                printf '%s\n' $line
        end
    end
end
complete -c tinderbox -f -a '(__tinderbox_complete)'
)SHELL";

std::vector<std::string> ServicesOf(const cluster::ClusterFolder& folder) {
  std::vector<std::string> names;
  std::set<std::string> roles;
  const cluster::Desired desired = folder.ReadDesired().value_or(cluster::Desired{});
  for (const cluster::Wanted& wanted : desired.services) {
    names.push_back(wanted.service.name);
    if (wanted.service.role != wanted.service.name) roles.insert(wanted.service.role);
  }
  names.insert(names.end(), roles.begin(), roles.end());
  return names;
}

/// Applications and drivers of which a worker has logs, and jobs.
std::vector<std::string> ApplicationsOf(const cluster::ClusterFolder& folder) {
  std::set<std::string> names;
  const auto add = [&](const fs::path& parent) {
    std::error_code error;
    for (fs::directory_iterator entry(parent, error), end; !error && entry != end; entry.increment(error)) {
      const std::string name = entry->path().filename();
      for (const char* begin : {"app-", "driver-", "job-"}) {
        if (name.rfind(begin, 0) == 0) names.insert(name);
      }
    }
  };
  std::error_code error;
  for (fs::directory_iterator worker(folder.path() / "work", error), end; !error && worker != end;
       worker.increment(error))
    add(worker->path());
  add(folder.path() / "jobs");
  return {names.begin(), names.end()};
}

CompletionWorld World() {
  const auto folder = [](const std::string& name) {
    ClusterName flags{name};
    if (const char* variable = std::getenv("TINDERBOX_NAME"); name.empty() && variable != nullptr)
      flags.name = variable;
    return FolderOf(flags);
  };
  CompletionWorld world;
  world.facts = [](const Verb& verb) { return FactsOf(verb.run); };
  world.clusters = [] {
    std::vector<std::string> names;
    for (const cluster::ClusterFolder& each : cluster::ListClusters(UserDirectories())) names.push_back(each.name());
    return names;
  };
  world.services = [folder](const std::string& name) { return ServicesOf(folder(name)); };
  world.applications = [folder](const std::string& name) { return ApplicationsOf(folder(name)); };
  return world;
}

}  // namespace

int RunCompletion(const Arguments& arguments) {
  std::string shell;
  CLI::App app(
      "Prints a script that lets a shell complete verbs, options, files, and the names of clusters, services and "
      "applications that there are.");
  app.add_option("SHELL", shell, "bash, zsh or fish")->required()->check(OneOf({"bash", "zsh", "fish"}));
  app.footer(
      "For example, in a shell that runs:\n"
      "  bash   eval \"$(tinderbox completion bash)\"\n"
      "  zsh    eval \"$(tinderbox completion zsh)\"        after compinit\n"
      "  fish   tinderbox completion fish | source\n"
      "For every one: put that line into ~/.bashrc, ~/.zshrc or ~/.config/fish/config.fish.\n\n"
      "Exit code: 0, or 2 for another shell\n");
  if (!ParseFlags(&app, "completion", arguments)) return kClusterOk;
  WriteOut(shell == "bash" ? kBash : shell == "zsh" ? kZsh : kFish);
  return kClusterOk;
}

/// Not for people: the scripts above ask it. It says nothing about what goes wrong, as nobody would read it.
int RunComplete(const Arguments& arguments) {
  Arguments words = arguments;
  if (!words.empty() && words.front() == "--") words.erase(words.begin());
  Completion completion;
  try {
    completion = Complete(words, World());
  } catch (const Error&) {
    return kClusterFailed;
  }
  std::string out;
  for (const Candidate& candidate : completion.candidates)
    out += candidate.what.empty() ? candidate.text + "\n" : fmt::format("{}\t{}\n", candidate.text, candidate.what);
  if (completion.files != Takes::kNothing) out += completion.files == Takes::kFile ? ":file\n" : ":folder\n";
  WriteOut(out);
  return kClusterOk;
}

}  // namespace tinderbox::cli
