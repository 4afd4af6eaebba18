// Points on stdout: what `cat` and `tap` print (cli.md).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "nodes/options.hpp"
#include "schemas/map_bytes.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

enum class PointFormat { kJson, kYaml, kRaw };

// How points are shown: --format, --all, --human.
struct PointStyle {
  PointFormat format = PointFormat::kJson;
  bool all = false;    // reserved fields too, and on a terminal whole values
  bool human = false;  // stamps as ISO 8601
};
void add_point_style(OptionTable& options, PointStyle& style);
// kInvalid: --human of what is no text.
Status check_style(const PointStyle& style);

// Text on a terminal is brief (brief_text.hpp); in a pipe or a file nothing is left out.
class PointPrinter {
 public:
  // `columns`: fields to keep, by flattened name; all when empty.
  PointPrinter(PointStyle style, std::vector<std::string> columns);

  // False when nothing more can be printed: see exit_code(). Nothing is made of the map that is as
  // large: what it holds is printed as it is met. REQUIRES: it was validated.
  bool print(std::string_view track, Timestamp stamp, std::span<const std::uint8_t> map,
             std::optional<std::uint64_t> src = {}, std::optional<std::uint64_t> seq = {});
  bool flush();
  // After a false: done when whoever read stdout has closed it (they have seen enough), else
  // failed, which is said on stderr in the name of `verb`.
  int exit_code(const std::string& verb) const;

 private:
  struct Member {
    std::string_view name;
    std::span<const std::uint8_t> value;
  };
  // Puts what is chosen of the map, flat, into `chosen_`.
  void choose(const MapBytes& map, std::string_view front);
  template <class Each>
  void each_member(Each each) const;
  void print_raw(std::string_view track, Timestamp stamp, std::optional<std::uint64_t> src,
                 std::optional<std::uint64_t> seq);
  void print_text(std::string_view track, Timestamp stamp, std::optional<std::uint64_t> src,
                  std::optional<std::uint64_t> seq);

  std::string name_in_line(std::string_view name, std::span<const std::uint8_t> value) const;
  void print_members(std::size_t line_begin);
  void print_name(std::string_view name);

  const PointStyle style_;
  const bool is_brief_;
  const std::vector<std::string> columns_;
  // Of the point at hand.
  MapBytes map_;
  std::size_t members_ = 0;                // that are printed
  std::vector<Member> chosen_;             // by columns; without any all of the map is
  std::unordered_set<std::string> names_;  // of those
  std::string out_;
  int error_ = 0;  // errno of the write that failed
};

}  // namespace zbag
