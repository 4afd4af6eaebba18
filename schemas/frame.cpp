#include "schemas/frame.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "schemas/check.hpp"
#include "schemas/put_item.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

// Appends items to a string.
class Packer {
 public:
  explicit Packer(std::string& out) : out_(out) {}

  void nil() {
    put([](std::uint8_t*& at) { item::put_nil(at); });
  }
  void boolean(bool value) {
    put([=](std::uint8_t*& at) { item::put_bool(at, value); });
  }
  void integer(std::uint64_t value) {
    put([=](std::uint8_t*& at) { item::put_unsigned(at, value); });
  }
  void integer(std::int64_t value) {
    put([=](std::uint8_t*& at) { item::put_signed(at, value); });
  }
  void float32(float value) {
    put([=](std::uint8_t*& at) { item::put_float32(at, std::bit_cast<std::uint32_t>(value)); });
  }
  void float64(double value) {
    put([=](std::uint8_t*& at) { item::put_float64(at, std::bit_cast<std::uint64_t>(value)); });
  }
  void text(std::string_view text) {
    put([size = checked(text.size())](std::uint8_t*& at) { item::put_text(at, size); });
    out_.append(text);
  }
  void binary(std::string_view bytes) {
    put([size = checked(bytes.size())](std::uint8_t*& at) { item::put_binary(at, size); });
    out_.append(bytes);
  }
  void extension(std::int8_t type, std::string_view bytes) {
    put([type, size = checked(bytes.size())](std::uint8_t*& at) {
      item::put_extension(at, type, size);
    });
    out_.append(bytes);
  }
  void array(std::size_t count) {
    put([count = checked(count)](std::uint8_t*& at) { item::put_array(at, count); });
  }
  void map(std::size_t pairs) {
    put([pairs = checked(pairs)](std::uint8_t*& at) { item::put_map(at, pairs); });
  }

  void value(const Value& value);
  void fields(const Fields& fields);
  void pairs(const Fields& fields);
  void head(const FrameHead& head, std::size_t fields);

 private:
  static std::size_t checked(std::size_t size) {
    ZBAG_CHECK(size <= UINT32_MAX);
    return size;
  }
  template <class Put>
  void put(Put put_head) {
    std::array<std::uint8_t, item::kHeadMax> bytes;
    std::uint8_t* at = bytes.data();
    put_head(at);
    out_.append(reinterpret_cast<const char*>(bytes.data()),
                static_cast<std::size_t>(at - bytes.data()));
  }

  std::string& out_;
};

void Packer::pairs(const Fields& fields) {
  for (const auto& [name, held] : fields) {
    text(name);
    value(held);
  }
}

void Packer::fields(const Fields& fields) {
  map(fields.size());
  pairs(fields);
}

void Packer::value(const Value& value) {
  std::visit(
      [&](const auto& held) {
        using T = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          nil();
        } else if constexpr (std::is_same_v<T, bool>) {
          boolean(held);
        } else if constexpr (std::is_same_v<T, float>) {
          float32(held);
        } else if constexpr (std::is_same_v<T, double>) {
          float64(held);
        } else if constexpr (std::is_same_v<T, std::string>) {
          text(held);
        } else if constexpr (std::is_same_v<T, Binary>) {
          binary(held.bytes);
        } else if constexpr (std::is_same_v<T, Extension>) {
          extension(held.type, held.bytes);
        } else if constexpr (std::is_same_v<T, Array>) {
          array(held.size());
          for (const Value& element : held) this->value(element);
        } else if constexpr (std::is_same_v<T, Fields>) {
          fields(held);
        } else {
          integer(held);
        }
      },
      value.variant());
}

void Packer::head(const FrameHead& head, std::size_t fields) {
  map(fields + 3);
  text("_ts");
  if (head.stamp.seconds() == -1.0) {
    // The number would mean "inherit": this one instant travels as a MessagePack timestamp.
    using std::string_view_literals::operator""sv;
    extension(-1, "\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff"sv);
  } else {
    float64(head.stamp.seconds());
  }
  text("_seq");
  integer(head.seq);
  text("_src");
  integer(head.src);
}

// Values from bytes that have passed scan_frame(): counts are backed by bytes, and the depth is
// bounded. False for what that would not have passed.
bool take_value(item::Cursor& in, Value& value);

bool take_array(item::Cursor& in, Array& array) {
  std::uint32_t count = 0;
  if (!item::take_array(in, count)) return false;
  array.resize(count);
  return std::all_of(array.begin(), array.end(),
                     [&](Value& element) { return take_value(in, element); });
}

bool take_fields(item::Cursor& in, Fields& fields) {
  std::uint32_t pairs = 0;
  if (!item::take_map(in, pairs)) return false;
  fields.resize(pairs);
  return std::all_of(fields.begin(), fields.end(), [&](auto& field) {
    std::span<const std::uint8_t> name;
    if (!item::take_text(in, name)) return false;
    field.first = text_of(name);
    return take_value(in, field.second);
  });
}

bool take_number(item::Cursor& in, Value& value) {
  std::uint64_t bits = 0;
  bool above_signed = false;
  if (item::take_float64(in, bits)) {
    value = std::bit_cast<double>(bits);
  } else if (item::take_float32(in, bits)) {
    value = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
  } else if (item::take_bool(in, bits)) {
    value = bits != 0;
  } else if (!item::take_int(in, bits, above_signed)) {
    return false;
  } else if (above_signed) {
    value = bits;
  } else {
    value = static_cast<std::int64_t>(bits);
  }
  return true;
}

bool take_value(item::Cursor& in, Value& value) {
  std::span<const std::uint8_t> bytes;
  if (take_number(in, value)) return true;
  if (item::take_text(in, bytes)) {
    value = std::string(text_of(bytes));
  } else if (item::take_binary(in, bytes)) {
    value = Binary{std::string(text_of(bytes))};
  } else if (in.is_at(item::Type::kArray)) {
    Array array;
    if (!take_array(in, array)) return false;
    value = std::move(array);
  } else if (in.is_at(item::Type::kMap)) {
    Fields fields;
    if (!take_fields(in, fields)) return false;
    value = std::move(fields);
  } else if (std::int8_t type = 0; item::take_extension(in, type, bytes)) {
    value = Extension{type, std::string(text_of(bytes))};
  } else {
    return item::take_nil(in);
  }
  return true;
}

template <class T>
bool same(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
  } else if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
  } else {
    return a == b;
  }
}

}  // namespace

// Reaches into a ValueView, which shows its inside to nobody else.
struct FrameEncoder {
  static void pack(Packer& packer, const ValueView& view) {
    using Kind = ValueView::Kind;
    const auto* const text = static_cast<const char*>(view.data_);
    switch (view.kind_) {
      case Kind::kNil:
        return packer.nil();
      case Kind::kBool:
        return packer.boolean(view.bits_ != 0);
      case Kind::kInt:
        return packer.integer(static_cast<std::int64_t>(view.bits_));
      case Kind::kUint:
        return packer.integer(view.bits_);
      case Kind::kFloat:
        return packer.float32(view.float_);
      case Kind::kDouble:
        return packer.float64(view.double_);
      case Kind::kText:
        return packer.text({text, view.size_});
      case Kind::kBin:
        return packer.binary({text, view.size_});
      case Kind::kDoubles:
        packer.array(view.size_);
        for (const double number : doubles(view)) packer.float64(number);
        return;
      case Kind::kValue:
        return packer.value(*static_cast<const Value*>(view.data_));
    }
  }
  static Value copy(const ValueView& view) {
    using Kind = ValueView::Kind;
    const auto* const text = static_cast<const char*>(view.data_);
    switch (view.kind_) {
      case Kind::kNil:
        return Value();
      case Kind::kBool:
        return Value(view.bits_ != 0);
      case Kind::kInt:
        return Value(static_cast<std::int64_t>(view.bits_));
      case Kind::kUint:
        return Value(view.bits_);
      case Kind::kFloat:
        return Value(view.float_);
      case Kind::kDouble:
        return Value(view.double_);
      case Kind::kText:
        return Value(std::string(text, view.size_));
      case Kind::kBin:
        return Value(Binary{{text, view.size_}});
      case Kind::kDoubles:
        return Value(Array(doubles(view).begin(), doubles(view).end()));
      case Kind::kValue:
        break;
    }
    return *static_cast<const Value*>(view.data_);
  }

 private:
  static std::span<const double> doubles(const ValueView& view) {
    return {static_cast<const double*>(view.data_), view.size_};
  }
};

Value ValueView::to_value() const { return FrameEncoder::copy(*this); }

void encode_frame(const FrameHead& head, std::span<const FieldView> fields, std::string& out) {
  out.clear();
  Packer packer(out);
  packer.head(head, fields.size());
  for (const FieldView& field : fields) {
    packer.text(field.name);
    FrameEncoder::pack(packer, field.value);
  }
}

void encode_frame(const FrameHead& head, const Fields& fields, std::string& out) {
  out.clear();
  Packer packer(out);
  packer.head(head, fields.size());
  packer.pairs(fields);
}

void encode_frame(const FrameHead& head, MapBytes fields, std::string& out) {
  out.clear();
  Packer(out).head(head, fields.count);
  out.append(text_of(fields.pairs));
}

const char* Value::type_name() const {
  static constexpr std::array<const char*, std::variant_size_v<Variant>> kNames = {
      "nil", "bool", "int", "int", "float32", "float64", "str", "bin", "ext", "array", "map"};
  return kNames[variant_.index()];
}

bool operator==(const Value& a, const Value& b) {
  if (a.variant_.index() != b.variant_.index()) return false;
  return std::visit(
      [&](const auto& held) {
        return same(held, std::get<std::decay_t<decltype(held)>>(b.variant_));
      },
      a.variant_);
}

const Value* find_field(const Fields& fields, std::string_view name) {
  const auto it = std::find_if(fields.begin(), fields.end(),
                               [&](const auto& field) { return field.first == name; });
  return it == fields.end() ? nullptr : &it->second;
}

void encode_value(const Value& value, std::string& out) { Packer(out).value(value); }

void encode_fields(const Fields& fields, std::string& out) { Packer(out).fields(fields); }

Result<Fields> decode_fields(std::span<const std::uint8_t> bytes, std::uint32_t items_max) {
  const ScanOutcome outcome = scan_frame(bytes, items_max);
  // A stamp that is no time does not hinder decoding; whoever needs the stamp scans for it.
  if (outcome.refusal && *outcome.refusal != Refusal::kBadTimestamp) {
    return fail(ErrorCode::kInvalid,
                std::string("frame refused: ") + refusal_name(*outcome.refusal));
  }
  Fields fields;
  item::Cursor in(bytes);
  if (!take_fields(in, fields)) return fail(ErrorCode::kInvalid, "frame refused: malformed");
  return fields;
}

std::size_t merge_fields(Fields& fields, const Fields& later, bool deep) {
  std::size_t overwritten = 0;
  for (const auto& [name, value] : later) {
    const auto it = std::find_if(fields.begin(), fields.end(), [&, &key = name](const auto& field) {
      return field.first == key;
    });
    if (it == fields.end()) {
      fields.emplace_back(name, value);
      continue;
    }
    Fields* map = it->second.get_if<Fields>();
    const Fields* later_map = value.get_if<Fields>();
    if (deep && map != nullptr && later_map != nullptr) {
      overwritten += merge_fields(*map, *later_map, deep);
    } else {
      if (!(it->second == value)) ++overwritten;
      it->second = value;
    }
  }
  return overwritten;
}

bool join_fields(Fields& fields, const Fields& later) {
  const auto reads_as = [](const Value& a, const Value& b) {
    std::string bytes_a;
    std::string bytes_b;
    encode_value(a, bytes_a);
    encode_value(b, bytes_b);
    return same_value(bytes_of(bytes_a), bytes_of(bytes_b));
  };
  Fields news;
  for (const auto& field : later) {
    const Value* const there = find_field(fields, field.first);
    if (there == nullptr) {
      news.push_back(field);
    } else if (!reads_as(*there, field.second)) {
      return false;
    }
  }
  fields.insert(fields.end(), news.begin(), news.end());
  return true;
}

}  // namespace zbag
