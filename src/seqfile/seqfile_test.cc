#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "base/temp_dir.h"
#include "seqfile/pack.h"
#include "seqfile/writer.h"

namespace tinderbox::seqfile {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

using Files = std::map<std::string, std::string>;
const Progress kSilent = [](uint64_t, uint64_t) {};

void WriteFile(const fs::path& path, std::string_view content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Files ReadTree(const fs::path& folder) {
  Files out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) out[fs::relative(entry.path(), folder)] = ReadFile(entry.path());
  }
  return out;
}

/// Takes the files into memory.
class MapSink : public EntrySink {
 public:
  void Begin(const std::string&, uint64_t) override { content_.clear(); }
  void Write(std::string_view bytes) override { content_ += bytes; }
  void End(const Entry& entry) override {
    EXPECT_EQ(entry.size, content_.size());
    files[entry.name] = content_;
  }
  void Discard() override {}
  Files files;

 private:
  std::string content_;
};

ScanResult ScanInto(const fs::path& path, Files* files, bool recover = false) {
  Reader reader(std::make_shared<const base::InputFile>(path.string()));
  MapSink sink;
  const ScanResult result = Scan(&reader, path.string(), {true, recover}, &sink);
  *files = sink.files;
  return result;
}

/// Keys and values as they are, of all splits of a size after each other.
std::vector<std::pair<std::optional<std::string>, std::string>> Records(const fs::path& path, uint64_t split = 0) {
  const auto file = std::make_shared<const base::InputFile>(path.string());
  std::vector<std::pair<std::optional<std::string>, std::string>> out;
  for (uint64_t begin = 0; begin == 0 || (split > 0 && begin < file->size()); begin += split) {
    Reader reader(file);
    if (split > 0) reader.Limit(begin, begin + split);
    while (reader.Next()) {
      std::string value(reader.ValueSize(), '\0');
      size_t at = 0;
      while (const size_t n = reader.ReadValue(value.data() + at, value.size() - at)) at += n;
      EXPECT_EQ(at, value.size());
      out.emplace_back(reader.key(), value);
    }
    if (split == 0) break;
  }
  return out;
}

std::string MessageOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.condition() + ": " + error.what();
  }
  return "no error";
}

struct Kind {
  const char* codec;
  Compression compression;
};
std::vector<Kind> AllKinds() {
  std::vector<Kind> kinds{{nullptr, Compression::kNone}};
  static const std::vector<std::string> names = CodecNames();
  for (const std::string& name : names) {
    for (const auto compression : {Compression::kRecord, Compression::kBlock})
      kinds.push_back({name.c_str(), compression});
  }
  return kinds;
}

/// One of each way through the code, for tests of every byte.
std::vector<Kind> FewKinds() {
  return {{nullptr, Compression::kNone},
          {"deflate", Compression::kRecord},
          {"zstd", Compression::kBlock},
          {"snappy", Compression::kBlock}};
}

PackOptions OptionsFor(const Kind& kind, std::vector<fs::path> inputs, const fs::path& output) {
  PackOptions options;
  options.find.inputs = std::move(inputs);
  options.find.output = output;
  options.compression = kind.compression;
  options.codec = kind.codec == nullptr ? nullptr : FindCodec(kind.codec);
  return options;
}

class SeqfileTest : public testing::Test {
 protected:
  const fs::path& folder() const { return folder_.path(); }
  PackResult PackAll(const Kind& kind = {nullptr, Compression::kNone}) const {
    return Pack(OptionsFor(kind, {folder() / "in"}, folder() / "out.seq"), kSilent);
  }
  Files Given() const { return ReadTree(folder() / "in"); }

 private:
  base::TempDir folder_;
};

const fs::path kHadoop = "tests/seqfile/hadoop";

Files HadoopFiles() {
  Files files{{"empty", ""}};
  for (int i = 0; i < 30; ++i) files["a/hello.txt"] += "hello\n";
  for (int i = 0; i < 256; ++i) files["ü/ß"] += static_cast<char>(i);
  return files;
}

std::string Repeated(int number, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += fmt::format("{:03};", number);
  return out;
}

TEST(SeqfileHadoop, EveryCodecThatHadoopWrites) {
  for (const char* name :
       {"none_none", "deflate_record", "deflate_block", "deflate_class_block", "gzip_record", "gzip_block",
        "bzip2_record", "bzip2_block", "snappy_record", "snappy_block", "lz4_record", "lz4_block"}) {
    SCOPED_TRACE(name);
    Files files;
    ScanInto(kHadoop / (std::string(name) + ".seq"), &files);
    EXPECT_EQ(files, HadoopFiles());
  }
}

TEST(SeqfileHadoop, MetadataOfOthers) {
  const Reader reader(std::make_shared<const base::InputFile>((kHadoop / "none_none.seq").string()));
  ASSERT_NE(reader.header().FindMetadata("written by"), nullptr);
  EXPECT_EQ(*reader.header().FindMetadata("written by"), "Hadoop");
  EXPECT_EQ(*reader.header().FindMetadata("empty"), "");
}

TEST(SeqfileHadoop, SyncMarkersAndSeveralBlocks) {
  for (const char* name : {"many_none", "many_deflate_record"}) {
    const fs::path path = kHadoop / (std::string(name) + ".seq");
    const auto whole = Records(path);
    ASSERT_EQ(whole.size(), 50U);
    for (int i = 0; i < 50; ++i) {
      EXPECT_EQ(whole[static_cast<size_t>(i)].first, fmt::format("file-{:03}", i));
      EXPECT_EQ(whole[static_cast<size_t>(i)].second, Repeated(i, 1500));
    }
    for (const uint64_t split : {30'000, 99'999}) EXPECT_EQ(Records(path, split), whole) << split;
  }
  const auto large = Records(kHadoop / "large_deflate_block.seq");
  ASSERT_EQ(large.size(), 6U);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(large[static_cast<size_t>(i)].second, Repeated(i, 100'000));
  for (const uint64_t split : {100, 700, 2000}) {
    EXPECT_EQ(Records(kHadoop / "large_deflate_block.seq", split), large);
  }
  for (const char* name : {"large_snappy_record", "large_lz4_record"}) {
    const auto two = Records(kHadoop / (std::string(name) + ".seq"));
    ASSERT_EQ(two.size(), 2U);
    EXPECT_EQ(two[1].second, Repeated(1, 100'000));
  }
}

TEST(SeqfileHadoop, OtherClasses) {
  using Pairs = std::vector<std::pair<std::optional<std::string>, std::string>>;
  EXPECT_EQ(Records(kHadoop / "text_text.seq"), (Pairs{{"k", "väl"}, {"", ""}}));
  EXPECT_EQ(Records(kHadoop / "text_text_block.seq"), (Pairs{{"k", "väl"}, {"", std::string(300, 'x')}, {"z", ""}}));
  EXPECT_EQ(Records(kHadoop / "int_bytes.seq"), (Pairs{{"-5", "minus five"}, {"7", ""}}));
  EXPECT_EQ(Records(kHadoop / "long_null.seq"), (Pairs{{"-1099511627776", ""}, {"4611686018427387904", ""}}));
  EXPECT_EQ(Records(kHadoop / "null_bytes.seq"), (Pairs{{std::nullopt, "one"}, {std::nullopt, "two"}}));
  EXPECT_EQ(Records(kHadoop / "no_records_none.seq"), Pairs{});
  EXPECT_EQ(Records(kHadoop / "no_records_block.seq"), Pairs{});
  EXPECT_THAT(MessageOf([] { Records(kHadoop / "double_key.seq"); }),
              HasSubstr("keys of this SequenceFile are of the class \"org.apache.hadoop.io.DoubleWritable\""));
  EXPECT_THAT(MessageOf([] {
                Files files;
                ScanInto(kHadoop / "int_bytes.seq", &files);
              }),
              HasSubstr("holds no files"));
}

TEST_F(SeqfileTest, RandomFilesComeBack) {
  std::mt19937 random(20240607);
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  const std::vector<std::string> parts{"a", "B b", "ü", "日本語", "-", "...", "x\ny", std::string(200, 'n')};
  const std::vector<size_t> sizes{0, 1, 5, 112, 127, 128, 255, 4095, 65536, 131072, 131073, 300'000, 1'000'500};
  for (const Kind& kind : AllKinds()) {
    SCOPED_TRACE(fmt::format("{} {}", kind.codec == nullptr ? "none" : kind.codec, NameOf(kind.compression)));
    fs::remove_all(folder() / "in");
    fs::remove_all(folder() / "back");
    fs::remove(folder() / "out.seq");
    for (size_t i = 0, n = 1 + below(12); i < n; ++i) {
      std::string name;
      for (size_t depth = below(3); depth > 0; --depth) name += parts[below(parts.size())] + "/";
      std::string content(sizes[below(sizes.size())], 'z');
      const bool noise = below(2) == 0;
      for (size_t at = 0; at < content.size(); ++at) content[at] = static_cast<char>(noise ? random() : 'a' + at % 23);
      WriteFile(folder() / "in" / (name + fmt::format("file{}", i)), content);
    }
    const PackResult packed = PackAll(kind);
    const Files given = Given();
    EXPECT_EQ(packed.files, given.size());
    EXPECT_EQ(packed.packed_bytes, fs::file_size(folder() / "out.seq"));
    const ScanResult back = Unpack({folder() / "out.seq", folder() / "back", false, false}, kSilent);
    EXPECT_EQ(back.files, given.size());
    EXPECT_EQ(back.bytes, packed.bytes);
    EXPECT_EQ(ReadTree(folder() / "back"), given);
    // Splits of any size give every record once.
    EXPECT_EQ(Records(folder() / "out.seq", 1 + below(3'000'000)).size(), given.size());
  }
}

TEST_F(SeqfileTest, AFileCutAnywhereIsAnErrorAndTheRestIsRecovered) {
  for (const char* name : {"one", "two", "three"}) WriteFile(folder() / "in" / name, std::string(20, name[0]));
  for (const Kind& kind : FewKinds()) {
    SCOPED_TRACE(fmt::format("{} {}", kind.codec == nullptr ? "none" : kind.codec, NameOf(kind.compression)));
    fs::remove(folder() / "out.seq");
    PackAll(kind);
    const std::string bytes = ReadFile(folder() / "out.seq");
    for (size_t size = 0; size < bytes.size(); ++size) {
      WriteFile(folder() / "cut.seq", std::string_view(bytes).substr(0, size));
      Files files;
      EXPECT_THROW(ScanInto(folder() / "cut.seq", &files), Error) << size;
      try {
        EXPECT_FALSE(ScanInto(folder() / "cut.seq", &files, true).damages.empty()) << size;
        for (const auto& [name, content] : files) EXPECT_EQ(content, std::string(20, name[0]));
      } catch (const Error&) {  // in its head there is nothing to recover
      }
    }
  }
}

TEST_F(SeqfileTest, AChangedByteNeverGoesUnseen) {
  WriteFile(folder() / "in/one", "some content, some content");
  WriteFile(folder() / "in/two", "other");
  for (const Kind& kind : FewKinds()) {
    SCOPED_TRACE(fmt::format("{} {}", kind.codec == nullptr ? "none" : kind.codec, NameOf(kind.compression)));
    fs::remove(folder() / "out.seq");
    PackAll(kind);
    const std::string bytes = ReadFile(folder() / "out.seq");
    const Files given = Given();
    for (size_t at = 0; at < bytes.size(); ++at) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ 0x21);
      WriteFile(folder() / "changed.seq", changed);
      try {
        Files files;
        ScanInto(folder() / "changed.seq", &files);
        // Names and the unused sync marker are not under a checksum; contents are.
        std::vector<std::string> contents, expected;
        for (const auto& [name, content] : files) contents.push_back(content);
        for (const auto& [name, content] : given) expected.push_back(content);
        EXPECT_THAT(contents, testing::UnorderedElementsAreArray(expected)) << at;
      } catch (const Error& error) {
        EXPECT_NE(error.condition(), "INTERNAL_ERROR") << at << ": " << error.what();
      }
    }
  }
}

TEST_F(SeqfileTest, RecoveryLosesOnlyWhatIsDamaged) {
  for (int i = 0; i < 40; ++i) WriteFile(folder() / fmt::format("in/{:02}", i), Repeated(i, 5000));
  for (const Kind& kind : {Kind{nullptr, Compression::kNone}, Kind{"deflate", Compression::kRecord}}) {
    fs::remove(folder() / "out.seq");
    PackAll(kind);
    std::string bytes = ReadFile(folder() / "out.seq");
    // The content of one, and the length of the record of another far behind.
    const auto place = [&](const std::string& name) { return bytes.find("\x02" + name); };
    bytes[place("03") + 40] ^= 1;
    bytes[place("20") - 8] ^= 0x7f;
    WriteFile(folder() / "out.seq", bytes);
    Files files;
    const std::string message = MessageOf([&] { ScanInto(folder() / "out.seq", &files); });
    EXPECT_THAT(message, HasSubstr("is damaged at byte "));
    const ScanResult result = ScanInto(folder() / "out.seq", &files, true);
    const Files given = Given();
    EXPECT_EQ(result.damages.size(), 3U) << fmt::format("{}", fmt::join(result.damages, "\n"));
    EXPECT_FALSE(files.contains("03"));
    EXPECT_FALSE(files.contains("20"));
    // Behind a wrong length everything up to the next marker is lost, 100 KB: when records are small, all that follows.
    EXPECT_GE(files.size(), kind.codec == nullptr ? 32U : 19U);
    for (const auto& [name, content] : files) EXPECT_EQ(content, given.at(name));
  }
}

TEST_F(SeqfileTest, NamesThatLeaveTheFolder) {
  EXPECT_EQ(UnsafeName("a/b..c/..d"), "");
  for (const char* name : {"", "/etc/passwd", "..", "../x", "a/../../x", "a/..", "a//b", "./a", "a/", "."}) {
    SCOPED_TRACE(name);
    EXPECT_NE(UnsafeName(name), "");
    fs::remove(folder() / "bad.seq");
    Writer writer((folder() / "bad.seq").string(), {});
    bool given = false;
    writer.Append("good", 0, [](char*, size_t) { return 0; });
    writer.Append(name, 1, [&](char* out, size_t) {
      given = true;
      *out = 'x';
      return size_t{1};
    });
    writer.Finish();
    EXPECT_TRUE(given);
    EXPECT_THAT(MessageOf([&] {
                  Unpack({folder() / "bad.seq", folder() / "new/out", false, false}, kSilent);
                }),
                HasSubstr("TINDERBOX_UNSAFE_NAME"));
    EXPECT_FALSE(fs::exists(folder() / "new"));
  }
  EXPECT_NE(UnsafeName(std::string("a\0b", 3)), "");
}

TEST_F(SeqfileTest, NothingIsOverwrittenUnasked) {
  WriteFile(folder() / "in/a", "new a");
  WriteFile(folder() / "in/d/b", "new b");
  PackAll();
  EXPECT_THAT(MessageOf([&] { PackAll(); }), HasSubstr("PATH_ALREADY_EXISTS"));
  WriteFile(folder() / "out/d/b", "old b");
  WriteFile(folder() / "out/mine", "mine");
  EXPECT_THAT(MessageOf([&] {
                Unpack({folder() / "out.seq", folder() / "out", false, false}, kSilent);
              }),
              HasSubstr("exists already; --force"));
  EXPECT_EQ(ReadTree(folder() / "out"), (Files{{"d/b", "old b"}, {"mine", "mine"}}));
  Unpack({folder() / "out.seq", folder() / "out", true, false}, kSilent);
  EXPECT_EQ(ReadTree(folder() / "out"), (Files{{"a", "new a"}, {"d/b", "new b"}, {"mine", "mine"}}));
  // A link in the way could lead anywhere.
  fs::remove_all(folder() / "out/d");
  fs::create_directory(folder() / "elsewhere");
  fs::create_directory_symlink(folder() / "elsewhere", folder() / "out/d");
  EXPECT_THAT(MessageOf([&] {
                Unpack({folder() / "out.seq", folder() / "out", true, false}, kSilent);
              }),
              HasSubstr("symbolic link"));
  EXPECT_TRUE(fs::is_empty(folder() / "elsewhere"));
}

TEST_F(SeqfileTest, TheSameNameTwiceIsRefused) {
  Writer writer((folder() / "twice.seq").string(), {});
  for (int i = 0; i < 2; ++i) writer.Append("same", 0, [](char*, size_t) { return 0; });
  writer.Finish();
  EXPECT_THAT(MessageOf([&] {
                Unpack({folder() / "twice.seq", folder() / "out", true, false}, kSilent);
              }),
              HasSubstr("\"same\" twice"));
  EXPECT_FALSE(fs::exists(folder() / "out"));
}

TEST_F(SeqfileTest, WhatCannotBePackedStopsItOrIsNamed) {
  WriteFile(folder() / "in/good", "good");
  WriteFile(folder() / "in/bad\xff", "latin");
  WriteFile(folder() / "target/linked", "linked");
  fs::create_symlink(folder() / "target/linked", folder() / "in/link");
  fs::create_directory_symlink(folder() / "in", folder() / "in/loop");
  fs::create_symlink("nowhere", folder() / "in/dangling");
  fs::create_directories(folder() / "in/empty");
  ASSERT_EQ(mkfifo((folder() / "in/pipe").c_str(), 0600), 0);
  const std::string message = MessageOf([&] { PackAll(); });
  for (const char* part : {"TINDERBOX_NOT_PACKED", "not UTF-8", "symbolic link", "a pipe", "--skip"}) {
    EXPECT_THAT(message, HasSubstr(part));
  }
  EXPECT_FALSE(fs::exists(folder() / "out.seq"));

  PackOptions options = OptionsFor({nullptr, Compression::kNone}, {folder() / "in"}, folder() / "out.seq");
  options.skip = true;
  PackResult result = Pack(options, kSilent);
  EXPECT_EQ(result.files, 1U);
  EXPECT_EQ(result.left_out.size(), 5U);
  EXPECT_EQ(result.empty_folders, 1U);

  options.overwrite = true;
  options.find.follow = true;
  result = Pack(options, kSilent);
  EXPECT_EQ(result.left_out.size(), 4U);  // the name, the loop, the one that leads nowhere, the pipe
  Files files;
  ScanInto(folder() / "out.seq", &files);
  EXPECT_EQ(files, (Files{{"good", "good"}, {"link", "linked"}}));
}

TEST_F(SeqfileTest, NamesOfInputs) {
  WriteFile(folder() / "in/x/1.json", "1");
  WriteFile(folder() / "in/y/1.json", "2");
  WriteFile(folder() / "in/y/2.txt", "3");
  const auto names = [&](std::vector<fs::path> inputs, const fs::path& base = {}) {
    FindOptions options;
    for (const fs::path& input : inputs) options.inputs.push_back(folder() / input);
    options.base = base;
    std::vector<std::string> out;
    for (const FoundFile& file : FindFiles(options).files) out.push_back(file.name);
    return out;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names({"in"}), (Names{"x/1.json", "y/1.json", "y/2.txt"}));
  EXPECT_EQ(names({"in/"}), (Names{"x/1.json", "y/1.json", "y/2.txt"}));
  EXPECT_EQ(names({"in/x/1.json"}), (Names{"1.json"}));
  EXPECT_EQ(names({"in/*/*.json"}), (Names{"x/1.json", "y/1.json"}));
  EXPECT_EQ(names({"in/y/{1,2}.*"}), (Names{"1.json", "2.txt"}));
  EXPECT_EQ(names({"in/y*"}), (Names{"y/1.json", "y/2.txt"}));
  EXPECT_EQ(names({"in/x", "in/y"}, folder() / "in"), (Names{"x/1.json", "y/1.json", "y/2.txt"}));
  EXPECT_THAT(MessageOf([&] { names({"in/x", "in/y"}); }), HasSubstr("would both have the name \"1.json\""));
  EXPECT_THAT(MessageOf([&] { names({"in/x"}, folder() / "in/y"); }), HasSubstr("is not below the folder of --base"));
  EXPECT_THAT(MessageOf([&] { names({"in/*.xml"}); }), HasSubstr("PATH_NOT_FOUND"));
  EXPECT_THAT(MessageOf([&] { names({"nothing"}); }), HasSubstr("PATH_NOT_FOUND"));
}

TEST_F(SeqfileTest, TheOutputIsNotPackedIntoItself) {
  WriteFile(folder() / "in/a", "a");
  const auto options = [&] {
    return OptionsFor({nullptr, Compression::kNone}, {folder() / "in"}, folder() / "in/all.seq");
  };
  Pack(options(), kSilent);
  PackOptions again = options();
  again.overwrite = true;
  EXPECT_EQ(Pack(again, kSilent).files, 1U);
}

TEST_F(SeqfileTest, AFileThatChangesMeanwhile) {
  for (const char* change : {"", "longer than before"}) {
    fs::remove(folder() / "out.seq");
    WriteFile(folder() / "in/a", "first");
    WriteFile(folder() / "in/b", "second");
    const auto on_first = [&](uint64_t done, uint64_t) {
      if (done == 5) WriteFile(folder() / "in/b", change);
    };
    const std::string message = MessageOf([&] {
      Pack(OptionsFor({nullptr, Compression::kNone}, {folder() / "in"}, folder() / "out.seq"), on_first);
    });
    EXPECT_THAT(message, HasSubstr("while it was packed"));
    EXPECT_FALSE(fs::exists(folder() / "out.seq"));
  }
}

TEST_F(SeqfileTest, MoreThanARecordHolds) {
  WriteFile(folder() / "in/large", "");
  fs::resize_file(folder() / "in/large", kMaxValue + 1);  // sparse
  EXPECT_THAT(MessageOf([&] { PackAll(); }), HasSubstr("2147483640 bytes are more than the 2 GB of a record"));
}

TEST(SeqfileBytes, VInts) {
  // By Hadoop's documentation: one byte from -112 to 127, else a first byte that tells sign and length.
  const std::vector<std::pair<int64_t, std::string>> known{{0, std::string(1, '\0')},
                                                           {127, "\x7f"},
                                                           {-112, "\x90"},
                                                           {128, "\x8f\x80"},
                                                           {-113, "\x87\x70"},
                                                           {256, std::string("\x8e\x01\x00", 3)},
                                                           {INT32_MAX, "\x8c\x7f\xff\xff\xff"},
                                                           {INT32_MIN, "\x84\x7f\xff\xff\xff"}};
  for (const auto& [value, bytes] : known) {
    std::string made;
    AppendVInt(&made, value);
    EXPECT_EQ(made, bytes) << value;
  }
  const base::TempDir folder;
  for (int64_t value : {int64_t{INT32_MIN}, int64_t{-113}, int64_t{-1}, int64_t{300}, int64_t{INT32_MAX}}) {
    std::string made;
    AppendVInt(&made, value);
    WriteFile(folder.path() / "v", made);
    FileRange range(std::make_shared<const base::InputFile>((folder.path() / "v").string()), 0, made.size());
    EXPECT_EQ(range.ReadVInt(), value);
    EXPECT_EQ(range.position(), made.size());
  }
}

}  // namespace
}  // namespace tinderbox::seqfile
