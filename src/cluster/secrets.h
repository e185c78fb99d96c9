#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace tinderbox::cluster {

/// Variables that give passwords. Services have none of them in their environment.
inline constexpr std::string_view kPasswordVariables[] = {"MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD", "POSTGRES_PASSWORD",
                                                          "REDIS_PASSWORD"};

/// The passwords of a cluster: one file each in its folder secrets, of this user alone. They are made once, and stand
/// nowhere else: in no argument, no log, no description of a service.
class Secrets {
 public:
  static constexpr size_t kLeastLength = 8;

  explicit Secrets(const std::filesystem::path& cluster_folder) : folder_(cluster_folder / "secrets") {}

  /// The password of that name. Made when there is none yet: what the environment variable says, if it is set, else
  /// random letters and digits. What is given has `least` letters or more. Throws Error TINDERBOX_CONFIG when the
  /// variable differs from what was made before, or cannot be a password.
  std::string Password(const std::string& name, const char* variable, size_t least = kLeastLength) const;
  /// What the variable says, or "". Throws Error TINDERBOX_CONFIG when it cannot be a password.
  static std::string Given(const char* variable, size_t least = kLeastLength);
  /// Random letters and digits.
  static std::string Random();
  bool Has(const std::string& name) const;
  /// Puts the file in the place of another.
  void Rename(const std::string& name, const std::string& other) const;
  /// What the file of that name holds. Throws Error PATH_NOT_FOUND or FAILED_READ_FILE.NO_HINT.
  std::string Read(const std::string& name) const;
  /// Writes a file that holds passwords; `name` is relative to the folder.
  void Write(const std::string& name, std::string_view content) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace tinderbox::cluster
