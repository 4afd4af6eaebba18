#include "player/imports/hdf5/stored_type.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string_view>
#include <utility>

#include "player/imports/unlike_names.hpp"
#include "schemas/put_item.hpp"

namespace zbag::hdf5::reading {
namespace {

constexpr std::size_t kElementBytesMax = 64u << 20;
constexpr int kMembersMax = 1'024;
constexpr int kDepthMax = 8;
constexpr int kRankMax = 8;

Result<TypeInMemory> describe(hid_t in_file, int depth);

tl::unexpected<Error> unread(std::string why) {
  return fail(ErrorCode::kUnsupported, std::move(why));
}

Id copy_of(hid_t type) { return {hdf5().H5Tcopy(type), hdf5().H5Tclose}; }

TypeInMemory number(StoredType::Form form, std::size_t bytes, const hid_t* native) {
  return {{.form = form, .bytes = bytes}, copy_of(*native)};
}

Result<TypeInMemory> whole_number(hid_t in_file) {
  const std::size_t bytes = hdf5().H5Tget_size(in_file);
  const bool is_signed = hdf5().H5Tget_sign(in_file) != H5T_SGN_NONE;
  const auto of = [&](std::size_t size, const hid_t* with_sign, const hid_t* without) {
    return is_signed ? number(StoredType::Form::kInt, size, with_sign)
                     : number(StoredType::Form::kUnsigned, size, without);
  };
  const Hdf5Calls& calls = hdf5();
  if (bytes == 0 || bytes > 8) return unread(fmt::format("whole numbers of {} bytes", bytes));
  if (bytes > 4) return of(8, calls.H5T_NATIVE_INT64_g, calls.H5T_NATIVE_UINT64_g);
  if (bytes > 2) return of(4, calls.H5T_NATIVE_INT32_g, calls.H5T_NATIVE_UINT32_g);
  if (bytes > 1) return of(2, calls.H5T_NATIVE_INT16_g, calls.H5T_NATIVE_UINT16_g);
  TypeInMemory one = of(1, calls.H5T_NATIVE_INT8_g, calls.H5T_NATIVE_UINT8_g);
  one.type.is_byte = !is_signed;
  return one;
}

Result<TypeInMemory> real_number(hid_t in_file) {
  const std::size_t bytes = hdf5().H5Tget_size(in_file);
  if (bytes > sizeof(double)) return unread(fmt::format("floats of {} bytes", bytes));
  if (bytes > sizeof(float))
    return number(StoredType::Form::kFloat, sizeof(double), hdf5().H5T_NATIVE_DOUBLE_g);
  return number(StoredType::Form::kFloat, sizeof(float), hdf5().H5T_NATIVE_FLOAT_g);
}

Result<TypeInMemory> text(hid_t in_file) {
  const htri_t is_any = hdf5().H5Tis_variable_str(in_file);
  StoredType type{.form = is_any > 0 ? StoredType::Form::kAnyText : StoredType::Form::kText,
                  .bytes = is_any > 0 ? sizeof(char*) : hdf5().H5Tget_size(in_file)};
  type.padding = hdf5().H5Tget_strpad(in_file);
  return TypeInMemory{std::move(type), copy_of(in_file)};
}

// As h5py has it: an enum of FALSE and TRUE.
bool is_bool(hid_t in_file) {
  if (hdf5().H5Tget_nmembers(in_file) != 2 || hdf5().H5Tget_size(in_file) > sizeof(std::uint64_t))
    return false;
  for (const unsigned member : {0u, 1u}) {
    char* const name = hdf5().H5Tget_member_name(in_file, member);
    const std::string_view wanted = member == 0 ? "FALSE" : "TRUE";
    const bool is_named = name != nullptr && name == wanted;
    if (name != nullptr) hdf5().H5free_memory(name);
    std::uint64_t value = 0;  // in the order of bytes that the file has
    const bool is_known = hdf5().H5Tget_member_value(in_file, member, &value) >= 0;
    if (!is_named || !is_known || (value != 0) != (member == 1)) return false;
  }
  return true;
}

Result<TypeInMemory> enumeration(hid_t in_file, int depth) {
  const Id whole{hdf5().H5Tget_super(in_file), hdf5().H5Tclose};
  Result<TypeInMemory> numbers = describe(whole.get(), depth);
  if (!numbers || !numbers->type.is_number()) return unread("an enum of no numbers");
  numbers->type.is_byte = false;
  if (is_bool(in_file)) numbers->type.form = StoredType::Form::kBool;
  return numbers;
}

Result<TypeInMemory> list(hid_t in_file, int depth) {
  const Id of{hdf5().H5Tget_super(in_file), hdf5().H5Tclose};
  Result<TypeInMemory> inner = describe(of.get(), depth);
  if (!inner) return inner;
  StoredType type{.form = StoredType::Form::kList, .bytes = sizeof(hvl_t)};
  type.inner.push_back(std::move(inner->type));
  return TypeInMemory{std::move(type), {hdf5().H5Tvlen_create(inner->id.get()), hdf5().H5Tclose}};
}

Result<TypeInMemory> array(hid_t in_file, int depth) {
  std::array<hsize_t, kRankMax> dims{};
  const int rank = hdf5().H5Tget_array_ndims(in_file);
  if (rank < 1 || rank > kRankMax || hdf5().H5Tget_array_dims2(in_file, dims.data()) < 0)
    return unread(fmt::format("arrays of {} dimensions", rank));
  const Id of{hdf5().H5Tget_super(in_file), hdf5().H5Tclose};
  Result<TypeInMemory> inner = describe(of.get(), depth);
  if (!inner) return inner;
  StoredType type = std::move(inner->type);
  for (int axis = rank - 1; axis >= 0; --axis) {
    const hsize_t count = dims[static_cast<std::size_t>(axis)];
    if (count > kElementBytesMax / std::max<std::size_t>(type.bytes, 1))
      return unread("arrays that are too large");
    StoredType around{.form = StoredType::Form::kArray, .bytes = type.bytes * count};
    around.count = count;
    around.inner.push_back(std::move(type));
    type = std::move(around);
  }
  Id id{hdf5().H5Tarray_create2(inner->id.get(), static_cast<unsigned>(rank), dims.data()),
        hdf5().H5Tclose};
  return TypeInMemory{std::move(type), std::move(id)};
}

Result<NamedMember> member_of(hid_t in_file, unsigned number, int depth) {
  char* const name = hdf5().H5Tget_member_name(in_file, number);
  if (name == nullptr) return unread("a member without a name");
  NamedMember member{.name = name, .type = {}, .id = {}};
  hdf5().H5free_memory(name);
  const Id of{hdf5().H5Tget_member_type(in_file, number), hdf5().H5Tclose};
  Result<TypeInMemory> type = describe(of.get(), depth);
  if (!type) return tl::unexpected(type.error());
  member.type = std::move(type->type);
  member.id = std::move(type->id);
  return member;
}

Result<TypeInMemory> map(hid_t in_file, int depth) {
  const int count = hdf5().H5Tget_nmembers(in_file);
  if (count < 1 || count > kMembersMax) return unread(fmt::format("maps of {} members", count));
  StoredType type{.form = StoredType::Form::kMap};
  std::vector<NamedMember> members;
  for (int number = 0; number < count; ++number) {
    Result<NamedMember> member = member_of(in_file, static_cast<unsigned>(number), depth);
    if (!member) return tl::unexpected(member.error());
    type.bytes += member->type.bytes;
    if (type.bytes > kElementBytesMax) return unread("maps that are too large");
    members.push_back(std::move(*member));
  }
  Id id{hdf5().H5Tcreate(H5T_COMPOUND, type.bytes), hdf5().H5Tclose};
  std::size_t offset = 0;
  for (NamedMember& member : members) {
    if (hdf5().H5Tinsert(id.get(), member.name.c_str(), offset, member.id.get()) < 0)
      return unread("a map that is none");
    offset += member.type.bytes;
    type.names.push_back(std::move(member.name));
    type.inner.push_back(std::move(member.type));
  }
  make_unlike(type.names, "member");
  return TypeInMemory{std::move(type), std::move(id)};
}

Result<TypeInMemory> of_class(hid_t in_file, int depth) {
  switch (hdf5().H5Tget_class(in_file)) {
    case H5T_INTEGER:
      return whole_number(in_file);
    case H5T_FLOAT:
      return real_number(in_file);
    case H5T_STRING:
      return text(in_file);
    case H5T_ENUM:
      return enumeration(in_file, depth);
    case H5T_VLEN:
      return list(in_file, depth);
    case H5T_ARRAY:
      return array(in_file, depth);
    case H5T_COMPOUND:
      return map(in_file, depth);
    case H5T_OPAQUE:
      return TypeInMemory{{.form = StoredType::Form::kOpaque, .bytes = hdf5().H5Tget_size(in_file)},
                          copy_of(in_file)};
    case H5T_BITFIELD:
      if (hdf5().H5Tget_size(in_file) == 1)
        return number(StoredType::Form::kUnsigned, 1, hdf5().H5T_NATIVE_B8_g);
      return unread("sets of bits");
    case H5T_REFERENCE:
      return unread("references to other places of the file");
    default:
      return unread("a type that is not read");
  }
}

Result<TypeInMemory> describe(hid_t in_file, int depth) {
  if (depth == kDepthMax) return unread("a type that is too deep");
  Result<TypeInMemory> described = of_class(in_file, depth + 1);
  if (!described) return described;
  if (described->type.bytes == 0 || described->type.bytes > kElementBytesMax)
    return unread(fmt::format("elements of {} bytes", described->type.bytes));
  if (!described->id.is_open()) return unread("a type that is none");
  return described;
}

template <class T>
T at_of(const std::uint8_t* at) {
  T value{};
  std::memcpy(&value, at, sizeof value);
  return value;
}

std::int64_t int_at(const std::uint8_t* at, std::size_t bytes) {
  if (bytes == 1) return at_of<std::int8_t>(at);
  if (bytes == 2) return at_of<std::int16_t>(at);
  if (bytes == 4) return at_of<std::int32_t>(at);
  return at_of<std::int64_t>(at);
}

std::uint64_t unsigned_at(const std::uint8_t* at, std::size_t bytes) {
  if (bytes == 1) return *at;
  if (bytes == 2) return at_of<std::uint16_t>(at);
  if (bytes == 4) return at_of<std::uint32_t>(at);
  return at_of<std::uint64_t>(at);
}

void append_number(const StoredType& type, const std::uint8_t* at, std::string& out) {
  item::append_item(out, [&](std::uint8_t*& to) {
    if (type.form == StoredType::Form::kBool) {
      item::put_bool(to, unsigned_at(at, type.bytes) != 0);
    } else if (type.form == StoredType::Form::kInt) {
      item::put_signed(to, int_at(at, type.bytes));
    } else if (type.form == StoredType::Form::kUnsigned) {
      item::put_unsigned(to, unsigned_at(at, type.bytes));
    } else if (type.bytes == sizeof(float)) {
      item::put_float32(to, at_of<std::uint32_t>(at));
    } else {
      item::put_float64(to, at_of<std::uint64_t>(at));
    }
  });
}

// What pads a text is none of it.
std::string_view text_at(const StoredType& type, const std::uint8_t* at) {
  if (type.form == StoredType::Form::kAnyText) {
    const char* const text = at_of<const char*>(at);
    return text == nullptr ? "" : text;
  }
  const std::string_view text(reinterpret_cast<const char*>(at), type.bytes);
  if (type.padding == H5T_STR_SPACEPAD) return text.substr(0, text.find_last_not_of(' ') + 1);
  if (type.padding == H5T_STR_NULLPAD) return text.substr(0, text.find_last_not_of('\0') + 1);
  return text.substr(0, std::min(text.find('\0'), text.size()));
}

void append_bytes(const std::uint8_t* at, std::size_t size, std::string& out) {
  item::append_item(out, [&](std::uint8_t*& to) { item::put_binary(to, size); });
  out.append(reinterpret_cast<const char*>(at), size);
}

bool append_many(const StoredType& type, const std::uint8_t* at, std::size_t count,
                 std::size_t& left, std::string& out) {
  if (type.is_byte) {
    append_bytes(at, count, out);
    return true;
  }
  if (count > left) return false;
  item::append_item(out, [&](std::uint8_t*& to) { item::put_array(to, count); });
  for (std::size_t n = 0; n < count; ++n) {
    if (!append_element(type, at + n * type.bytes, left, out)) return false;
  }
  return true;
}

bool append_map(const StoredType& type, const std::uint8_t* at, std::size_t& left,
                std::string& out) {
  item::append_item(out, [&](std::uint8_t*& to) { item::put_map(to, type.names.size()); });
  for (std::size_t n = 0; n < type.names.size(); ++n) {
    item::append_text(out, type.names[n]);
    if (!append_element(type.inner[n], at, left, out)) return false;
    at += type.inner[n].bytes;
  }
  return true;
}

}  // namespace

bool StoredType::is_of_any_length() const {
  if (form == Form::kAnyText || form == Form::kList) return true;
  return std::ranges::any_of(inner, [](const StoredType& type) { return type.is_of_any_length(); });
}

Result<TypeInMemory> type_in_memory(hid_t in_file) { return describe(in_file, 0); }

Result<NamedMember> named_member(hid_t in_file, unsigned number) {
  Result<NamedMember> member = member_of(in_file, number, 1);
  if (!member) return member;
  Id id{hdf5().H5Tcreate(H5T_COMPOUND, member->type.bytes), hdf5().H5Tclose};
  if (hdf5().H5Tinsert(id.get(), member->name.c_str(), 0, member->id.get()) < 0)
    return unread("a member that is none");
  member->id = std::move(id);
  return member;
}

bool append_element(const StoredType& type, const std::uint8_t* at, std::size_t& left,
                    std::string& out) {
  if (left == 0) return false;
  --left;
  switch (type.form) {
    case StoredType::Form::kText:
    case StoredType::Form::kAnyText:
      item::append_text(out, text_at(type, at));
      return true;
    case StoredType::Form::kOpaque:
      append_bytes(at, type.bytes, out);
      return true;
    case StoredType::Form::kArray:
      return append_many(type.inner.front(), at, type.count, left, out);
    case StoredType::Form::kList: {
      const auto list = at_of<hvl_t>(at);
      return append_many(type.inner.front(), static_cast<const std::uint8_t*>(list.p), list.len,
                         left, out);
    }
    case StoredType::Form::kMap:
      return append_map(type, at, left, out);
    default:
      append_number(type, at, out);
      return true;
  }
}

}  // namespace zbag::hdf5::reading
