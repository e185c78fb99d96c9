#include "cluster/rotate.h"

#include <cstdlib>

#include "base/fail.h"

namespace tinderbox::cluster {

void RotateSecret(const Extra& extra, const ClusterSpec& spec, const Secrets& secrets) {
  const OwnSecret& secret = extra.secret;
  const std::string given = Secrets::Given(secret.variable);
  if (!given.empty() && given == secrets.Read(secret.file))
    base::Fail(
        "TINDERBOX_CONFIG",
        "The variable {} says what is the password already. Unset it, and one is made at random; or set another.",
        secret.variable);
  // From here on the files say what holds. That the other variables agree with them shows before one is changed.
  ::unsetenv(secret.variable);
  extra.write_secrets(spec, secrets);
  secrets.Write(secret.file + std::string(secret.at_start ? ".new" : ""), given.empty() ? Secrets::Random() : given);
  extra.write_secrets(spec, secrets);
}

}  // namespace tinderbox::cluster
