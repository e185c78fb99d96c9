#include "engine/functions/variant.h"

#include <gtest/gtest.h>

#include "tinderbox/error.h"

namespace tinderbox::engine {
namespace {

using namespace std::string_view_literals;

std::string JsonOf(std::string_view value, std::string_view metadata) {
  std::string out;
  AppendVariantJson(&out, VariantView(value, metadata), TimeZone::Find("UTC"));
  return out;
}

struct Built {
  std::string value;
  std::string metadata;
};

Built Parse(std::string_view json) {
  VariantBuilder builder;
  EXPECT_TRUE(AppendJsonToVariant(json, &builder)) << json;
  return {builder.value(), builder.Metadata()};
}

// What Spark 4.2.0 made of the same texts.
TEST(VariantTest, HasSparksBytes) {
  const auto empty = "\x01\x00\x00"sv;
  const std::pair<std::string, std::string_view> kCases[] = {
      {"127", "\x0c\x7f"sv},
      {"128", "\x10\x80\x00"sv},
      {"-40000", "\x14\xc0\x63\xff\xff"sv},
      {"3000000000", "\x18\x00\x5e\xd0\xb2\x00\x00\x00\x00"sv},
      {"1.5", "\x20\x01\x0f\x00\x00\x00"sv},
      {"12345678901.5", "\x24\x01\x17\x1a\x99\xbe\x1c\x00\x00\x00"sv},
      {"123456789012345678901.5", "\x28\x01\x17\x3a\x20\xd8\x0b\x3b\x12\xed\x42\x00\x00\x00\x00\x00\x00\x00"sv},
      {"1e2", "\x1c\x00\x00\x00\x00\x00\x00\x59\x40"sv},
      {"\"x\"", "\x05x"sv},
      {"[true,false,null]", "\x03\x03\x00\x01\x02\x03\x04\x08\x00"sv},
  };
  for (const auto& [json, value] : kCases) {
    const Built built = Parse(json);
    EXPECT_EQ(built.metadata, empty) << json;
    EXPECT_EQ(built.value, value) << json;
  }
  EXPECT_EQ(Parse("\"" + std::string(64, 'y') + "\"").value,
            std::string("\x40\x40\x00\x00\x00", 5) + std::string(64, 'y'));
}

TEST(VariantTest, OrdersNamesByUtf16) {
  const Built built = Parse("{\"b\":1,\"a\":{\"z\":1,\"b\":2},\"é\":3,\"🦆\":4,\"\uFFFD\":5}");
  EXPECT_EQ(built.metadata,
            "\x01\x06\x00\x01\x02\x03\x05\x09\x0c"
            "baz\xc3\xa9\xf0\x9f\xa6\x86\xef\xbf\xbd"sv);
  EXPECT_EQ(built.value,
            "\x02\x05\x01\x00\x03\x04\x05\x02\x00\x0d\x0f\x11\x13\x0c\x01\x02\x02\x00\x02\x02\x00\x04\x0c\x01\x0c\x02"
            "\x0c\x03\x0c\x04\x0c\x05"sv);
}

TEST(VariantTest, RefusesWhatIsNoJson) {
  for (const std::string_view json : {"", "{", "[1,", "01", "{'a':1}", "NaN", "1x", "nullx", "{\"a\":1,\"a\":2}"}) {
    VariantBuilder builder;
    EXPECT_FALSE(AppendJsonToVariant(json, &builder)) << json;
  }
}

TEST(VariantTest, KeepsLargeContainers) {
  std::string json = "{";
  for (int i = 0; i < 400; ++i) json += (i > 0 ? ",\"k" : "\"k") + std::to_string(1000 + i) + "\":" + std::to_string(i);
  json += "}";
  const Built built = Parse(json);
  EXPECT_EQ(JsonOf(built.value, built.metadata), json);
  const VariantView view(built.value, built.metadata);
  ASSERT_TRUE(view.Field("k1399").has_value());
  EXPECT_EQ(view.Field("k1399")->Long(), 399);
  EXPECT_FALSE(view.Field("k").has_value());
}

TEST(VariantTest, SurvivesDamage) {
  const Built built = Parse(R"({"a":[1,2.5,"text",null,true],"b":{"c":1e3,"d":"0123456789"}})");
  const auto walk = [](std::string_view value, std::string_view metadata) {
    IsValidVariant(value, metadata);
    try {
      JsonOf(value, metadata);
    } catch (const Error& error) {
      EXPECT_TRUE(error.condition() == "MALFORMED_VARIANT" || error.condition() == "UNKNOWN_PRIMITIVE_TYPE_IN_VARIANT")
          << error.condition();
    }
  };
  for (size_t i = 0; i < built.value.size(); ++i) {
    walk(std::string(built.value.data(), i), built.metadata);
    for (const int flip : {1, 2, 4, 0x40, 0x80, 0xFF}) {
      std::string value = built.value;
      value[i] = static_cast<char>(value[i] ^ flip);
      walk(value, built.metadata);
    }
  }
  for (size_t i = 0; i < built.metadata.size(); ++i) {
    walk(built.value, std::string(built.metadata.data(), i));
    std::string metadata = built.metadata;
    metadata[i] = static_cast<char>(metadata[i] ^ 0xC1);
    walk(built.value, metadata);
  }
}

TEST(VariantTest, ReadsPaths) {
  for (const std::string_view text : {"", "a", "$.", "$[", "$[x]", "$['a", "$[-1]", "$[99999999999]", "$a", "$[1"}) {
    EXPECT_FALSE(VariantPath::Parse(text).has_value()) << text;
  }
  const Built built = Parse(R"({"a b":[{"c":7}]})");
  const VariantView view(built.value, built.metadata);
  for (const std::string_view text : {"$['a b'][0].c", "$[\"a b\"][0]['c']", "$.a b[0].c"}) {
    const auto path = VariantPath::Parse(text);
    ASSERT_TRUE(path.has_value()) << text;
    const auto found = path->Find(view);
    ASSERT_TRUE(found.has_value()) << text;
    EXPECT_EQ(found->Long(), 7);
  }
  EXPECT_FALSE(VariantPath::Parse("$[0]")->Find(view).has_value());
}

}  // namespace
}  // namespace tinderbox::engine
