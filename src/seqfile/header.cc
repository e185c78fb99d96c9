#include "seqfile/header.h"

#include <algorithm>

#include "base/json_text.h"

namespace tinderbox::seqfile {
namespace {

constexpr char kUnsupported[] = "UNSUPPORTED_FEATURE.SEQUENCEFILE";
constexpr char kVersion = 6;

// Values may be of the first three.
constexpr size_t kValueWritables = 3;
constexpr std::pair<const char*, Writable> kWritables[] = {
    {"org.apache.hadoop.io.Text", Writable::kText},         {"org.apache.hadoop.io.BytesWritable", Writable::kBytes},
    {"org.apache.hadoop.io.NullWritable", Writable::kNull}, {"org.apache.hadoop.io.IntWritable", Writable::kInt},
    {"org.apache.hadoop.io.LongWritable", Writable::kLong},
};

/// One of the first `count` of the table.
Writable ReadWritable(FileRange* in, const char* what, size_t count) {
  const std::string name = in->ReadText(in->ReadLength());
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) {
    if (name == kWritables[i].first) return kWritables[i].second;
    const std::string_view known = kWritables[i].first;
    names.emplace_back(known.substr(known.rfind('.') + 1));
  }
  base::Fail(kUnsupported,
             "The {} of this SequenceFile are of the class \"{}\", which is not supported. Supported are {}.", what,
             base::ReplaceInvalidUtf8(name), fmt::join(names, ", "));
}

bool ReadFlag(FileRange* in) {
  char flag = 0;
  in->ReadAll(&flag, 1);
  if (flag != 0 && flag != 1) in->FailDamaged("neither yes nor no");
  return flag == 1;
}

void AppendString(std::string* out, std::string_view text) {
  AppendVInt(out, static_cast<int64_t>(text.size()));
  out->append(text);
}

}  // namespace

const char* NameOf(Compression compression) {
  static constexpr const char* kNames[] = {"none", "record", "block"};
  return kNames[static_cast<int>(compression)];
}

const char* ClassOf(Writable writable) {
  return std::find_if(std::begin(kWritables), std::end(kWritables),
                      [&](const auto& known) { return known.second == writable; })
      ->first;
}

Header Header::Read(FileRange* in) {
  Header out;
  char magic[4] = {};
  size_t have = 0;
  while (have < sizeof(magic)) {
    const size_t n = in->Read(magic + have, sizeof(magic) - have);
    if (n == 0) break;
    have += n;
  }
  if (std::string_view(magic, have) != std::string_view("SEQ\x06").substr(0, have) || have < 3) {
    if (std::string_view(magic, 3) == "SEQ") {
      base::Fail(kUnsupported, "The SequenceFile has version {}; only version {}, Hadoop's since 2008, can be read.",
                 static_cast<int>(magic[3]), static_cast<int>(kVersion));
    }
    base::FailWith("FAILED_READ_FILE.NO_HINT", {{"path", "file://" + in->path()}},
                   "{} is no SequenceFile, which would begin with the letters SEQ.", in->path());
  }
  if (have < sizeof(magic)) in->FailDamaged("it ends too early");
  out.key = ReadWritable(in, "keys", std::size(kWritables));
  out.value = ReadWritable(in, "values", kValueWritables);
  const bool compressed = ReadFlag(in);
  const bool blocks = ReadFlag(in);
  if (blocks && !compressed) in->FailDamaged("blocks without compression");
  if (compressed) {
    out.compression = blocks ? Compression::kBlock : Compression::kRecord;
    const std::string name = in->ReadText(in->ReadLength());
    out.codec = FindCodecOfClass(name);
    if (out.codec == nullptr) {
      base::Fail(kUnsupported, "The SequenceFile is compressed by \"{}\", which only Java can read. Tinderbox has {}.",
                 base::ReplaceInvalidUtf8(name), fmt::join(CodecNames(), ", "));
    }
  }
  const int32_t pairs = in->ReadInt();
  if (pairs < 0) in->FailDamaged(fmt::format("{} entries of metadata", pairs));
  for (int32_t i = 0; i < pairs; ++i) {
    std::string name = in->ReadText(in->ReadLength());
    std::string value = in->ReadText(in->ReadLength());
    out.metadata.emplace_back(std::move(name), std::move(value));
  }
  out.sync = in->ReadText(kSyncSize);
  out.size = in->position();
  return out;
}

std::string Header::ToBytes() {
  std::string out = "SEQ";
  out += kVersion;
  AppendString(&out, ClassOf(key));
  AppendString(&out, ClassOf(value));
  out += static_cast<char>(compression != Compression::kNone);
  out += static_cast<char>(compression == Compression::kBlock);
  if (codec != nullptr) AppendString(&out, ClassOf(*codec));
  AppendInt(&out, static_cast<int32_t>(metadata.size()));
  for (const auto& [name, text] : metadata) {
    AppendString(&out, name);
    AppendString(&out, text);
  }
  out += sync;
  size = out.size();
  return out;
}

const std::string* Header::FindMetadata(std::string_view name) const {
  const auto found =
      std::find_if(metadata.begin(), metadata.end(), [&](const auto& pair) { return pair.first == name; });
  return found == metadata.end() ? nullptr : &found->second;
}

}  // namespace tinderbox::seqfile
