#include "recorder/bag/bag_check.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>

#include "recorder/bag/bag_file.hpp"
#include "recorder/bag/bag_reader.hpp"
#include "recorder/bag/block.hpp"
#include "schemas/frame_scan.hpp"

namespace zbag {
namespace {

// A file mapped for reading.
class MappedFile {
 public:
  static Result<MappedFile> open(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status {};
    if (fd < 0 || ::fstat(fd, &status) != 0)
      return fail(ErrorCode::kIo, fmt::format("{}: {}", path, std::strerror(errno)));
    const auto size = static_cast<std::size_t>(status.st_size);
    void* const at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    ::close(fd);
    if (at == MAP_FAILED)
      return fail(ErrorCode::kIo, fmt::format("{}: {}", path, std::strerror(errno)));
    return MappedFile(static_cast<const std::uint8_t*>(at), size);
  }
  ~MappedFile() {
    if (at_ != nullptr) ::munmap(const_cast<std::uint8_t*>(at_), size_);
  }
  MappedFile(MappedFile&& other) noexcept
      : at_(std::exchange(other.at_, nullptr)), size_(other.size_) {}
  MappedFile& operator=(MappedFile&&) = delete;

  const std::uint8_t* data() const { return at_; }
  std::size_t size() const { return size_; }

 private:
  MappedFile(const std::uint8_t* at, std::size_t size) : at_(at), size_(size) {}
  const std::uint8_t* at_;
  std::size_t size_;
};

template <class T>
T load(const std::uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// Walks LMDB's B-trees (mdb.c of 0.9.24) and checks that every offset stays where it belongs.
class PageWalk {
 public:
  PageWalk(const MappedFile& file, const MetaPages& meta) : file_(file), meta_(meta) {}

  // The tree of the main table and, through its leaves, those of the named ones.
  Status run() { return tree(meta_.main_root, 0, true); }
  std::uint64_t pages() const { return pages_; }

 private:
  enum : std::uint16_t { kBranch = 1, kLeaf = 2, kOverflow = 4, kKindMask = 0x6f };
  enum : std::uint16_t { kBigData = 1, kSubData = 2 };
  static constexpr std::size_t kPageHeader = 16;
  static constexpr std::size_t kNodeHeader = 8;
  static constexpr std::uint64_t kNoPage = ~std::uint64_t{0};
  static constexpr int kDepthMax = 32;

  static tl::unexpected<Error> bad(std::uint64_t page, const char* what) {
    return fail(ErrorCode::kDamaged, fmt::format("page {}: {}", page, what));
  }

  Status count_page(std::uint64_t number) {
    // A tree that meets more pages than there are goes in circles.
    if (++pages_ > meta_.last_page + 1) return bad(number, "is reached twice");
    return {};
  }

  Status tree(std::uint64_t number, int depth, bool is_main) {
    if (number == kNoPage) return {};
    if (depth > kDepthMax) return bad(number, "lies too deep");
    if (number < 2 || number > meta_.last_page) return bad(number, "is no page of the file");
    if (Status status = count_page(number); !status) return status;
    const std::uint8_t* const page = file_.data() + number * meta_.page_bytes;
    const auto flags = load<std::uint16_t>(page + 10);
    const std::size_t lower = load<std::uint16_t>(page + 12);
    const std::size_t upper = load<std::uint16_t>(page + 14);
    if (load<std::uint64_t>(page) != number) return bad(number, "carries another number");
    // Exactly one kind: LMDB's other flags (duplicates, sub-pages) are never in a bag.
    const unsigned kind = flags & kKindMask;
    if (kind != kBranch && kind != kLeaf) return bad(number, "is of no known kind");
    if (lower < kPageHeader || lower > upper || upper > meta_.page_bytes || lower % 2 != 0)
      return bad(number, "has impossible bounds");
    // LMDB reads the first node of a leaf and two of a branch without asking.
    if (lower - kPageHeader < (kind == kBranch ? 4u : 2u)) return bad(number, "has too few nodes");
    for (std::size_t at = kPageHeader; at < lower; at += 2) {
      const std::size_t node = load<std::uint16_t>(page + at);
      if (node < upper || node + kNodeHeader > meta_.page_bytes)
        return bad(number, "has a node outside itself");
      if (Status status = check_node(page, number, node, (flags & kLeaf) != 0, depth, is_main);
          !status)
        return status;
    }
    return {};
  }

  Status check_node(const std::uint8_t* page, std::uint64_t number, std::size_t node, bool is_leaf,
                    int depth, bool is_main) {
    const std::uint64_t low = load<std::uint16_t>(page + node);
    const std::uint64_t high = load<std::uint16_t>(page + node + 2);
    const std::uint64_t flags = load<std::uint16_t>(page + node + 4);
    const std::size_t key_bytes = load<std::uint16_t>(page + node + 6);
    const std::size_t data = node + kNodeHeader + key_bytes;
    if (data > meta_.page_bytes) return bad(number, "has a key outside itself");
    if (!is_leaf) return tree(low | high << 16 | flags << 32, depth + 1, is_main);
    if ((flags & ~std::uint64_t{is_main ? kSubData : kBigData}) != 0)
      return bad(number, "has a node of an unknown kind");
    const std::uint64_t data_bytes = low | high << 16;
    if ((flags & kBigData) != 0) {
      if (data + 8 > meta_.page_bytes) return bad(number, "has a value outside itself");
      return overflow(load<std::uint64_t>(page + data), data_bytes);
    }
    if (data + data_bytes > meta_.page_bytes) return bad(number, "has a value outside itself");
    if (!is_main) return {};
    constexpr std::uint64_t kTableRecord = 48;
    if ((flags & kSubData) == 0 || data_bytes != kTableRecord)
      return bad(number, "has an entry that is no table");
    return tree(load<std::uint64_t>(page + data + 40), depth + 1, false);
  }

  Status overflow(std::uint64_t number, std::uint64_t data_bytes) {
    if (number < 2 || number > meta_.last_page) return bad(number, "is no page of the file");
    const std::uint8_t* const page = file_.data() + number * meta_.page_bytes;
    const std::uint64_t count = load<std::uint32_t>(page + 12);
    if (load<std::uint64_t>(page) != number || (load<std::uint16_t>(page + 10) & kOverflow) == 0) {
      return bad(number, "is no overflow page");
    }
    if (count == 0 || count > meta_.last_page + 1 - number ||
        kPageHeader + data_bytes > count * meta_.page_bytes) {
      return bad(number, "is too short for its value");
    }
    pages_ += count - 1;
    return count_page(number);
  }

  const MappedFile& file_;
  const MetaPages& meta_;
  std::uint64_t pages_ = 0;
};

void add(CheckReport& report, BagProblem problem) {
  if (report.problems.size() < kProblemsMax) report.problems.push_back(std::move(problem));
}

// What the blocks of one track add up to.
struct TrackSums {
  std::uint64_t main_points = 0;
  std::uint64_t late_points = 0;
  std::uint64_t unreadable = 0;
};

void check_block(const BlockKey& key, std::string_view value, const std::string& track,
                 TrackSums& sums, CheckReport& report) {
  ++report.blocks;
  const Result<Block> block = Block::open(value);
  if (!block) {
    const Result<BlockHeader> header = Block::read_header(value);
    const std::uint64_t points = header ? header->count : 0;
    sums.unreadable += points;
    add(report,
        {block.error().message, track, key.first, header ? header->last : key.first, points});
    return;
  }
  const BlockHeader& header = block->header();
  const BagProblem place{"", track, header.first, header.last, header.count};
  const auto complain = [&](std::string what, std::uint64_t points) {
    BagProblem problem = place;
    problem.what = std::move(what);
    problem.points = points;
    add(report, std::move(problem));
  };
  if (header.track != key.track || header.first != key.first || header.is_late() != key.is_late()) {
    complain("block stored under another key", header.count);
    return;
  }
  report.points += header.count;
  if (!header.is_late() && sums.unreadable == 0 && header.first_ordinal != sums.main_points) {
    complain(fmt::format("block counts on from {} where {} points lie before it",
                         header.first_ordinal, sums.main_points),
             0);
  }
  (header.is_late() ? sums.late_points : sums.main_points) += header.count;
  for (const StoredPoint& point : block->points()) {
    const ScanOutcome scan = scan_frame(point.map);
    if (!scan.refusal) continue;
    BagProblem problem{
        fmt::format("a point's fields are malformed ({})", refusal_name(*scan.refusal)), track,
        point.key, point.key, 1};
    add(report, std::move(problem));
  }
}

void check_track(const TrackRecord& track, const TrackSums& sums, CheckReport& report) {
  const bool counts_fit = sums.unreadable > 0 || (sums.main_points == track.main_points &&
                                                  sums.late_points == track.late_points);
  if (!counts_fit) {
    add(report,
        {fmt::format("{} + {} points are stored where {} + {} were counted", sums.main_points,
                     sums.late_points, track.main_points, track.late_points),
         track.name,
         {},
         {},
         0});
  }
  if (!track.fate.balances()) {
    add(report, {"the fate of its frames does not add up", track.name, {}, {}, 0});
  }
}

}  // namespace

Result<std::uint64_t> check_pages(const std::string& path) {
  const Result<MetaPages> meta = read_meta_pages(path);
  if (!meta) return tl::unexpected(meta.error());
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file) return tl::unexpected(file.error());
  if (meta->last_page >= file->size() / meta->page_bytes)
    return fail(ErrorCode::kDamaged, fmt::format("{}: truncated", path));
  PageWalk walk(*file, *meta);
  if (Status status = walk.run(); !status) return fail(status.error(), path);
  return walk.pages();
}

Result<CheckReport> check_bag(const std::string& path, const Progress& progress) {
  const Result<std::uint64_t> pages = check_pages(path);
  CheckReport report;
  if (!pages) {
    if (pages.error().code != ErrorCode::kDamaged || !read_meta_pages(path))
      return tl::unexpected(pages.error());
    add(report, {pages.error().message, {}, {}, {}, 0});
    return report;
  }
  report.pages = *pages;
  Result<BagReader> reader = BagReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  const Result<BagSummary> summary = reader->summary();
  if (!summary) return tl::unexpected(summary.error());
  report.tracks = summary->tracks.size();
  report.unclosed = !summary->runs.empty() && !summary->runs.back().closed;
  std::map<std::uint32_t, const TrackRecord*> by_id;
  for (const TrackRecord& track : summary->tracks) by_id[track.id] = &track;

  // One transaction for the whole walk: what is checked is one state of the bag.
  Result<std::unique_ptr<ReadTxn>> txn = reader->file()->env().read();
  if (!txn) return tl::unexpected(txn.error());
  const Table blocks = reader->file()->tables().blocks;
  const auto total = static_cast<double>((*txn)->entries(blocks));
  Result<TableCursor> cursor = TableCursor::open(**txn, blocks);
  if (!cursor) return tl::unexpected(cursor.error());
  std::map<std::uint32_t, TrackSums> sums;
  auto item = cursor->first();
  for (; item && *item; item = cursor->next()) {
    const std::optional<BlockKey> key = BlockKey::decode((*item)->key);
    const auto track = key ? by_id.find(key->track) : by_id.end();
    if (track == by_id.end()) {
      add(report, {"a block of no known track", {}, {}, {}, 0});
      continue;
    }
    check_block(*key, (*item)->value, track->second->name, sums[key->track], report);
    if (progress && report.blocks % 256 == 0) progress(static_cast<double>(report.blocks) / total);
  }
  if (!item) return tl::unexpected(item.error());
  // A bag being written goes on between the summary and this transaction: counts fit only at rest.
  // The record of a writer that was killed stays; its lock does not.
  if (!summary->writer || !reader->file()->is_being_written()) {
    for (const auto& [id, track] : by_id) check_track(*track, sums[id], report);
  }
  return report;
}

}  // namespace zbag
