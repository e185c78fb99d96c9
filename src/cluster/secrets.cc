#include "cluster/secrets.h"

#include <algorithm>
#include <cstdlib>

#include "base/fail.h"
#include "base/mapped_file.h"
#include "base/random_name.h"
#include "cluster/folder.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCondition = "TINDERBOX_CONFIG";
constexpr size_t kRandomLength = 32;

}  // namespace

std::string Secrets::Random() {
  return base::RandomName(kRandomLength);
}

std::string Secrets::Given(const char* variable, size_t least) {
  const char* said = std::getenv(variable);
  const std::string given = said == nullptr ? "" : said;
  const bool plain = std::all_of(given.begin(), given.end(), [](unsigned char c) { return c > ' ' && c < 127; });
  if (!given.empty() && (!plain || given.size() < least))
    base::Fail(kCondition,
               "The variable {} cannot be a password: it takes {} or more letters, digits and marks, without spaces.",
               variable, least);
  return given;
}

std::string Secrets::Password(const std::string& name, const char* variable, size_t least) const {
  const std::string given = Given(variable, least);
  const fs::path file = folder_ / name;
  if (const std::string before = Has(name) ? Read(name) : ""; !before.empty()) {
    if (!given.empty() && given != before)
      base::Fail(kCondition,
                 "The variable {} differs from the password that this cluster was made with, which {} holds. A "
                 "cluster's passwords stay as they are: unset the variable.",
                 variable, file.string());
    return before;
  }
  const std::string password = given.empty() ? Random() : given;
  Write(name, password);
  return password;
}

bool Secrets::Has(const std::string& name) const {
  return fs::exists(folder_ / name);
}

void Secrets::Rename(const std::string& name, const std::string& other) const {
  std::error_code error;
  fs::rename(folder_ / name, folder_ / other, error);
  if (error)
    base::Fail("TINDERBOX_WRITE_FAILED", "The file {} cannot be put in the place of {}: {}.", (folder_ / name).string(),
               other, error.message());
}

std::string Secrets::Read(const std::string& name) const {
  return std::string(base::MappedFile(folder_ / name).bytes());
}

void Secrets::Write(const std::string& name, std::string_view content) const {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error)
    base::Fail("TINDERBOX_WRITE_FAILED", "The folder {} cannot be made: {}.", folder_.string(), error.message());
  fs::permissions(folder_, fs::perms::owner_all, error);
  ReplaceFile(folder_ / name, content);
}

}  // namespace tinderbox::cluster
