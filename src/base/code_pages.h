#pragma once

namespace tinderbox::base {

/// Takes the pages of the program and its libraries that nothing can have changed (code and constants) out of this
/// process's memory. They stay in the system's file cache, from where those still needed come back at a touch. For a
/// process that has started, touched much for that, and now waits.
void ReleaseCodePages();

}  // namespace tinderbox::base
