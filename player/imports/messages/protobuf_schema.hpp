// Types of Protocol Buffers, read from the FileDescriptorSet that recordings hold.
//
//   Result<ProtobufSchema> schema = parse_descriptors("foxglove.Log", text);
//
// Read by hand: libprotobuf would be loaded by every start of zbag, and its dynamic messages take
// memory by what a stranger's types say. Source: google/protobuf/descriptor.proto.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.hpp"

namespace zbag {

enum class ProtobufType : std::uint8_t {  // as descriptor.proto numbers them
  kDouble = 1,
  kFloat = 2,
  kInt64 = 3,
  kUint64 = 4,
  kInt32 = 5,
  kFixed64 = 6,
  kFixed32 = 7,
  kBool = 8,
  kText = 9,
  kGroup = 10,
  kMessage = 11,
  kBytes = 12,
  kUint32 = 13,
  kEnum = 14,
  kSfixed32 = 15,
  kSfixed64 = 16,
  kSint32 = 17,
  kSint64 = 18,
};

struct ProtobufField {
  static constexpr std::size_t kNoOneof = SIZE_MAX;

  std::string name;
  std::uint32_t number = 0;
  ProtobufType type{};
  std::size_t of = 0;  // of a message or an enum: its position in the schema
  bool is_list = false;
  bool is_map = false;         // a list of messages of key and value
  bool may_be_absent = false;  // else it has its default where it is not written
  std::size_t oneof = kNoOneof;

  bool is_message() const { return type == ProtobufType::kMessage || type == ProtobufType::kGroup; }
};

struct ProtobufSchema {
  enum class Known : std::uint8_t { kNone, kTimestamp, kDuration };
  struct Message {
    std::string name;  // "foxglove.Log"
    std::vector<ProtobufField> fields;
    std::map<std::uint32_t, std::size_t> by_number;  // position in `fields`
    std::size_t oneofs = 0;
    bool is_map_entry = false;
    Known known = Known::kNone;
  };
  struct Enum {
    std::map<std::int32_t, std::string> names;
    std::int32_t first = 0;  // the one that stands first: the default
  };
  std::vector<Message> messages;
  std::vector<Enum> enums;
  std::size_t root = 0;
};

// kInvalid: no FileDescriptorSet, or one of more than 65,536 messages, enums, fields or names of
// enums each, or types within types more than 32 deep; kUnsupported: it does not say what `name`,
// or a type that another is made of, is.
Result<ProtobufSchema> parse_descriptors(std::string_view name, std::string_view descriptors);

}  // namespace zbag
