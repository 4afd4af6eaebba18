// Reads LMDB's pages (mdb.c of 0.9.24) without LMDB, which never checks them: every number in the
// file is held against the file before it is used, so no content of it can crash a reader.
//
// PageFile is the file as pages; PageWalk follows the trees from their root and calls for every
// value of every table, in order of key. It takes for damage what LMDB would stumble over, too:
// leaves must lie equally deep, as its cursors take for granted, and keys must ascend, as its
// searches do. Both lend views into the mapped file. A file that somebody shortens while it is
// mapped ends the process (SIGBUS): bags only grow.
//
// Memory: two bits a page. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.hpp"

namespace zbag {

// A file mapped for reading. Views of it live as long as it does.
class MappedFile {
 public:
  // kNotFound, kIo; kDamaged when it is empty or no file.
  static Result<MappedFile> open(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;

  std::span<const std::uint8_t> bytes() const { return {at_, size_}; }
  // Makes the kernel read ahead: for a pass over the whole file.
  void expect_one_pass() const;
  // Makes it read no more than what is looked at: for a page here and there.
  void expect_jumps() const;

 private:
  MappedFile(const std::uint8_t* at, std::size_t size) : at_(at), size_(size) {}
  const std::uint8_t* at_;
  std::size_t size_;
};

// One entry of a leaf page, whole inside its page.
struct PageNode {
  std::string_view key;
  std::string_view value;                 // inside the page; empty when it is on overflow pages
  std::optional<std::uint64_t> overflow;  // the first of the pages that hold the value
  std::uint64_t value_bytes = 0;
  std::uint16_t flags = 0;

  bool is_table() const;                      // a record of a named table, in the main one
  std::optional<std::uint64_t> root() const;  // of that table; nullopt: it is empty
  // What else that record says. REQUIRES: is_table().
  unsigned table_flags() const;
  unsigned table_depth() const;
  std::uint64_t table_entries() const;
};

// One entry of a branch page.
struct PageBranch {
  std::string_view key;  // no key of the child lies before it; of the first entry it says nothing
  std::uint64_t child = 0;
};

class PageFile {
 public:
  static constexpr std::size_t kHeaderBytes = 16;
  static constexpr std::uint64_t kNoPage = ~std::uint64_t{0};
  // How many pages of its own a value of so many bytes takes.
  static std::uint64_t pages_of(std::uint64_t value_bytes, std::uint64_t page_bytes) {
    return (kHeaderBytes + value_bytes + page_bytes - 1) / page_bytes;
  }

  // Bytes behind the last whole page are no page, but the rest(). REQUIRES: page_bytes > 0.
  PageFile(std::span<const std::uint8_t> bytes, std::uint32_t page_bytes)
      : bytes_(bytes), page_bytes_(page_bytes), count_(bytes.size() / page_bytes) {}

  std::uint64_t count() const { return count_; }
  std::uint32_t page_bytes() const { return page_bytes_; }
  // REQUIRES: number < count().
  std::span<const std::uint8_t> page(std::uint64_t number) const {
    return bytes_.subspan(number * page_bytes_, page_bytes_);
  }
  std::span<const std::uint8_t> rest() const { return bytes_.subspan(count_ * page_bytes_); }
  // From 16 bytes into the page to the end of the file: where a value on overflow pages begins.
  // REQUIRES: number < count().
  std::string_view from(std::uint64_t number) const;

  // Why page `number` is no leaf page; nullptr when its header is that of one. The same for
  // branches. Neither looks at the nodes.
  const char* leaf_fault(std::uint64_t number) const;
  const char* branch_fault(std::uint64_t number) const;
  // Offsets of the nodes of a page. REQUIRES: its fault was nullptr.
  std::vector<std::uint16_t> nodes(std::uint64_t number) const;
  // The entry at `offset` of a leaf page. kDamaged: it reaches out of the page.
  Result<PageNode> leaf_node(std::uint64_t number, std::uint16_t offset) const;
  // What lies in a leaf or branch in front of its nodes, where it had others before, and what has
  // the form of a leaf's node there still, kOldNodesMax at most. Nothing of other pages.
  static constexpr std::size_t kOldNodesMax = 256;
  std::span<const std::uint8_t> free_part(std::uint64_t number) const;
  std::vector<PageNode> old_nodes(std::uint64_t number) const;
  // The node at `offset` of a branch page. kDamaged likewise.
  Result<PageBranch> branch_node(std::uint64_t number, std::uint16_t offset) const;
  // A value on overflow pages. kDamaged: their header is of another kind or size.
  struct Overflow {
    std::string_view value;
    std::uint64_t pages = 0;
  };
  Result<Overflow> overflow(std::uint64_t number, std::uint64_t value_bytes) const;

 private:
  const char* header_fault(std::uint64_t number, unsigned kind, std::size_t nodes_min) const;
  Result<PageNode> node_at(std::uint64_t number, std::size_t offset) const;

  std::span<const std::uint8_t> bytes_;
  std::uint32_t page_bytes_;
  std::uint64_t count_;
};

// How damage of a page or node is told of; `table` as PageWalk names it.
std::string page_damage_text(std::string_view table, const Error& error);

class PageWalk {
 public:
  struct Visitor {
    // A value of a named table. May be empty.
    std::function<void(std::string_view table, std::string_view key, std::string_view value)> value;
    // A page or node that is not sound, and the table it is of. When given, the walk goes on
    // without what hangs on it, behind the values before it; otherwise it ends with the error.
    std::function<void(std::string_view table, const Error& error)> damage;
  };
  // What is looked at of a value on overflow pages.
  enum class LargeValues : std::uint8_t {
    kRead,
    kPlaced,  // that it lies in the file: visitors are called without it
  };
  // Pages from `limit` on are none, whatever the file's length.
  PageWalk(const PageFile& file, std::uint64_t limit, LargeValues large = LargeValues::kRead)
      : file_(file),
        limit_(std::min(limit, file.count())),
        large_(large),
        reached_(limit_),
        damaged_(limit_) {}

  // Walks from the root page of the main table. kDamaged names the page.
  Status run(std::uint64_t main_root, const Visitor& visitor);
  // Walks one table alone, from its own root.
  Status run_table(std::string_view table, std::uint64_t root, const Visitor& visitor);

  std::uint64_t pages() const { return pages_; }
  // Pages with damage of their own do not count: there may be more on them.
  bool was_reached(std::uint64_t number) const {
    return number < limit_ && reached_[number] && !damaged_[number];
  }

 private:
  // What has been seen of a tree, to be held against its record.
  struct Tree {
    std::string table;    // empty: the main one
    int leaves_deep = 0;  // 0: no leaf seen yet
    std::uint64_t entries = 0;
    bool is_sound = true;
  };
  // Where the keys of a page must lie: from `low` on, before `high`.
  struct KeyRange {
    std::string_view low;
    std::optional<std::string_view> high;
    bool contains(std::string_view key) const { return key >= low && (!high || key < *high); }
  };

  Status pass_over(const Error& error);
  Status damaged(std::uint64_t page, const char* what);
  Status reach(std::uint64_t number, std::uint64_t count);
  Status tree(std::uint64_t number, int depth, const KeyRange& keys);
  Status branch(std::uint64_t number, int depth, const KeyRange& keys);
  Status leaf(std::uint64_t number, const KeyRange& keys);
  Status entry(std::uint64_t number, const PageNode& node);
  Status large_value(const PageNode& node);
  Status table(std::uint64_t number, const PageNode& record);
  bool is_main() const { return tree_.table.empty(); }

  const PageFile& file_;
  std::uint64_t limit_;
  LargeValues large_;
  std::vector<bool> reached_;
  std::vector<bool> damaged_;
  std::uint64_t pages_ = 0;
  const Visitor* visitor_ = nullptr;
  Tree tree_;
};

}  // namespace zbag
