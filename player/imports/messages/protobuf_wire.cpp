#include "player/imports/messages/protobuf_wire.hpp"

namespace zbag {
namespace {

// What stands behind a tag, but for groups.
bool take_value(ByteInput& in, WireField& field) {
  std::uint32_t half = 0;
  switch (field.wire) {
    case WireType::kVarint:
      return in.varint(field.value);
    case WireType::kFixed64:
      return in.fixed(field.value);
    case WireType::kBytes:
      return in.varint(field.value) && in.take(field.value, field.bytes);
    case WireType::kFixed32:
      if (!in.fixed(half)) return false;
      field.value = half;
      return true;
    default:
      return false;
  }
}

bool take_tag(ByteInput& in, WireField& field) {
  std::uint64_t tag = 0;
  if (!in.bounded(tag, UINT32_MAX)) return false;
  field.number = static_cast<std::uint32_t>(tag >> 3);
  field.wire = static_cast<WireType>(tag & 7u);
  return field.number != 0;
}

// Up to the mark that ends the group, which may hold others.
bool take_group(ByteInput& in, WireField& group) {
  const ByteInput begin = in;
  std::size_t open = 1;
  while (true) {
    const std::size_t size = begin.left() - in.left();
    WireField field;
    if (!take_tag(in, field)) return false;
    if (field.wire == WireType::kGroup) {
      ++open;
    } else if (field.wire != WireType::kGroupEnd) {
      if (!take_value(in, field)) return false;
    } else if (--open == 0) {
      ByteInput again = begin;
      return field.number == group.number && again.take(size, group.bytes);
    }
  }
}

}  // namespace

bool take_wire_field(ByteInput& in, WireField& field) {
  field = {};
  if (!take_tag(in, field)) return false;
  return field.wire == WireType::kGroup ? take_group(in, field) : take_value(in, field);
}

}  // namespace zbag
