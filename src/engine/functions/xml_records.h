#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/functions/nested_column.h"
#include "engine/functions/value_formats.h"
#include "engine/functions/xml_document.h"
#include "tinderbox/row.h"

namespace tinderbox::engine {

/// What Spark's options say about XML, whoever reads or writes it. Immutable.
struct XmlOptions {
  /// Takes what it knows out of `options`, whose names are in lower case. What neither changes here nor is known to
  /// Spark is of no effect, as there; refuses what Spark would follow and this does not.
  XmlOptions(std::map<std::string, std::string>* options, std::string_view function);

  std::string attribute_prefix = "_";
  std::string value_tag = "_VALUE";
  std::optional<std::string> null_value;
  bool exclude_attributes = false;
  bool trim = true;
  bool infer = true;
};

/// Reads XML texts as from_xml does. Immutable.
class XmlReading {
 public:
  /// `of_files`: as the reader of files does, which has one mode more.
  XmlReading(const DataType& type, std::map<std::string, std::string> options, const std::string& session_zone,
             bool of_files = false);

  /// Makes the row a list of the records of a file; what cannot be parsed ends it.
  void ReadFile(std::string_view text, NestedColumn& column, size_t row) const;
  /// Writes the row. Throws MALFORMED_RECORD_IN_PARSING in the mode FAILFAST.
  void Read(std::string_view xml, NestedColumn& column, size_t row) const;

 private:
  XmlReading(const DataType& type, std::map<std::string, std::string>* options, const std::string& session_zone,
             bool of_files);
  /// The record, as far as it can be read; `text` is what the column of corrupt records shows.
  std::shared_ptr<StructValue> Record(std::string_view xml, std::string_view text, bool* good, bool* parsed) const;
  bool ReadStruct(const XmlElement& element, const DataType& type, StructValue* out) const;
  bool ReadElement(const XmlElement& element, const DataType& type, Value* out) const;
  bool ReadMap(const XmlElement& element, const DataType& type, Value* out) const;
  bool ReadText(std::string_view text, const DataType& type, Value* out) const;
  const StructField* FieldNamed(const DataType& type, std::string_view name, size_t* index) const;

  DataType type_;
  ValueFormats formats_;
  XmlOptions options_;
  bool fail_fast_ = false;
  bool drop_malformed_ = false;
  std::string row_tag_;
  std::string corrupt_column_ = "_corrupt_record";
};

/// The type that schema_of_xml finds.
DataType InferXmlText(std::string_view xml, std::map<std::string, std::string> options);

/// The type of the records of files' texts, of all of them together. Throws MALFORMED_RECORD_IN_PARSING in the mode
/// FAILFAST.
DataType InferXmlFiles(const std::vector<std::string>& texts, std::map<std::string, std::string> options);

/// The elements of one name (any, when it is empty) within a text that need be no document, outermost ones only.
class XmlRecords {
 public:
  XmlRecords(std::string_view text, std::string_view tag) : text_(text), tag_(tag) {}
  /// The next one; also the rest of the text, when its end is missing.
  std::optional<std::string_view> Next();

 private:
  std::string_view text_;
  std::string_view tag_;
  size_t at_ = 0;
};

/// Writes structs as to_xml does. Immutable.
class XmlWriter {
 public:
  XmlWriter(const DataType& type, std::map<std::string, std::string> options, const std::string& session_zone);

  /// REQUIRES: the cell is not NULL.
  std::string Write(const InVector& column, size_t row) const;

 private:
  XmlWriter(const DataType& type, std::map<std::string, std::string>* options, const std::string& session_zone);
  /// What is inside an element that is being written.
  struct Element;
  void AppendChild(Element* parent, const std::string& name, const DataType& type, const InVector& column, size_t row,
                   int depth) const;
  void AppendFields(Element* element, const DataType& type, const InVector& column, size_t row, int depth) const;
  void AppendMember(Element* element, const std::string& name, const DataType& type, const InVector& column, size_t row,
                    int depth) const;
  std::string Text(const DataType& type, const InVector& column, size_t row) const;
  std::string Close(const std::string& name, const Element& element, int depth) const;

  DataType type_;
  ValueFormats formats_;
  XmlOptions options_;
  std::string row_tag_ = "ROW";
  std::string item_tag_ = "item";
  std::string indent_ = "    ";
  int depth_ = 0;  ///< of the row within a file
};

/// Writes a value, which has the column's type, into a row.
void WriteValue(const Value& value, NestedColumn& column, size_t row);

}  // namespace tinderbox::engine
