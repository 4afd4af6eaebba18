// Values as JSON text, the way `zbag cat` and `zbag tap` print them (cli.md).
//
// NaN is null, infinities are "inf" and "-inf", float32 prints as its exact double, a float always
// has '.' or an exponent, integers are written in full, bin is base64, ext is
// {"$ext":type,"$bin":base64}, a str that is not UTF-8 is {"$bin":base64}. The output is always
// valid JSON in UTF-8. Pure text work: never fails.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/frame.hpp"

namespace zbag {

// Two dialects: what people read, and the neutral recordings of `import` and `pub`, which keep
// nil ({"$nil":true}) apart from NaN (null).
enum class JsonDialect { kPlain, kNeutral };

void write_json(const Value& value, std::string& out, JsonDialect dialect = JsonDialect::kPlain);
void write_json_text(std::string_view text, std::string& out);

// The members of an object without its braces: `"a":1,"b":[2.0]`. In the neutral dialect a bin
// field X is written as X_hex.
void write_json_members(const Fields& fields, std::string& out,
                        JsonDialect dialect = JsonDialect::kPlain);

std::string base64(std::string_view bytes);
std::optional<std::string> unbase64(std::string_view text);  // nullopt: not base64
std::string hex(std::string_view bytes);
// nullopt when `text` is no even run of hex digits.
std::optional<std::string> unhex(std::string_view text);

}  // namespace zbag
