#pragma once

#include <chrono>
#include <functional>

namespace tinderbox::connect {

/// How calls that fail for a while are made again. The defaults are Spark's: about ten minutes in all.
struct RetryPolicy {
  using Milliseconds = std::chrono::milliseconds;

  int max_retries = 15;
  Milliseconds initial_backoff{50};
  Milliseconds max_backoff{60'000};
  double multiplier = 4;
  Milliseconds jitter{500};                  ///< up to so much is added…
  Milliseconds min_jitter_threshold{2'000};  ///< …to waits of at least this
  Milliseconds max_server_delay{600'000};    ///< of what a server asks for
  /// A number from 0 to 1 for the jitter; empty: a random one.
  std::function<double()> random;
  /// Waits, for tests with a clock of their own; empty: really waits, and an interrupt ends it.
  std::function<void(Milliseconds)> sleep;
};

}  // namespace tinderbox::connect
