// Times, spans of time and sizes as people write them: 1m30s, 250ms, 2h; 512MB, 1GiB, 300kB.
//
// A number alone counts in the unit that was asked for, which is the caller's to say.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace zbag {

// `text` as a whole, a finite decimal number; nullopt: it is none.
std::optional<double> parse_decimal(std::string_view text);

// `text` in units of which a second has `per_second`, as a number alone counts them: 1.0 for
// seconds, 1e3 for milliseconds. Units are ms, s (sec), m (min), h (hr) and d, several may follow
// each other. A span has no sign. nullopt: it is none, or longer than what time can hold.
std::optional<double> parse_span(std::string_view text, double per_second);

// `text` in MB (10^6 bytes), as a number alone counts them. Units are B, kB, MB, GB, TB and KiB,
// MiB, GiB, TiB, in either case; or k, M, G, T and Ki, Mi, Gi, Ti. nullopt: it is no size.
std::optional<double> parse_megabytes(std::string_view text);

// Seconds since 1970 of 2026-11-20T10:00:00.123456Z, with any number of decimals or none; nullopt:
// it is no such time.
std::optional<double> parse_iso_time(const std::string& text);

}  // namespace zbag
