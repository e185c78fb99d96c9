// Runs a fuzz target once over every file of a corpus, for compilers without libFuzzer.

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> inputs;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) inputs.push_back(entry.path());
  }
  if (inputs.empty()) {
    fmt::print(stderr, "no inputs; usage: {} CORPUS_FOLDER...\n", argv[0]);
    return 1;
  }
  std::ranges::sort(inputs);
  for (const auto& input : inputs) {
    fmt::print("{}\n", input.string());
    std::fflush(stdout);  // the last line names the input that crashed
    std::ifstream file(input, std::ios::binary);
    const std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  }
  fmt::print("{} inputs replayed\n", inputs.size());
}
