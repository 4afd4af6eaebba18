#include "recorder/bag/page_walk.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace zbag {
namespace {

enum : std::uint16_t { kBranch = 1, kLeaf = 2, kOverflow = 4 };
// LMDB's other flags (duplicates, sub-pages) are never in a bag; 0x10 marks a page in memory.
constexpr unsigned kKindMask = 0x6f;
enum : std::uint16_t { kBigData = 1, kSubData = 2 };
constexpr std::size_t kNodeHeader = 8;
constexpr std::size_t kTableRecord = 48;
constexpr std::size_t kTableRoot = 40;  // its place in the record
constexpr int kDepthMax = 32;

template <class T>
T load(const std::uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

tl::unexpected<Error> bad(std::uint64_t page, const char* what) {
  return fail(ErrorCode::kDamaged, fmt::format("page {}: {}", page, what));
}

std::string_view text(const std::uint8_t* at, std::size_t size) {
  return {reinterpret_cast<const char*>(at), size};
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
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

bool PageNode::is_table() const { return (flags & kSubData) != 0 && value.size() == kTableRecord; }

std::optional<std::uint64_t> PageNode::root() const {
  if (!is_table()) return std::nullopt;
  const auto root =
      load<std::uint64_t>(reinterpret_cast<const std::uint8_t*>(value.data()) + kTableRoot);
  return root == PageFile::kNoPage ? std::nullopt : std::optional(root);
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
  const std::uint8_t* const page = this->page(number).data();
  const std::size_t upper = load<std::uint16_t>(page + 14);
  if (offset < upper || offset + kNodeHeader > page_bytes_)
    return bad(number, "has a node outside itself");
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

Result<std::uint64_t> PageFile::child(std::uint64_t number, std::uint16_t offset) const {
  const std::uint8_t* const page = this->page(number).data();
  const std::size_t upper = load<std::uint16_t>(page + 14);
  if (offset < upper || offset + kNodeHeader > page_bytes_)
    return bad(number, "has a node outside itself");
  const std::uint8_t* const at = page + offset;
  if (offset + kNodeHeader + load<std::uint16_t>(at + 6) > page_bytes_)
    return bad(number, "has a key outside itself");
  return load<std::uint16_t>(at) | std::uint64_t{load<std::uint16_t>(at + 2)} << 16 |
         std::uint64_t{load<std::uint16_t>(at + 4)} << 32;
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

Status PageWalk::run(std::uint64_t main_root, const Visitor& visitor) {
  visitor_ = &visitor;
  table_.clear();
  return main_root == PageFile::kNoPage ? Status() : tree(main_root, 0);
}

Status PageWalk::run_table(std::string_view table, std::uint64_t root, const Visitor& visitor) {
  visitor_ = &visitor;
  table_ = table;
  return tree(root, 0);
}

// Passed over when the visitor takes note of it, else the end of the walk.
Status PageWalk::damaged(std::uint64_t page, const char* what) {
  tl::unexpected<Error> error = bad(page, what);
  if (!visitor_->damage) return error;
  if (page < limit_) damaged_[page] = true;
  visitor_->damage(table_, error.value());
  return {};
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

Status PageWalk::tree(std::uint64_t number, int depth) {
  if (depth > kDepthMax) return damaged(number, "lies too deep");
  if (const Status reached = reach(number, 1); !reached) {
    if (!visitor_->damage) return reached;
    visitor_->damage(table_, reached.error());
    return {};
  }
  const char* const leaf_fault = file_.leaf_fault(number);
  if (leaf_fault == nullptr) return leaf(number);
  const char* const branch_fault = file_.branch_fault(number);
  if (branch_fault == nullptr) return branch(number, depth);
  const bool is_branch = (load<std::uint16_t>(file_.page(number).data() + 10) & kBranch) != 0;
  return damaged(number, is_branch ? branch_fault : leaf_fault);
}

Status PageWalk::branch(std::uint64_t number, int depth) {
  for (const std::uint16_t offset : file_.nodes(number)) {
    const Result<std::uint64_t> child = file_.child(number, offset);
    if (!child && !visitor_->damage) return tl::unexpected(child.error());
    if (!child) {
      visitor_->damage(table_, child.error());
      continue;
    }
    if (Status status = tree(*child, depth + 1); !status) return status;
  }
  return {};
}

Status PageWalk::leaf(std::uint64_t number) {
  for (const std::uint16_t offset : file_.nodes(number)) {
    const Result<PageNode> node = file_.leaf_node(number, offset);
    Status status = node ? entry(number, *node) : Status(tl::unexpected(node.error()));
    if (status) continue;
    if (!visitor_->damage) return status;
    damaged_[number] = true;
    visitor_->damage(table_, status.error());
  }
  return {};
}

Status PageWalk::entry(std::uint64_t number, const PageNode& node) {
  if ((node.flags & ~(is_main() ? kSubData : kBigData)) != 0)
    return bad(number, "has a node of an unknown kind");
  if (node.overflow) {
    const auto value = file_.overflow(*node.overflow, node.value_bytes);
    if (!value) return tl::unexpected(value.error());
    if (Status reached = reach(*node.overflow, value->pages); !reached) return reached;
    if (visitor_->value) visitor_->value(table_, node.key, value->value);
    return {};
  }
  if (!is_main()) {
    if (visitor_->value) visitor_->value(table_, node.key, node.value);
    return {};
  }
  if (!node.is_table() || node.key.empty()) return bad(number, "has an entry that is no table");
  const std::optional<std::uint64_t> root = node.root();
  if (!root) return {};
  table_ = node.key;
  Status status = tree(*root, 1);
  table_.clear();
  return status;
}

}  // namespace zbag
