#pragma once

#include "cluster/extras.h"
#include "cluster/secrets.h"
#include "cluster/spec.h"

namespace tinderbox::cluster {

/// Makes a new password for the service, which has one of its own: what its variable says, or a random one, and writes
/// every file that holds it. The service has it when it starts the next time. Throws Error TINDERBOX_CONFIG when the
/// variable says what is the password already, or cannot be one.
void RotateSecret(const Extra& extra, const ClusterSpec& spec, const Secrets& secrets);

}  // namespace tinderbox::cluster
