#include "recorder/bag/pages/page_walk.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "schemas/byte_io.hpp"

namespace zbag {
namespace {

using byte_io::load;

enum : std::uint16_t { kBranch = 1, kLeaf = 2, kOverflow = 4 };
// LMDB's other flags (duplicates, sub-pages) are never in a bag; 0x10 marks a page in memory.
constexpr unsigned kKindMask = 0x6f;
enum : std::uint16_t { kBigData = 1, kSubData = 2 };
constexpr std::size_t kNodeHeader = 8;
// MDB_db: u32, u16 flags, u16 depth, three counts of pages, entries, the root.
constexpr std::size_t kTableRecord = 48;
constexpr std::size_t kTableFlags = 4;
constexpr std::size_t kTableDepth = 6;
constexpr std::size_t kTableEntries = 32;
constexpr std::size_t kTableRoot = 40;
constexpr int kDepthMax = 32;
constexpr const char* kDisorder = "has keys out of order";

tl::unexpected<Error> bad(std::uint64_t page, const char* what) {
  return fail(ErrorCode::kDamaged, fmt::format("page {}: {}", page, what));
}

std::string_view text(const std::uint8_t* at, std::size_t size) {
  return {reinterpret_cast<const char*>(at), size};
}
const std::uint8_t* bytes(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  struct stat status {};
  if (fd < 0 || ::fstat(fd, &status) != 0) {
    const ErrorCode code = errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
    const std::string why = std::strerror(errno);
    if (fd >= 0) ::close(fd);
    return fail(code, fmt::format("{}: {}", path, why));
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (!S_ISREG(status.st_mode) || size == 0) {
    ::close(fd);
    return fail(ErrorCode::kDamaged,
                fmt::format("{}: not a bag ({})", path,
                            S_ISREG(status.st_mode) ? "the file is empty" : "no regular file"));
  }
  void* const at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  const int error = errno;
  ::close(fd);
  if (at == MAP_FAILED)
    return fail(ErrorCode::kIo, fmt::format("{}: {}", path, std::strerror(error)));
  return MappedFile(static_cast<const std::uint8_t*>(at), size);
}

MappedFile::~MappedFile() {
  if (at_ != nullptr) ::munmap(const_cast<std::uint8_t*>(at_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : at_(std::exchange(other.at_, nullptr)), size_(std::exchange(other.size_, 0)) {}

void MappedFile::expect_one_pass() const {
  static_cast<void>(::madvise(const_cast<std::uint8_t*>(at_), size_, MADV_SEQUENTIAL));
}

void MappedFile::expect_jumps() const {
  static_cast<void>(::madvise(const_cast<std::uint8_t*>(at_), size_, MADV_RANDOM));
}

bool PageNode::is_table() const { return (flags & kSubData) != 0 && value.size() == kTableRecord; }

std::optional<std::uint64_t> PageNode::root() const {
  if (!is_table()) return std::nullopt;
  const auto root = load<std::uint64_t>(bytes(value) + kTableRoot);
  return root == PageFile::kNoPage ? std::nullopt : std::optional(root);
}
unsigned PageNode::table_flags() const { return load<std::uint16_t>(bytes(value) + kTableFlags); }
unsigned PageNode::table_depth() const { return load<std::uint16_t>(bytes(value) + kTableDepth); }
std::uint64_t PageNode::table_entries() const {
  return load<std::uint64_t>(bytes(value) + kTableEntries);
}

std::string_view PageFile::from(std::uint64_t number) const {
  const auto rest =
      bytes_.subspan(number * page_bytes_ + std::min<std::size_t>(kHeaderBytes, page_bytes_));
  return text(rest.data(), rest.size());
}

const char* PageFile::header_fault(std::uint64_t number, unsigned kind,
                                   std::size_t nodes_min) const {
  const std::uint8_t* const page = this->page(number).data();
  const std::size_t lower = load<std::uint16_t>(page + 12);
  const std::size_t upper = load<std::uint16_t>(page + 14);
  if (load<std::uint64_t>(page) != number) return "carries another number";
  if ((load<std::uint16_t>(page + 10) & kKindMask) != kind) return "is of no known kind";
  if (lower < kHeaderBytes || lower > upper || upper > page_bytes_ || lower % 2 != 0)
    return "has impossible bounds";
  // LMDB reads the first node of a leaf and two of a branch without asking.
  if ((lower - kHeaderBytes) / 2 < nodes_min) return "has too few nodes";
  return nullptr;
}

const char* PageFile::leaf_fault(std::uint64_t number) const {
  return header_fault(number, kLeaf, 1);
}
const char* PageFile::branch_fault(std::uint64_t number) const {
  return header_fault(number, kBranch, 2);
}

std::vector<std::uint16_t> PageFile::nodes(std::uint64_t number) const {
  const std::uint8_t* const page = this->page(number).data();
  std::vector<std::uint16_t> offsets((load<std::uint16_t>(page + 12) - kHeaderBytes) / 2);
  if (!offsets.empty()) std::memcpy(offsets.data(), page + kHeaderBytes, offsets.size() * 2);
  return offsets;
}

Result<PageNode> PageFile::leaf_node(std::uint64_t number, std::uint16_t offset) const {
  const std::size_t upper = load<std::uint16_t>(page(number).data() + 14);
  if (offset < upper || offset + kNodeHeader > page_bytes_)
    return bad(number, "has a node outside itself");
  return node_at(number, offset);
}

std::span<const std::uint8_t> PageFile::free_part(std::uint64_t number) const {
  if (leaf_fault(number) != nullptr && branch_fault(number) != nullptr) return {};
  const std::span<const std::uint8_t> page = this->page(number);
  const std::size_t lower = load<std::uint16_t>(page.data() + 12);
  return page.subspan(lower, load<std::uint16_t>(page.data() + 14) - lower);
}

// Such a node may reach into one that was put over its end: then its value is none.
std::vector<PageNode> PageFile::old_nodes(std::uint64_t number) const {
  const std::span<const std::uint8_t> part = free_part(number);
  const auto begin = static_cast<std::size_t>(part.data() - page(number).data());
  // Of a value in the page, whose size has sixteen bits, and a key: most places are none such.
  const auto is_likely = [](std::uint64_t head) {
    return (head & 0x0000'ffff'ffff'0000u) == 0 && (head & 0xffff) != 0 && head >> 48 != 0;
  };
  std::vector<PageNode> nodes;
  for (std::size_t at = 0; at + kNodeHeader < part.size() && nodes.size() < kOldNodesMax; at += 2) {
    if (!is_likely(load<std::uint64_t>(part.data() + at))) continue;
    const Result<PageNode> node = node_at(number, begin + at);
    if (node) nodes.push_back(*node);
  }
  return nodes;
}

Result<PageNode> PageFile::node_at(std::uint64_t number, std::size_t offset) const {
  const std::uint8_t* const page = this->page(number).data();
  const std::uint8_t* const at = page + offset;
  PageNode node;
  node.value_bytes = load<std::uint16_t>(at) | std::uint64_t{load<std::uint16_t>(at + 2)} << 16;
  node.flags = load<std::uint16_t>(at + 4);
  const std::size_t key_bytes = load<std::uint16_t>(at + 6);
  const std::size_t data = offset + kNodeHeader + key_bytes;
  if (data > page_bytes_) return bad(number, "has a key outside itself");
  node.key = text(at + kNodeHeader, key_bytes);
  const bool is_big = (node.flags & kBigData) != 0;
  if (data + (is_big ? sizeof(std::uint64_t) : node.value_bytes) > page_bytes_)
    return bad(number, "has a value outside itself");
  if (is_big) {
    node.overflow = load<std::uint64_t>(page + data);
  } else {
    node.value = text(page + data, node.value_bytes);
  }
  return node;
}

Result<PageBranch> PageFile::branch_node(std::uint64_t number, std::uint16_t offset) const {
  const std::uint8_t* const page = this->page(number).data();
  const std::size_t upper = load<std::uint16_t>(page + 14);
  if (offset < upper || offset + kNodeHeader > page_bytes_)
    return bad(number, "has a node outside itself");
  const std::uint8_t* const at = page + offset;
  const std::size_t key_bytes = load<std::uint16_t>(at + 6);
  if (offset + kNodeHeader + key_bytes > page_bytes_)
    return bad(number, "has a key outside itself");
  return PageBranch{text(at + kNodeHeader, key_bytes),
                    load<std::uint16_t>(at) | std::uint64_t{load<std::uint16_t>(at + 2)} << 16 |
                        std::uint64_t{load<std::uint16_t>(at + 4)} << 32};
}

Result<PageFile::Overflow> PageFile::overflow(std::uint64_t number,
                                              std::uint64_t value_bytes) const {
  if (number < 2 || number >= count_) return bad(number, "is no page of the file");
  const std::uint8_t* const page = this->page(number).data();
  const std::uint64_t pages = load<std::uint32_t>(page + 12);
  if (load<std::uint64_t>(page) != number || (load<std::uint16_t>(page + 10) & kOverflow) == 0)
    return bad(number, "is no overflow page");
  if (pages == 0 || pages > count_ - number || kHeaderBytes + value_bytes > pages * page_bytes_)
    return bad(number, "is too short for its value");
  return Overflow{text(page + kHeaderBytes, value_bytes), pages};
}

std::string page_damage_text(std::string_view table, const Error& error) {
  return table.empty() ? error.message : fmt::format("table {}: {}", table, error.message);
}

Status PageWalk::run(std::uint64_t main_root, const Visitor& visitor) {
  visitor_ = &visitor;
  tree_ = {};
  return main_root == PageFile::kNoPage ? Status() : tree(main_root, 1, {});
}

Status PageWalk::run_table(std::string_view table, std::uint64_t root, const Visitor& visitor) {
  visitor_ = &visitor;
  tree_ = {.table = std::string(table)};
  return tree(root, 1, {});
}

// Passed over when the visitor takes note of it, else the end of the walk.
Status PageWalk::pass_over(const Error& error) {
  tree_.is_sound = false;
  if (!visitor_->damage) return tl::unexpected(error);
  visitor_->damage(tree_.table, error);
  return {};
}

// The same of a page that may hold more than could be read of it.
Status PageWalk::damaged(std::uint64_t page, const char* what) {
  if (page < limit_) damaged_[page] = true;
  return pass_over(bad(page, what).value());
}

// Notes pages as seen: a tree that meets one twice goes in circles, or two share it.
Status PageWalk::reach(std::uint64_t number, std::uint64_t count) {
  if (number < 2 || number >= limit_ || count > limit_ - number)
    return bad(number, "is no page of the file");
  for (std::uint64_t at = number; at < number + count; ++at) {
    if (reached_[at]) return bad(at, "is reached twice");
    reached_[at] = true;
  }
  pages_ += count;
  return {};
}

Status PageWalk::tree(std::uint64_t number, int depth, const KeyRange& keys) {
  if (depth > kDepthMax) return damaged(number, "lies too deep");
  if (const Status reached = reach(number, 1); !reached) return pass_over(reached.error());
  const char* const leaf_fault = file_.leaf_fault(number);
  if (leaf_fault == nullptr) {
    if (tree_.leaves_deep == 0) tree_.leaves_deep = depth;
    return depth == tree_.leaves_deep
               ? leaf(number, keys)
               : damaged(number, "is a leaf at another depth than the first");
  }
  const char* const branch_fault = file_.branch_fault(number);
  if (branch_fault == nullptr) return branch(number, depth, keys);
  const bool is_branch = (load<std::uint16_t>(file_.page(number).data() + 10) & kBranch) != 0;
  return damaged(number, is_branch ? branch_fault : leaf_fault);
}

// The keys are looked at before a child is: of a page that has one wrong, none is to be believed.
Status PageWalk::branch(std::uint64_t number, int depth, const KeyRange& keys) {
  std::vector<PageBranch> children;
  for (const std::uint16_t offset : file_.nodes(number)) {
    Result<PageBranch> child = file_.branch_node(number, offset);
    if (!child) return pass_over(child.error());
    if (children.empty()) {
      child->key = keys.low;
    } else if (child->key <= children.back().key || !keys.contains(child->key)) {
      return damaged(number, kDisorder);
    }
    children.push_back(*child);
  }
  for (std::size_t i = 0; i < children.size(); ++i) {
    const bool is_last = i + 1 == children.size();
    const KeyRange of_child{children[i].key,
                            is_last ? keys.high : std::optional(children[i + 1].key)};
    if (Status status = tree(children[i].child, depth + 1, of_child); !status) return status;
  }
  return {};
}

Status PageWalk::leaf(std::uint64_t number, const KeyRange& keys) {
  std::vector<Result<PageNode>> nodes;
  std::optional<std::string_view> before;
  for (const std::uint16_t offset : file_.nodes(number)) {
    nodes.push_back(file_.leaf_node(number, offset));
    if (!nodes.back()) continue;
    const std::string_view key = nodes.back()->key;
    if ((before && key <= *before) || !keys.contains(key)) return damaged(number, kDisorder);
    before = key;
  }
  for (const Result<PageNode>& node : nodes) {
    ++tree_.entries;
    Status status = node ? entry(number, *node) : Status(tl::unexpected(node.error()));
    if (status) continue;
    damaged_[number] = true;
    if (status = pass_over(status.error()); !status) return status;
  }
  return {};
}

Status PageWalk::entry(std::uint64_t number, const PageNode& node) {
  if ((node.flags & ~(is_main() ? kSubData : kBigData)) != 0)
    return bad(number, "has a node of an unknown kind");
  if (node.overflow) return large_value(node);
  if (!is_main()) {
    if (visitor_->value) visitor_->value(tree_.table, node.key, node.value);
    return {};
  }
  if (!node.is_table() || node.key.empty()) return bad(number, "has an entry that is no table");
  Tree main = std::exchange(tree_, Tree{.table = std::string(node.key)});
  Status status = table(number, node);
  tree_ = std::move(main);
  return status;
}

Status PageWalk::large_value(const PageNode& node) {
  if (large_ == LargeValues::kPlaced)
    return reach(*node.overflow, PageFile::pages_of(node.value_bytes, file_.page_bytes()));
  const auto value = file_.overflow(*node.overflow, node.value_bytes);
  if (!value) return tl::unexpected(value.error());
  if (Status reached = reach(*node.overflow, value->pages); !reached) return reached;
  if (visitor_->value) visitor_->value(tree_.table, node.key, value->value);
  return {};
}

Status PageWalk::table(std::uint64_t number, const PageNode& record) {
  // Flags change how LMDB compares keys and what it takes values for.
  if (record.table_flags() != 0) {
    if (Status status = damaged(number, "has a table of another kind"); !status) return status;
  }
  const std::optional<std::uint64_t> root = record.root();
  if (root) {
    if (Status status = tree(*root, 1, {}); !status) return status;
  }
  const bool fits = static_cast<unsigned>(tree_.leaves_deep) == record.table_depth() &&
                    tree_.entries == record.table_entries();
  // Of a tree that is not sound not all was seen.
  if (fits || !tree_.is_sound) return {};
  return damaged(number, "has a table that counts otherwise than its tree");
}

}  // namespace zbag
