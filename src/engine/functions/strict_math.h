#pragma once

namespace tinderbox::engine {

// What Java's StrictMath computes where the C library differs from it in the last digit: the same steps, and so the
// same roundings.

double StrictLog(double x);
double StrictLog10(double x);
double StrictCubeRoot(double x);
double StrictHypot(double x, double y);

}  // namespace tinderbox::engine
