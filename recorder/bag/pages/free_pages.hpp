// LMDB's list of free pages (mdb.c of 0.9.24): a tree whose keys are transaction numbers and whose
// values are numbers of pages, as many u64 as the first of them says.
#pragma once

#include <cstdint>

namespace zbag {

class PageFile;

// Whether the list whose tree has its root on page `root` holds every page of [from, to). False as
// well where the list can not be read. Memory: a bit for each of those pages, no more than the file
// could list.
bool are_free(const PageFile& file, std::uint64_t root, std::uint64_t from, std::uint64_t to);

// Whether that list can be read.
bool can_be_read(const PageFile& file, std::uint64_t root);

}  // namespace zbag
