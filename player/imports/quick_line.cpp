#include "player/imports/quick_line.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include "schemas/item.hpp"
#include "schemas/put_item.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

namespace dom = simdjson::dom;
using dom::element_type;

// Seconds, as a number.
std::optional<Timestamp> stamp_of(const dom::element& value) {
  double seconds = 0.0;
  if (!value.is_number() || value.get(seconds) != simdjson::SUCCESS) return std::nullopt;
  return Timestamp::from_seconds(seconds);
}

bool put_track(const dom::element& value, std::string& track) {
  std::string_view name;
  if (value.get(name) != simdjson::SUCCESS) return false;
  track = plain_name(name);
  return track_name_fault(track) == nullptr;
}

bool is_numbering(std::string_view name) { return name == "_src" || name == "_seq"; }

// It counts what objects and lists hold up to there; every one takes two bytes of a line.
static_assert(QuickLine::kBytesMax / 2 < 0xffffff);

// Appends what a line holds to a map. False, wherever it is said: a doubt.
class Encoding {
 public:
  Encoding(std::string& out, std::size_t values_max, std::vector<std::size_t>& names)
      : out_(out), values_left_(values_max), names_(names) {}

  // {"track":..., "_ts":..., "fields":{...}}, in any order.
  bool neutral_line(const dom::object& line, EncodedFrame& frame) {
    is_neutral_ = true;
    std::optional<dom::object> found;
    std::optional<Timestamp> stamp;
    bool has_track = false;
    for (const dom::key_value_pair member : line) {
      if (!counts()) return false;
      note_name(member.key);
      dom::object object;
      if (member.key == "fields" && member.value.get(object) == simdjson::SUCCESS) {
        found = object;
      } else if (member.key == "_ts") {
        stamp = stamp_of(member.value);
      } else if (member.key == "track") {
        has_track = put_track(member.value, frame.track);
      } else if (!is_numbering(member.key) || !member.value.is_number()) {
        return false;
      }
    }
    if (!are_unique(0) || !found || !stamp || !has_track) return false;
    frame.stamp = *stamp;
    return fields(*found, 2);
  }

  // {TIME:..., fields}, which hold the track where `word` is not the time. REQUIRES: it is there.
  bool point_line(const dom::object& line, std::string_view time, std::string_view word,
                  EncodedFrame& frame) {
    std::size_t fields = line.size();
    for (const dom::key_value_pair member : line) {
      const bool is_time = member.key == time;
      const bool is_track = !is_time && member.key == word;
      note_name(member.key);
      if (is_time) {
        const std::optional<Timestamp> stamp = stamp_of(member.value);
        if (!stamp) return false;
        frame.stamp = *stamp;
      } else if (is_track ? !put_track(member.value, frame.track) : may_be_escaped(member, word)) {
        return false;
      }
      if (is_time || is_track || is_numbering(member.key)) --fields;
    }
    if (!are_unique(0)) return false;
    put([&](std::uint8_t*& at) { item::put_map(at, fields); });
    for (const dom::key_value_pair member : line) {
      const bool is_field = member.key != time && member.key != word && !is_numbering(member.key);
      if (is_field ? !field(member, 1) : !member.value.is_number() && !member.value.is_string())
        return false;
      if (!is_field && !counts()) return false;
    }
    return true;
  }

 private:
  // As `track_` for a field `track`; a field alone, and a map, as `fields_`.
  static bool may_be_escaped(const dom::key_value_pair& member, std::string_view word) {
    return member.key.starts_with(word) ||
           (member.key.starts_with("fields") && member.value.is_object());
  }

  bool fields(const dom::object& object, int depth) {
    const std::size_t first_name = names_.size();
    put([&](std::uint8_t*& at) { item::put_map(at, object.size()); });
    for (const dom::key_value_pair member : object) {
      note_name(member.key);
      if (!field(member, depth)) return false;
    }
    return are_unique(first_name);
  }

  bool field(const dom::key_value_pair& member, int depth) {
    const std::string_view name = member.key;
    if (name.starts_with('$')) return false;
    if (is_neutral_ && (name == "data_file" || name.ends_with("_hex"))) return false;
    item::append_text(out_, name);
    return element(member.value, depth);
  }

  // `depth` containers are open around it.
  bool element(const dom::element& value, int depth) {
    if (!counts()) return false;
    switch (value.type()) {
      case element_type::DOUBLE:
        return float64(value.get_double().value_unsafe());
      case element_type::INT64:
        put([&](std::uint8_t*& at) { item::put_signed(at, value.get_int64().value_unsafe()); });
        return true;
      case element_type::UINT64:
        put([&](std::uint8_t*& at) { item::put_unsigned(at, value.get_uint64().value_unsafe()); });
        return true;
      case element_type::BOOL:
        put([&](std::uint8_t*& at) { item::put_bool(at, value.get_bool().value_unsafe()); });
        return true;
      case element_type::NULL_VALUE:
        return float64(std::numeric_limits<double>::quiet_NaN());
      case element_type::STRING:
        return text(value.get_string().value_unsafe());
      case element_type::ARRAY:
        return depth <= item::kDepthMax && array(value.get_array().value_unsafe(), depth + 1);
      case element_type::OBJECT:
        return depth <= item::kDepthMax && fields(value.get_object().value_unsafe(), depth + 1);
    }
    return false;
  }

  bool float64(double number) {
    put([&](std::uint8_t*& at) { item::put_float64(at, std::bit_cast<std::uint64_t>(number)); });
    return true;
  }

  bool text(std::string_view text) {
    if (text == "inf" || text == "-inf") return false;
    item::append_text(out_, text);
    return true;
  }

  bool array(const dom::array& array, int depth) {
    put([&](std::uint8_t*& at) { item::put_array(at, array.size()); });
    for (const dom::element value : array) {
      if (!element(value, depth)) return false;
    }
    return true;
  }

  template <class Put>
  void put(Put put) {
    item::append_item(out_, put);
  }
  bool counts() { return values_left_-- > 1; }  // the line itself is one

  // By their hashes: different names that have the same are a doubt, too.
  void note_name(std::string_view name) { names_.push_back(std::hash<std::string_view>()(name)); }
  // Of those from there on, which are forgotten.
  bool are_unique(std::size_t first) {
    const auto begin = names_.begin() + static_cast<std::ptrdiff_t>(first);
    std::sort(begin, names_.end());
    const bool are = std::adjacent_find(begin, names_.end()) == names_.end();
    names_.resize(first);
    return are;
  }

  std::string& out_;
  std::size_t values_left_;
  std::vector<std::size_t>& names_;
  bool is_neutral_ = false;
};

// The first two names, as kind_of() in neutral_file.cpp asks for them.
struct FirstNames {
  std::string_view first;
  std::string_view second;
};
FirstNames first_names(const dom::object& line) {
  FirstNames names;
  dom::object::iterator at = line.begin();
  if (at == line.end()) return names;
  names.first = (*at).key;
  if (++at != line.end()) names.second = (*at).key;
  return names;
}

bool is_neutral_frame(const dom::object& line) {
  dom::element fields;
  return line.size() == 3 && line["fields"].get(fields) == simdjson::SUCCESS && fields.is_object();
}

}  // namespace

struct QuickLine::Parser {
  dom::parser parser{kBytesMax};
  std::string padded;  // the line, and what the library reads behind it
  std::vector<std::size_t> names;
};

QuickLine::QuickLine(std::size_t values_max)
    : values_max_(values_max), parser_(std::make_unique<Parser>()) {}
QuickLine::~QuickLine() = default;

bool QuickLine::read(std::string_view line, std::string_view track_of_rows, EncodedFrame& frame) {
  if (line.size() > kBytesMax) return false;
  parser_->names.clear();
  parser_->padded.reserve(line.size() + simdjson::SIMDJSON_PADDING);
  parser_->padded.assign(line);
  dom::object object;
  const auto parsed = parser_->parser.parse(parser_->padded.data(), line.size(), false);
  if (parsed.get(object) != simdjson::SUCCESS) return false;
  frame.map.clear();
  frame.ignored.clear();
  Encoding encoding(frame.map, values_max_, parser_->names);
  const FirstNames names = first_names(object);
  if (names.first == "timestamp") {
    frame.track = plain_name(track_of_rows);
    return track_name_fault(frame.track) == nullptr &&
           encoding.point_line(object, "timestamp", "timestamp", frame);
  }
  const bool is_point = names.first == "_ts" && names.second == "track";
  if (is_point && !is_neutral_frame(object))
    return encoding.point_line(object, "_ts", "track", frame);
  return encoding.neutral_line(object, frame);
}

}  // namespace zbag
