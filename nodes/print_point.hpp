// Points on stdout: what `cat` and `tap` print (cli.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/frame.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

enum class PointFormat { kJson, kYaml, kRaw };
Result<PointFormat> parse_point_format(const std::string& text);

class PointPrinter {
 public:
  // `columns`: fields to keep, by flattened name; all when empty. `all`: reserved fields too.
  PointPrinter(PointFormat format, std::vector<std::string> columns, bool all);

  // False when stdout is closed: whoever read it has seen enough.
  bool print(std::string_view track, Timestamp stamp, const Fields& fields, std::optional<std::uint64_t> src = {},
             std::optional<std::uint64_t> seq = {});
  bool flush();

 private:
  PointFormat format_;
  std::vector<std::string> columns_;
  bool all_;
  std::string out_;
};

}  // namespace zbag
