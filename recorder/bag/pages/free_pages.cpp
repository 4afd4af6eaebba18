#include "recorder/bag/pages/free_pages.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "recorder/bag/pages/page_walk.hpp"
#include "schemas/byte_io.hpp"

namespace zbag {
namespace {

using byte_io::load;

// Ticks off pages of a range as the list names them.
class FreePages {
 public:
  FreePages(const PageFile& file, std::uint64_t from, std::uint64_t to)
      : file_(file), from_(from), is_free_(to - from) {}

  // False when a page of the tree is not sound.
  bool read(std::uint64_t number, int depth = 1) {
    constexpr int kDepthMax = 32;
    // A tree has no more pages than the file: one that goes in circles ends, too.
    if (number < 2 || number >= file_.count() || depth > kDepthMax || ++pages_ > file_.count())
      return false;
    const bool is_leaf = file_.leaf_fault(number) == nullptr;
    if (!is_leaf && file_.branch_fault(number) != nullptr) return false;
    for (const std::uint16_t offset : file_.nodes(number)) {
      if (!(is_leaf ? read_leaf(number, offset) : read_branch(number, offset, depth))) return false;
    }
    return true;
  }

  bool are_all() const {
    return std::all_of(is_free_.begin(), is_free_.end(), [](bool is_free) { return is_free; });
  }

 private:
  bool read_branch(std::uint64_t number, std::uint16_t offset, int depth) {
    const Result<PageBranch> branch = file_.branch_node(number, offset);
    return branch && read(branch->child, depth + 1);
  }

  bool read_leaf(std::uint64_t number, std::uint16_t offset) {
    const Result<PageNode> node = file_.leaf_node(number, offset);
    if (!node) return false;
    if (!node->overflow) return take(node->value);
    const Result<PageFile::Overflow> overflow = file_.overflow(*node->overflow, node->value_bytes);
    return overflow && take(overflow->value);
  }

  bool take(std::string_view list) {
    const auto* const at = reinterpret_cast<const std::uint8_t*>(list.data());
    const std::uint64_t numbers = list.size() / sizeof(std::uint64_t);
    if (numbers == 0) return false;
    const auto count = load<std::uint64_t>(at);
    if (count >= numbers) return false;
    for (std::uint64_t i = 1; i <= count; ++i) {
      const auto page = load<std::uint64_t>(at + i * sizeof(std::uint64_t));
      if (page >= from_ && page - from_ < is_free_.size()) is_free_[page - from_] = true;
    }
    return true;
  }

  const PageFile& file_;
  const std::uint64_t from_;
  std::vector<bool> is_free_;
  std::uint64_t pages_ = 0;
};

}  // namespace

bool are_free(const PageFile& file, std::uint64_t root, std::uint64_t from, std::uint64_t to) {
  const std::uint64_t most = file.count() * file.page_bytes() / sizeof(std::uint64_t);
  if (from > to || to - from > most) return false;
  FreePages pages(file, from, to);
  return pages.read(root) && pages.are_all();
}

bool can_be_read(const PageFile& file, std::uint64_t root) {
  return FreePages(file, 0, 0).read(root);
}

}  // namespace zbag
