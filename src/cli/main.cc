#include "cli/verbs.h"

int main(int argc, char** argv) {
  return tinderbox::cli::Run(argv[0], {argv + 1, argv + argc});
}
