#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/functions/time_zone.h"
#include "tinderbox/types.h"

// Values of the type VARIANT: bytes in the encoding that Spark and Parquet share. `metadata` is the dictionary of all
// names of fields, `value` a tree of typed values, whose objects have their fields in the order of the names.

namespace tinderbox::engine {

enum class VariantKind {
  kNull,
  kBoolean,
  kLong,
  kFloat,
  kDouble,
  kDecimal,
  kString,
  kBinary,
  kDate,
  kTimestamp,
  kTimestampNtz,
  kUuid,
  kObject,
  kArray,
};

/// One value within a variant, which may be malformed: every access throws MALFORMED_VARIANT instead of reading what
/// is not there. The bytes must outlive it.
class VariantView {
 public:
  VariantView(std::string_view value, std::string_view metadata);

  VariantKind kind() const;
  bool Boolean() const;
  /// LONG; also the days of a DATE and the microseconds of a TIMESTAMP and a TIMESTAMP_NTZ.
  int64_t Long() const;
  double Double() const;
  float Float() const;
  struct Decimal {
    __int128 digits = 0;
    int scale = 0;
  };
  /// As it is stored, and without zeros at its end.
  Decimal StoredDecimal() const;
  Decimal ShortDecimal() const;
  /// The bytes of a STRING, a BINARY or a UUID.
  std::string_view Bytes() const;

  /// The number of fields or elements. REQUIRES an object or an array.
  size_t size() const;
  std::string_view Key(size_t field) const;
  VariantView Child(size_t i) const;
  std::optional<VariantView> Field(std::string_view name) const;

  /// The bytes from this value on, and the dictionary: what a copy starts from.
  std::string_view value() const { return value_; }
  std::string_view metadata() const { return metadata_; }

 private:
  /// Where the parts of an object or an array are.
  struct Layout {
    size_t size = 0;
    size_t ids = 0;
    size_t id_width = 0;
    size_t offsets = 0;
    size_t offset_width = 0;
    size_t data = 0;
  };
  Layout ReadLayout() const;
  int Basic() const;
  int Primitive() const;

  std::string_view value_;
  std::string_view metadata_;
};

/// Makes a variant. Values are appended in the order of a walk through the tree; a container is closed by telling
/// where its children began.
class VariantBuilder {
 public:
  void Null();
  void Boolean(bool value);
  /// In the fewest bytes that hold it.
  void Long(int64_t value);
  void Double(double value);
  void Float(float value);
  void Decimal(__int128 digits, int scale);
  void String(std::string_view text);
  void Binary(std::string_view bytes);
  void Date(int32_t days);
  void Timestamp(int64_t micros);
  void TimestampNtz(int64_t micros);
  /// Another variant, whose names go into this one's dictionary.
  void Copy(const VariantView& from, int depth = 0);

  struct Field {
    std::string name;
    size_t id = 0;     ///< of the name
    size_t start = 0;  ///< where the value begins
  };
  /// The field whose value is appended next.
  Field StartField(std::string_view name);
  size_t position() const { return value_.size(); }
  /// False when a name comes twice; the value is of no use then.
  bool CloseObject(size_t start, std::vector<Field> fields);
  void CloseArray(size_t start, const std::vector<size_t>& starts);

  const std::string& value() const { return value_; }
  std::string Metadata() const;

 private:
  void Fixed(int primitive, const void* bytes, size_t count);

  std::string value_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, size_t> ids_;
};

/// Appends the JSON text, as Spark parses it for parse_json; false when it is malformed. What comes after the first
/// value is not looked at.
bool AppendJsonToVariant(std::string_view json, VariantBuilder* out);
/// "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" of 16 bytes.
void AppendUuid(std::string* out, std::string_view bytes);
/// The text of Spark's to_json.
void AppendVariantJson(std::string* out, const VariantView& variant, const TimeZone& zone);
/// The type of a variant, in which an object is a struct and what has several types is VARIANT.
DataType VariantSchema(const VariantView& variant);
/// The type that holds both.
DataType MergedVariantSchema(const DataType& a, const DataType& b);
/// The type in the words of schema_of_variant: "OBJECT<a: BIGINT>".
std::string VariantSchemaText(const DataType& type);
/// Whether the bytes are a variant through and through.
bool IsValidVariant(std::string_view value, std::string_view metadata);

/// A path of variant_get: $.a['b']["c"][0].
class VariantPath {
 public:
  /// nullopt for a text that is no path.
  static std::optional<VariantPath> Parse(std::string_view text);
  std::optional<VariantView> Find(VariantView variant) const;

 private:
  struct Step {
    std::optional<std::string> name;
    size_t index = 0;
  };
  std::vector<Step> steps_;
};

}  // namespace tinderbox::engine
