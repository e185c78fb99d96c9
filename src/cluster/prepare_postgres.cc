#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/fail.h"
#include "cluster/prepare.h"
#include "cluster/secrets.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCondition = "TINDERBOX_PREPARE";
constexpr const char* kPassword = "postgres-password";

/// Whom the server runs as: this user, or another one when this is root.
class Account {
 public:
  Account() {
    if (::geteuid() != 0) return;
    const passwd* entry = ::getpwnam("postgres");
    if (entry == nullptr) entry = ::getpwnam("nobody");
    if (entry == nullptr)
      base::Fail(kCondition,
                 "PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody.");
    user_ = entry->pw_uid;
    group_ = entry->pw_gid;
    other_ = true;
  }

  /// The command, run as the account.
  std::vector<std::string> Run(const std::vector<std::string>& command) const {
    if (!other_) return command;
    std::vector<std::string> words = {"setpriv", fmt::format("--reuid={}", user_), fmt::format("--regid={}", group_),
                                      "--clear-groups", "--no-new-privs"};
    words.insert(words.end(), command.begin(), command.end());
    return words;
  }

  /// A path by which the account reaches the folder, which it is given. The folders above may be closed to it: then an
  /// open file of this process, which what it starts inherits, is the way in.
  std::string Reach(const fs::path& folder) const {
    if (!other_) return folder;
    const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY);
    if (file < 0 || ::fchown(file, user_, group_) != 0)
      base::FailErrno(kCondition, errno, fmt::format("The folder {} cannot be given to PostgreSQL", folder.string()));
    return fmt::format("/proc/self/fd/{}", file);
  }

 private:
  bool other_ = false;
  uid_t user_ = 0;
  gid_t group_ = 0;
};

std::string Quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

/// Runs statements on a server that stands alone, which asks nobody for a password, and writes none into its log.
void RunAlone(const PostgresPlan& plan, const Account& account, const std::string& path, const std::string& what,
              const std::string& statements) {
  RunStep(account.Run({plan.programs + "/postgres", "--single", "-D", path, "-c", "exit_on_error=on", "-c",
                       "log_min_error_statement=panic", "-c", "standard_conforming_strings=on", "postgres"}),
          what, statements);
}

std::string SetPassword(const PostgresPlan& plan, const std::string& password) {
  return fmt::format("ALTER ROLE {} PASSWORD {}\n", Quoted(plan.user, '"'), Quoted(password, '\''));
}

void MakeDatabase(const PostgresPlan& plan, const Account& account, const fs::path& folder) {
  fs::create_directory(folder);
  fs::permissions(folder, fs::perms::owner_all);
  const std::string path = account.Reach(folder);
  // Nobody is let in before there is a password.
  RunStep(account.Run({plan.programs + "/initdb", "--pgdata=" + path, "--username=" + plan.user, "--auth=reject",
                       "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"}),
          "Making the database");
  std::string statements = SetPassword(plan, Secrets(plan.folder).Read(kPassword));
  if (plan.database != "postgres")
    statements += fmt::format("CREATE DATABASE {} OWNER {}\n", Quoted(plan.database, '"'), Quoted(plan.user, '"'));
  RunAlone(plan, account, path, "Making the database's user", statements);
  // Written over what initdb made, so that it stays the account's.
  std::ofstream rules(folder / "pg_hba.conf", std::ios::trunc);
  rules << "host all all all scram-sha-256\n";
  rules.close();
  if (!rules) base::Fail(kCondition, "The file {} cannot be written.", (folder / "pg_hba.conf").string());
}

}  // namespace

void BecomePostgres(const PostgresPlan& plan, const std::vector<std::string>& command) {
  const Account account;
  const fs::path data = fs::path(plan.folder) / "data";
  const fs::path folder = data / "postgres";
  if (!fs::exists(folder / "PG_VERSION")) {
    if (fs::exists(folder) && !fs::is_empty(folder))
      base::Fail(kCondition,
                 "PostgreSQL's folder {} has no database, and is not empty: nothing is made over it. Put back what it "
                 "lacks, or remove it when there is nothing in it that you need.",
                 folder.string());
    const fs::path partial = data / "postgres.partial";
    fs::remove_all(partial);
    fs::create_directories(data);
    MakeDatabase(plan, account, partial);
    fs::rename(partial, folder);
  }
  const std::string path = account.Reach(folder);
  // A password that is to take the place of this one. When this is cut short, it is done again.
  const Secrets secrets(plan.folder);
  const std::string next = std::string(kPassword) + ".new";
  if (secrets.Has(next)) {
    RunAlone(plan, account, path, "Changing the password", SetPassword(plan, secrets.Read(next)));
    secrets.Rename(next, kPassword);
  }
  std::vector<std::string> words = command;
  words.insert(words.begin() + 1, {"-D", path});
  Become(account.Run(words));
}

}  // namespace tinderbox::cluster
