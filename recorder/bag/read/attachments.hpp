// Which small files lie in a bag (FORMAT.md, Attachments).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "recorder/bag/read/bag_reader.hpp"
#include "schemas/result.hpp"

namespace zbag {

struct AttachmentSize {
  std::string name;
  std::uint64_t bytes = 0;
};

// All of them, by name. What they hold is not read: whether that is intact, `check` says. Errors as
// BagReader::cursor().
Result<std::vector<AttachmentSize>> attachments_of(const BagReader& reader);

}  // namespace zbag
