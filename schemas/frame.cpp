#include "schemas/frame.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <msgpack.hpp>

#include "schemas/check.hpp"

namespace zbag {
namespace {

// msgpack-cxx writes into this.
struct StringSink {
  std::string& out;
  void write(const char* data, std::size_t size) { out.append(data, size); }
};
// The library's packer and where it writes.
struct Packer : msgpack::packer<StringSink> {
  explicit Packer(StringSink& target) : msgpack::packer<StringSink>(target), sink(target) {}
  StringSink& sink;
};

std::uint32_t size32(std::size_t size) {
  ZBAG_CHECK(size <= UINT32_MAX);
  return static_cast<std::uint32_t>(size);
}

// msgpack-cxx's own pack_double() turns 2.0 into the integer 2 to save bytes; a float stays a
// float.
void pack_float64(StringSink& sink, double value) {
  const std::uint64_t bits = __builtin_bswap64(std::bit_cast<std::uint64_t>(value));
  std::array<char, 9> bytes{static_cast<char>(0xcb)};
  std::memcpy(bytes.data() + 1, &bits, sizeof bits);
  sink.write(bytes.data(), bytes.size());
}
void pack_float32(StringSink& sink, float value) {
  const std::uint32_t bits = __builtin_bswap32(std::bit_cast<std::uint32_t>(value));
  std::array<char, 5> bytes{static_cast<char>(0xca)};
  std::memcpy(bytes.data() + 1, &bits, sizeof bits);
  sink.write(bytes.data(), bytes.size());
}

void pack_text(Packer& packer, std::string_view text) {
  packer.pack_str(size32(text.size()));
  packer.pack_str_body(text.data(), size32(text.size()));
}

void pack_value(Packer& packer, const Value& value);

void pack_fields(Packer& packer, const Fields& fields) {
  packer.pack_map(size32(fields.size()));
  for (const auto& [name, value] : fields) {
    pack_text(packer, name);
    pack_value(packer, value);
  }
}

void pack_value(Packer& packer, const Value& value) {
  std::visit(
      [&](const auto& held) {
        using T = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          packer.pack_nil();
        } else if constexpr (std::is_same_v<T, std::string>) {
          pack_text(packer, held);
        } else if constexpr (std::is_same_v<T, Binary>) {
          packer.pack_bin(size32(held.bytes.size()));
          packer.pack_bin_body(held.bytes.data(), size32(held.bytes.size()));
        } else if constexpr (std::is_same_v<T, Extension>) {
          packer.pack_ext(held.bytes.size(), held.type);
          packer.pack_ext_body(held.bytes.data(), size32(held.bytes.size()));
        } else if constexpr (std::is_same_v<T, Array>) {
          packer.pack_array(size32(held.size()));
          for (const Value& item : held) pack_value(packer, item);
        } else if constexpr (std::is_same_v<T, Fields>) {
          pack_fields(packer, held);
        } else if constexpr (std::is_same_v<T, double>) {
          pack_float64(packer.sink, held);
        } else if constexpr (std::is_same_v<T, float>) {
          pack_float32(packer.sink, held);
        } else {
          packer.pack(held);
        }
      },
      value.variant());
}

void pack_head(Packer& packer, const FrameHead& head, std::size_t fields) {
  packer.pack_map(size32(fields + 3));
  pack_text(packer, "_ts");
  if (head.stamp.seconds() == -1.0) {
    // The number would mean "inherit": this one instant travels as a MessagePack timestamp.
    constexpr std::array<char, 12> kMinusOne = {0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1};
    packer.pack_ext(kMinusOne.size(), -1);
    packer.pack_ext_body(kMinusOne.data(), kMinusOne.size());
  } else {
    pack_float64(packer.sink, head.stamp.seconds());
  }
  pack_text(packer, "_seq");
  packer.pack_uint64(head.seq);
  pack_text(packer, "_src");
  packer.pack_uint64(head.src);
}

// Builds a Value from msgpack-cxx's events. The bytes have passed scan_frame(), so counts are
// backed by bytes and the depth is bounded; the visitor still refuses what it does not know.
class ValueBuilder : public msgpack::null_visitor {
 public:
  Fields take() && { return std::move(root_); }

  bool visit_nil() { return put(Value()); }
  bool visit_boolean(bool value) { return put(Value(value)); }
  bool visit_positive_integer(std::uint64_t value) { return put(Value(value)); }
  bool visit_negative_integer(std::int64_t value) { return put(Value(value)); }
  bool visit_float32(float value) { return put(Value(value)); }
  bool visit_float64(double value) { return put(Value(value)); }
  bool visit_str(const char* data, std::uint32_t size) {
    if (!in_key_) return put(Value(std::string(data, size)));
    key_.assign(data, size);
    return true;
  }
  bool visit_bin(const char* data, std::uint32_t size) { return put(Value(Binary{{data, size}})); }
  bool visit_ext(const char* data, std::uint32_t size) {
    return put(Value(Extension{static_cast<std::int8_t>(data[0]), {data + 1, size - 1}}));
  }
  bool start_array(std::uint32_t count) {
    Array array;
    array.reserve(count);
    return open(Value(std::move(array)));
  }
  bool end_array() { return close(); }
  bool start_map(std::uint32_t count) {
    if (is_root_open_) return open_map(count);
    is_root_open_ = true;
    root_.reserve(count);
    return true;
  }
  bool start_map_key() {
    in_key_ = true;
    return true;
  }
  bool end_map_key() {
    in_key_ = false;
    return true;
  }
  bool end_map() { return open_.empty() || close(); }

 private:
  bool open_map(std::uint32_t count) {
    Fields fields;
    fields.reserve(count);
    return open(Value(std::move(fields)));
  }
  Value* put_value(Value value) {
    if (open_.empty()) return &root_.emplace_back(std::move(key_), std::move(value)).second;
    if (Array* array = open_.back()->get_if<Array>()) return &array->emplace_back(std::move(value));
    Fields* fields = open_.back()->get_if<Fields>();
    return &fields->emplace_back(std::move(key_), std::move(value)).second;
  }
  bool put(Value value) {
    put_value(std::move(value));
    return true;
  }
  // Pointers to open containers stay good: each was reserved in full before it was opened.
  bool open(Value container) {
    open_.push_back(put_value(std::move(container)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  Fields root_;
  bool is_root_open_ = false;
  bool in_key_ = false;
  std::string key_;
  std::vector<Value*> open_;
};

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
        packer.pack_nil();
        break;
      case Kind::kBool:
        packer.pack(view.bits_ != 0);
        break;
      case Kind::kInt:
        packer.pack(static_cast<std::int64_t>(view.bits_));
        break;
      case Kind::kUint:
        packer.pack(view.bits_);
        break;
      case Kind::kFloat:
        pack_float32(packer.sink, view.float_);
        break;
      case Kind::kDouble:
        pack_float64(packer.sink, view.double_);
        break;
      case Kind::kText:
        pack_text(packer, {text, view.size_});
        break;
      case Kind::kBin:
        packer.pack_bin(size32(view.size_));
        packer.pack_bin_body(text, size32(view.size_));
        break;
      case Kind::kDoubles:
        packer.pack_array(size32(view.size_));
        for (const double item : doubles(view)) pack_float64(packer.sink, item);
        break;
      case Kind::kValue:
        pack_value(packer, *static_cast<const Value*>(view.data_));
        break;
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
  StringSink sink{out};
  Packer packer(sink);
  pack_head(packer, head, fields.size());
  for (const FieldView& field : fields) {
    pack_text(packer, field.name);
    FrameEncoder::pack(packer, field.value);
  }
}

void encode_frame(const FrameHead& head, const Fields& fields, std::string& out) {
  out.clear();
  StringSink sink{out};
  Packer packer(sink);
  pack_head(packer, head, fields.size());
  for (const auto& [name, value] : fields) {
    pack_text(packer, name);
    pack_value(packer, value);
  }
}

void encode_frame(const FrameHead& head, MapBytes fields, std::string& out) {
  out.clear();
  StringSink sink{out};
  Packer packer(sink);
  pack_head(packer, head, fields.count);
  out.append(reinterpret_cast<const char*>(fields.pairs.data()), fields.pairs.size());
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

void encode_value(const Value& value, std::string& out) {
  StringSink sink{out};
  Packer packer(sink);
  pack_value(packer, value);
}

void encode_fields(const Fields& fields, std::string& out) {
  StringSink sink{out};
  Packer packer(sink);
  pack_fields(packer, fields);
}

Result<Fields> decode_fields(std::span<const std::uint8_t> bytes) {
  const ScanOutcome outcome = scan_frame(bytes);
  // A stamp that is no time does not hinder decoding; whoever needs the stamp scans for it.
  if (outcome.refusal && *outcome.refusal != Refusal::kBadTimestamp) {
    return fail(ErrorCode::kInvalid,
                std::string("frame refused: ") + refusal_name(*outcome.refusal));
  }
  try {
    ValueBuilder builder;
    const bool whole =
        msgpack::parse(reinterpret_cast<const char*>(bytes.data()), bytes.size(), builder);
    if (!whole) return fail(ErrorCode::kInvalid, "frame refused: malformed");
    return std::move(builder).take();
  } catch (const std::exception& error) {
    return fail(ErrorCode::kInvalid, std::string("frame refused: ") + error.what());
  }
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

}  // namespace zbag
