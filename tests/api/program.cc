// One program for every engine: program [--on sc://HOST:PORT] [--case TEXT] FOLDER runs each case and prints what it
// answers. FOLDER is empty and can be read and written by the engine.
#include "program.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace tinderbox::api_test {
namespace {

std::string Schema(const StructType& schema) {
  std::string out;
  for (const StructField& field : schema.fields) {
    if (!out.empty()) out += ", ";
    out += field.name + " " + field.type.SimpleString() + (field.nullable ? "" : " NOT NULL");
  }
  return out + "\n";
}

std::vector<std::string> Lines(const std::vector<Row>& rows) {
  std::vector<std::string> out;
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) line += (i == 0 ? "" : " | ") + row[i].ToJson();
    out.push_back(line + "\n");
  }
  return out;
}

std::string Join(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line;
  return out;
}

std::vector<Case> AllCases() {
  std::vector<Case> out;
  for (const auto& cases : {ColumnCases(), RowCases(), GroupCases(), JoinCases(), FunctionCases(), FileCases(),
                            TableCases(), SessionCases(), TypedCases()}) {
    out.insert(out.end(), cases.begin(), cases.end());
  }
  return out;
}

int Main(int count, char** words) {
  std::string remote;
  std::string only;
  std::string folder;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(words[i], "--on") == 0 && i + 1 < count) {
      remote = words[++i];
    } else if (std::strcmp(words[i], "--case") == 0 && i + 1 < count) {
      only = words[++i];
    } else {
      folder = words[i];
    }
  }
  EmbeddedOptions options;
  options.warehouse = folder + "/warehouse";
  const Session session = remote.empty() ? Session::Embedded(options) : Session::Connect(remote);
  for (const Case& one : AllCases()) {
    if (one.name.find(only) == std::string::npos) continue;
    std::string answer;
    try {
      const std::string own = folder + "/" + std::to_string(std::hash<std::string>()(one.name));
      std::filesystem::create_directories(own);
      answer = one.run(session, own);
    } catch (const Error& e) {
      answer = "error " + e.condition() + "\n";
      std::fprintf(stderr, "%s: %s\n", one.name.c_str(), e.what());
    } catch (const std::exception& e) {
      answer = "exception\n";
      std::fprintf(stderr, "%s: %s\n", one.name.c_str(), e.what());
    }
    std::printf("== %s\n%s", one.name.c_str(), answer.c_str());
  }
  return 0;
}

}  // namespace

std::string Print(const DataFrame& frame) {
  return Schema(frame.Schema()) + Join(Lines(frame.Collect()));
}

std::string PrintSorted(const DataFrame& frame) {
  std::vector<std::string> lines = Lines(frame.Collect());
  std::sort(lines.begin(), lines.end());
  return Schema(frame.Schema()) + Join(lines);
}

std::string Print(const std::vector<Row>& rows) {
  return Join(Lines(rows));
}

std::string ErrorOf(const std::function<void()>& step) {
  try {
    step();
  } catch (const Error& e) {
    return "error " + e.condition() + "\n";
  }
  return "no error\n";
}

DataFrame Sales(const Session& session) {
  using Row = std::tuple<int32_t, std::string, std::optional<std::string>, std::optional<double>, std::vector<int32_t>>;
  const std::vector<Row> rows = {{1, "north", "apple", 3.5, {1, 2}}, {2, "north", "pear", 2.0, {3}},
                                 {3, "south", "apple", {}, {}},      {4, "south", {}, 7.25, {4, 5, 6}},
                                 {5, "east", "plum", -1.5, {7}},     {6, "north", "apple", 3.5, {1, 2}}};
  return session.CreateDataFrame({"id", "region", "item", "price", "xs"}, rows);
}

}  // namespace tinderbox::api_test

int main(int count, char** words) {
  return tinderbox::api_test::Main(count, words);
}
