// Points on stdout: what `cat` and `tap` print (cli.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/options.hpp"
#include "schemas/frame.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

enum class PointFormat { kJson, kYaml, kRaw };
// --format of them.
void add_point_format(OptionTable& options, PointFormat& format);

class PointPrinter {
 public:
  // `columns`: fields to keep, by flattened name; all when empty. `all`: reserved fields too.
  PointPrinter(PointFormat format, std::vector<std::string> columns, bool all);

  // False when nothing more can be printed: see exit_code().
  bool print(std::string_view track, Timestamp stamp, const Fields& fields,
             std::optional<std::uint64_t> src = {}, std::optional<std::uint64_t> seq = {});
  bool flush();
  // After a false: done when whoever read stdout has closed it (they have seen enough), else
  // failed, which is said on stderr in the name of `verb`.
  int exit_code(const std::string& verb) const;

 private:
  PointFormat format_;
  std::vector<std::string> columns_;
  bool all_;
  std::string out_;
  int error_ = 0;  // errno of the write that failed
};

}  // namespace zbag
