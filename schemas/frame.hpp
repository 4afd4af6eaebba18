// What a frame holds: fields with values, and their MessagePack form.
//
// A Value keeps the type it came with: int stays int, float32 stays float32, NaN keeps its bits,
// and an absent field is not a nil field. Integers have one form: negative ones are int64, all
// others uint64. Values own their memory and are copied deeply.
//
// decode_*() takes bytes of strangers: it bounds depth and sizes before it allocates (at most
// about 50 bytes of memory per byte of input) and gives each refusal its own reason.
// Nothing here blocks, logs or throws. The encoding is that of schemas/item.hpp.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "schemas/frame_scan.hpp"
#include "schemas/map_bytes.hpp"
#include "schemas/result.hpp"

namespace zbag {

// MessagePack `bin`: an image, a packet.
struct Binary {
  std::string bytes;
  friend bool operator==(const Binary&, const Binary&) = default;
};

// MessagePack `ext`.
struct Extension {
  std::int8_t type = 0;
  std::string bytes;
  friend bool operator==(const Extension&, const Extension&) = default;
};

class Value;
using Array = std::vector<Value>;
// Fields in the order they came; names are unique.
using Fields = std::vector<std::pair<std::string, Value>>;

class Value {
 public:
  using Variant = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, float, double,
                               std::string, Binary, Extension, Array, Fields>;

  Value() = default;  // nil
  Value(std::nullptr_t) {}
  Value(bool value) : variant_(value) {}
  Value(float value) : variant_(value) {}
  Value(double value) : variant_(value) {}
  Value(const char* text) : variant_(std::string(text)) {}
  Value(std::string text) : variant_(std::move(text)) {}
  Value(std::string_view text) : variant_(std::string(text)) {}
  Value(Binary binary) : variant_(std::move(binary)) {}
  Value(Extension extension) : variant_(std::move(extension)) {}
  Value(Array array) : variant_(std::move(array)) {}
  Value(Fields fields) : variant_(std::move(fields)) {}
  template <std::integral T>
  requires(!std::is_same_v<T, bool>) Value(T value) {
    if constexpr (std::is_signed_v<T>) {
      if (value < 0) {
        variant_ = static_cast<std::int64_t>(value);
        return;
      }
    }
    variant_ = static_cast<std::uint64_t>(value);
  }
  template <class T>
  Value(const std::vector<T>& values) : variant_(Array(values.begin(), values.end())) {}

  const Variant& variant() const { return variant_; }
  template <class T>
  const T* get_if() const {
    return std::get_if<T>(&variant_);
  }
  template <class T>
  T* get_if() {
    return std::get_if<T>(&variant_);
  }
  bool is_nil() const { return std::holds_alternative<std::monostate>(variant_); }
  // The type as `info` shows it: "float64", "array", "bin"...
  const char* type_name() const;

  // Floats are equal when their bits are: NaN equals itself, 0.0 is not -0.0.
  friend bool operator==(const Value& a, const Value& b);

 private:
  Variant variant_;
};

// The value of the field `name`; nullptr when absent. The pointer lives as long as `fields`.
const Value* find_field(const Fields& fields, std::string_view name);

// A view of one value for the publishing call: nothing is copied or allocated until it is encoded.
// Lives as long as what it was made from; meant for the argument list of an append().
class ValueView {
 public:
  ValueView(std::nullptr_t) : kind_(Kind::kNil), bits_(0) {}
  ValueView(bool value) : kind_(Kind::kBool), bits_(value ? 1 : 0) {}
  ValueView(double value) : kind_(Kind::kDouble), double_(value) {}
  ValueView(float value) : kind_(Kind::kFloat), float_(value) {}
  ValueView(const char* text) : ValueView(std::string_view(text)) {}
  ValueView(std::string_view text) : kind_(Kind::kText), data_(text.data()), size_(text.size()) {}
  ValueView(const std::string& text) : ValueView(std::string_view(text)) {}
  ValueView(const Binary& binary)
      : kind_(Kind::kBin), data_(binary.bytes.data()), size_(binary.bytes.size()) {}
  ValueView(std::span<const std::uint8_t> bin)
      : kind_(Kind::kBin), data_(bin.data()), size_(bin.size()) {}
  ValueView(std::span<const double> values)
      : kind_(Kind::kDoubles), data_(values.data()), size_(values.size()) {}
  ValueView(const std::vector<double>& values) : ValueView(std::span<const double>(values)) {}
  ValueView(const Value& value) : kind_(Kind::kValue), data_(&value) {}
  template <std::integral T>
  requires(!std::is_same_v<T, bool>) ValueView(T value)
      : kind_(value < 0 ? Kind::kInt : Kind::kUint), bits_(static_cast<std::uint64_t>(value)) {}

  // An owned copy.
  Value to_value() const;

 private:
  friend struct FrameEncoder;
  enum class Kind : std::uint8_t {
    kNil,
    kBool,
    kInt,
    kUint,
    kFloat,
    kDouble,
    kText,
    kBin,
    kDoubles,
    kValue
  };

  Kind kind_;
  union {
    std::uint64_t bits_;
    double double_;
    float float_;
    const void* data_;
  };
  std::size_t size_ = 0;
};

struct FieldView {
  std::string_view name;
  ValueView value;
};

// The reserved fields every frame of ours begins with.
struct FrameHead {
  Timestamp stamp;
  std::uint64_t seq = 0;
  std::uint64_t src = 0;
};

// One whole frame, `_ts`, `_seq` and `_src` first; replaces what `out` held, keeping its memory.
void encode_frame(const FrameHead& head, std::span<const FieldView> fields, std::string& out);
void encode_frame(const FrameHead& head, const Fields& fields, std::string& out);
// The same around fields that are encoded already. REQUIRES: the pairs were validated.
void encode_frame(const FrameHead& head, MapBytes fields, std::string& out);

// Appends the MessagePack form to `out`.
void encode_value(const Value& value, std::string& out);
void encode_fields(const Fields& fields, std::string& out);

// One whole map with nothing behind it, of a bounded number of items when a stranger may have sent
// it. kInvalid names the reason as refusal_name() does.
Result<Fields> decode_fields(std::span<const std::uint8_t> bytes,
                             std::uint32_t items_max = UINT32_MAX);

// Merges `later` into `fields` (wire.md, Merge): a field of `later` wins, an absent one changes
// nothing; `deep` merges maps that both sides hold. Returns how many values were replaced by
// different ones.
std::size_t merge_fields(Fields& fields, const Fields& later, bool deep);
// Adds the fields of `later`, unless one of them has another value here (wire.md, Merge): then
// false and nothing has changed.
bool join_fields(Fields& fields, const Fields& later);

}  // namespace zbag
