// LMDB believes its pages and ends the process where one leads astray: they are looked at before it
// sees them.
#pragma once

#include <cstdint>
#include <string>

#include "schemas/result.hpp"

namespace zbag {

struct MetaPages;

enum class TreeUse : std::uint8_t {
  kRead,   // of values on pages of their own, where they lie
  kWrite,  // and what stands there, which says what is freed with them; and the list of free pages
};

// Whether LMDB can follow the trees of the bag at `path`, from where `meta` says they begin.
// kDamaged names the first page that is not sound; otherwise as MappedFile::open(). Blocks for a
// read of every page of the trees (about one in a hundred of a bag's; to write, of one page of
// every large value besides).
//
// Of a bag that is being written to meanwhile, damage may be what the writer changed under the
// walk. A bag that is shortened meanwhile ends the process.
Status check_trees(const std::string& path, const MetaPages& meta, TreeUse use);

}  // namespace zbag
