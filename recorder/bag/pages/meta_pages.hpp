// What the two meta pages of an LMDB file say, read without LMDB, which believes them.
//
// LMDB would meet a file that is shorter than they say with SIGBUS, so their word is held against
// the file before LMDB sees it. A file may lack pages at its end and be whole, though: what a
// transaction took and gave back is never written, and such pages are in the list of free ones.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "schemas/result.hpp"

namespace zbag {

class PageFile;

struct MetaPages {
  std::uint32_t page_bytes = 0;
  std::uint64_t last_page = 0;  // of the newer meta
  std::uint64_t txn = 0;
  std::uint64_t free_root = 0;  // page number of the list of free pages; ~0 when there is none
  std::uint64_t main_root = 0;  // likewise of the main table
  // The other page is its twin. Set by read_meta_pages().
  bool has_twin = false;
};
// Whether two meta pages are as LMDB leaves them: of transactions that follow one another, the file
// not shorter in the later one.
bool are_twins(const MetaPages& one, const MetaPages& other);
// What of a meta page is read.
inline constexpr std::size_t kMetaPageBytes = 16 + 136;
// A meta page; nullopt when `page` is none.
std::optional<MetaPages> parse_meta_page(std::span<const std::uint8_t> page);
// Whether the file lacks none of the pages a meta page speaks of but free ones at its end.
bool is_whole(const PageFile& file, const MetaPages& meta);
// kNotFound, kIo; kDamaged with the reason when neither page is one, when one says of the size of
// pages what LMDB would crash on, or when pages in use are missing at the end of the file. Blocks
// for a read of the list of free pages where the file is shorter than they say.
Result<MetaPages> read_meta_pages(const std::string& path);

// What to say of a file that is no bag.
Error not_a_bag(const std::string& path, const char* why);

}  // namespace zbag
