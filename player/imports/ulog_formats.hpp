// The formats of a ULog file, and its messages by them
// (docs.px4.io/main/en/dev_log/ulog_file_format).
//
//   UlogFormats formats;
//   formats.add("vehicle_attitude:uint64_t timestamp;float[4] q;uint8_t[4] _padding0;");
//   const Result<std::size_t> type = formats.find("vehicle_attitude");
//   formats.decode(*type, bytes, map, stamp_us);
//
// Lists stay lists, those of bytes too; `char[N]` is a text, up to its first zero; what other
// formats are made of is maps. Padding (`_padding0`) is left out, and so is the field `timestamp`
// of the message itself, which is its time. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/frame.hpp"
#include "schemas/result.hpp"

namespace zbag {

class UlogFormats {
 public:
  static constexpr std::size_t kMessageBytesMax = UINT16_MAX;

  // kInvalid: it is no format, or another one has its name; kUnsupported: there are too many.
  Status add(std::string_view text);
  // Its place, for decode(). kInvalid: there is none of that name, or it is made of what there is
  // none of, of itself, more than 64 deep, or of more bytes than a message has.
  Result<std::size_t> find(std::string_view name);

  // Replaces `map`. `stamp_us`: nullopt of one without a timestamp. kInvalid: the message is
  // shorter than its format; padding at its end may be missing, and more may stand behind it.
  Status decode(std::size_t type, std::span<const std::uint8_t> message, std::string& map,
                std::optional<std::uint64_t>& stamp_us) const;

  // The lines that define it and all that it is made of; nullopt: they are more than `bytes_max`.
  std::optional<std::string> text_of(std::size_t type, std::size_t bytes_max) const;

 private:
  friend class UlogDecoding;
  enum class Of : std::uint8_t {
    kInt8,
    kUint8,
    kInt16,
    kUint16,
    kInt32,
    kUint32,
    kInt64,
    kUint64,
    kFloat,
    kDouble,
    kBool,
    kChar,
    kFormat,
  };
  struct Field {
    std::string name;
    Of of = Of::kFormat;
    std::string format = {};                // of kFormat
    std::size_t type = 0;                   // likewise, once it is found
    std::optional<std::size_t> count = {};  // of a list

    bool is_padding() const { return name.starts_with("_padding"); }
    bool is_stamp() const { return name == "timestamp" && of == Of::kUint64 && !count; }
  };
  struct Type {
    enum class State : std::uint8_t { kNew, kBusy, kWhole, kBroken };

    std::string text;
    std::vector<Field> fields;
    State state = State::kNew;
    std::string fault = {};  // of kBroken
    std::size_t size = 0;    // of kWhole
    std::size_t needed = 0;  // without padding at its end
  };
  friend Result<std::pair<std::string, Value>> read_ulog_value(std::string_view key,
                                                               std::span<const std::uint8_t> bytes);

  static std::optional<Field> parse_field(std::string_view text);
  static std::size_t bytes_of_one(Of of);
  Status resolve(std::size_t type, std::size_t depth);
  Result<std::size_t> size_of(Field& field, std::size_t depth);

  std::vector<Type> types_;
  std::map<std::string, std::size_t, std::less<>> places_;
  std::size_t text_bytes_ = 0;
  std::size_t fields_ = 0;
};

// A name and its value, of a message that has both: its key is "char[5] sys_name" or
// "float MPC_XY_P". kInvalid: they do not fit each other.
Result<std::pair<std::string, Value>> read_ulog_value(std::string_view key,
                                                      std::span<const std::uint8_t> bytes);

}  // namespace zbag
