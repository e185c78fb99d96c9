#pragma once

#include <functional>

namespace tinderbox::connect {

/// Runs `work` on a new thread whose stack is large enough for the deepest plan that ParsePlan lets in, and waits for
/// it. What `work` throws is thrown here.
void RunDeep(const std::function<void()>& work);
/// The same without waiting. `work` must not throw.
void StartDeep(std::function<void()> work);
/// Waits until everything that was started so has ended, and what it held is gone.
void AwaitDeep();

}  // namespace tinderbox::connect
