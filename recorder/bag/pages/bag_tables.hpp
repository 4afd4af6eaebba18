// The tables of an open bag (FORMAT.md, Tables).
#pragma once

#include "recorder/bag/pages/lmdb.hpp"

namespace zbag {

struct BagTables {
  Table meta = 0;
  Table tracks = 0;
  Table blocks = 0;
  Table order = 0;
  Table losses = 0;
  Table attachments = 0;
  Table journal = 0;  // 0: it has none, of an earlier build, and is open to read
};

}  // namespace zbag
