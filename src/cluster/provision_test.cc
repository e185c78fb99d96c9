#include "cluster/provision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/temp_dir.h"
#include "cluster/folder.h"
#include "cluster/provision_extras.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

void Write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

TEST(Provision, ChecksWhatIsInstalled) {
  const base::TempDir folder;
  const fs::path& cache = folder.path();
  EXPECT_THAT(CheckCache(cache), IsEmpty());
  const fs::path minio = ProvisionMinio(cache, Progress());
  Write(minio, "abc");
  // The digest of "abc" as FIPS 180-4 has it.
  Write(minio.string() + ".sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n");
  EXPECT_THAT(CheckCache(cache), IsEmpty());
  Write(minio, "abd");
  EXPECT_THAT(CheckCache(cache), ElementsAre(HasSubstr("is not the program that was compiled")));
  fs::remove(minio);
  EXPECT_THAT(CheckCache(cache), ElementsAre(HasSubstr("is not the program that was compiled")));
  fs::remove_all(minio.parent_path());

  const fs::path driver = ProvisionPostgresDriver(cache, Progress());
  Write(driver / "lib" / "postgresql-42.7.7.jar", "not a jar");
  EXPECT_THAT(CheckCache(cache), ElementsAre(HasSubstr("PostgreSQL's JDBC driver 42.7.7 is not as it was installed")));
  fs::remove_all(driver / "lib");
  EXPECT_THAT(CheckCache(cache), ElementsAre(HasSubstr("missing or changed")));
  fs::remove_all(driver);
}

TEST(Provision, TellsAnInstallationUnderWayFromOneThatWasCutOff) {
  const base::TempDir folder;
  const fs::path dist = folder.path() / "dist";
  fs::create_directories(dist / "minio-v1.2.partial");
  EXPECT_THAT(CheckCache(folder.path()), ElementsAre(HasSubstr("cut off")));
  const FileLock lock = FileLock::Wait(dist / "minio-v1.2.lock");
  EXPECT_THAT(CheckCache(folder.path()), IsEmpty());
}

}  // namespace
}  // namespace tinderbox::cluster
