#include "player/exports/exporter.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace zbag {
namespace {

// Words are separated by blanks.
struct Format {
  const char* name;
  Result<std::unique_ptr<Exporter>> (*make)(const ExportOptions& options);
  bool has_binary = false;  // knows BinaryAs
  const char* compressions = "";
  const char* encodings = "";
};

constexpr std::array kFormats{
    Format{"csv", make_csv_exporter, true},
    Format{"json", make_json_exporter, true},
    Format{"jsonl", make_jsonl_exporter, true},
    Format{"mcap", make_mcap_exporter, false, "none lz4 zstd", "json msgpack cdr"},
    Format{"mocap", make_mocap_exporter, false},
    Format{"rosbag2", make_rosbag2_exporter, false, "none lz4 zstd"},
};

Status check_binary(const Format& format, const ExportOptions& options) {
  if (options.binary == BinaryAs::kByFormat) return {};
  if (!format.has_binary) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{} has bytes in one way only; leave --binary out", format.name));
  }
  if (options.binary != BinaryAs::kFiles || options.out != "-") return {};
  return fail(ErrorCode::kInvalid,
              "--binary files writes files beside the output; give it a name with -o");
}

// Whether a value that was given is one the format knows.
Status check_known(const Format& format, const char* what, const std::string& value,
                   std::string_view known) {
  if (value.empty()) return {};
  std::string alternatives;
  while (!known.empty()) {
    const std::string_view word = known.substr(0, known.find(' '));
    if (word == value) return {};
    known.remove_prefix(std::min(known.size(), word.size() + 1));
    alternatives += alternatives.empty() ? "" : known.empty() ? " or " : ", ";
    alternatives += word;
  }
  if (alternatives.empty()) {
    return fail(ErrorCode::kInvalid, fmt::format("format {} has no {}", format.name, what));
  }
  return fail(ErrorCode::kInvalid,
              fmt::format("{} '{}': format {} knows {}", what, value, format.name, alternatives));
}

Status check_options(const Format& format, const ExportOptions& options) {
  if (Status binary = check_binary(format, options); !binary) return binary;
  if (options.compression_level && *format.compressions == '\0')
    return fail(ErrorCode::kInvalid, fmt::format("format {} has no compression", format.name));
  Status known = check_known(format, "compression", options.compression, format.compressions);
  if (!known) return known;
  return check_known(format, "encoding", options.encoding, format.encodings);
}

}  // namespace

std::vector<std::string> export_formats() {
  std::vector<std::string> names;
  for (const Format& format : kFormats) names.emplace_back(format.name);
  return names;
}

Result<std::unique_ptr<Exporter>> make_exporter(const ExportOptions& options) {
  const auto* const found =
      std::find_if(kFormats.begin(), kFormats.end(),
                   [&](const Format& format) { return format.name == options.format; });
  if (found == kFormats.end()) {
    return fail(ErrorCode::kInvalid,
                fmt::format("unknown format '{}'; there are {}", options.format,
                            fmt::join(export_formats(), ", ")));
  }
  if (Status known = check_options(*found, options); !known) return tl::unexpected(known.error());
  return found->make(options);
}

}  // namespace zbag
