// Which columns somebody asked for that no frame had, of verbs that see frames as they pass.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/map_bytes.hpp"

namespace zbag {

class UnseenColumns {
 public:
  explicit UnseenColumns(std::vector<std::string> columns);
  // Costs nothing once every column has been seen. REQUIRES: the frame was validated.
  void note(std::span<const std::uint8_t> frame);
  // "no frame has a column nope; did you mean n?"; empty: all have been seen.
  std::string text() const;

 private:
  void look(const MapBytes& map, std::string_view front);

  std::vector<std::string> unseen_;
  std::set<std::string> fields_;  // that frames had, the first of them
};

}  // namespace zbag
