// Values as JSON text, the way `zbag cat` and `zbag tap` print them (cli.md).
//
// NaN is null, infinities are "inf" and "-inf", float32 prints as its exact double, a float always
// has '.' or an exponent, integers are written in full, bin is base64, ext is
// {"$ext":type,"$bin":base64}, a str that is not UTF-8 is {"$bin":base64}. The output is always
// valid JSON in UTF-8. Pure text work: never fails.
//
// Names of members come back exactly (name_of_member()): one that is not UTF-8 is written as
// "$hex:" and its bytes in hex, one that looks like that, or like any word of the dialect, with one
// "$" more.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "schemas/frame.hpp"

namespace zbag {

// Two dialects: what people read, and the neutral recordings of `import` and `pub`, which keep
// nil ({"$nil":true}) apart from NaN (null).
enum class JsonDialect { kPlain, kNeutral };

void write_json(const Value& value, std::string& out, JsonDialect dialect = JsonDialect::kPlain);
void write_json_text(std::string_view text, std::string& out);
void write_json_float(double number, std::string& out);

// The same of an item in its bytes, of which no value is built. `drain` is asked to make room now
// and then, when `out` has grown; what it leaves in it is kept. REQUIRES: the bytes were validated.
using JsonDrain = std::function<void()>;
void write_json_item(std::span<const std::uint8_t> item, std::string& out,
                     JsonDialect dialect = JsonDialect::kPlain, const JsonDrain& drain = {});

// The members of an object without its braces: `"a":1,"b":[2.0]`. In the neutral dialect a bin
// field X is written as X_hex. Of bytes as write_json_item().
void write_json_members(MapBytes map, std::string& out, JsonDialect dialect,
                        const JsonDrain& drain = {});

// How the name of a member is written, and the way back: nullopt where nobody writes it so.
std::string member_name(std::string_view name, JsonDialect dialect);
std::optional<std::string> name_of_member(std::string_view member, JsonDialect dialect);

// A word that a line has for itself, such as `track`, is left to it by fields of that name: `track`
// is written as `track_`, `track_` as `track__`. All other names stay.
std::string escaped_name(std::string_view name, std::string_view word);
std::string unescaped_name(std::string_view name, std::string_view word);

std::string base64(std::string_view bytes);
std::optional<std::string> unbase64(std::string_view text);  // nullopt: not base64
std::string hex(std::string_view bytes);
// nullopt when `text` is no even run of hex digits.
std::optional<std::string> unhex(std::string_view text);

}  // namespace zbag
