#include "recorder/bag/upkeep/salvage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <unordered_map>

#include "recorder/bag/pages/meta_pages.hpp"
#include "recorder/bag/upkeep/journal_salvage.hpp"
#include "recorder/bag/upkeep/record_shelf.hpp"

namespace zbag {
namespace {

constexpr std::uint32_t kUsualPageBytes = 4096;
constexpr std::string_view kMagic = "ZBK1";
constexpr std::size_t kStoredBytesOffset = 36;  // in a block's header (FORMAT.md)

std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The block that begins at `bytes`, by the sizes its header names; nullopt when it is none.
std::optional<std::string_view> block_at(std::string_view bytes) {
  if (bytes.size() < kBlockHeaderBytes || !bytes.starts_with(kMagic)) return std::nullopt;
  std::uint32_t stored = 0;
  std::uint32_t summary = 0;
  std::memcpy(&stored, bytes.data() + kStoredBytesOffset, sizeof stored);
  std::memcpy(&summary, bytes.data() + kSummaryBytesOffset, sizeof summary);
  const std::size_t size = kBlockHeaderBytes + stored + summary;
  if (size > bytes.size()) return std::nullopt;
  return bytes.substr(0, size);
}

bool is_intact(std::string_view value) { return Block::open(value).has_value(); }

// Whether a bag has a table of that name; if not, its name is damaged.
bool is_table(std::string_view name) {
  static constexpr std::array<std::string_view, 7> kTables = {
      kMetaTable,   kTracksTable,      kBlocksTable, kOrderTable,
      kLossesTable, kAttachmentsTable, kJournalTable};
  return std::find(kTables.begin(), kTables.end(), name) != kTables.end();
}

// The page where the trees begin, and how much of the file they may use.
struct Root {
  std::uint64_t page = 0;
  std::uint64_t limit = 0;
};

class Salvage {
 public:
  Salvage(const MappedFile& file, std::uint32_t page_bytes, const Progress& progress)
      : pages_(file.bytes(), page_bytes), progress_(progress) {}

  Result<Findings> run(const std::vector<MetaPages>& metas) {
    Status status = find(metas);
    if (!status) return tl::unexpected(status.error());
    const std::uint64_t format = shelf_records().bag.format;
    if (format > kBagFormat) {
      return fail(ErrorCode::kNewerFormat,
                  fmt::format("format {}; this zbag {} reads up to format {}: update it", format,
                              kZbagVersion, kBagFormat));
    }
    if (is_nothing()) return fail(ErrorCode::kDamaged, "nothing of a bag is left in it");
    return std::move(found_);
  }

 private:
  Status find(const std::vector<MetaPages>& metas) {
    // Otherwise one of them is not what it was.
    if (metas.size() == 2 && are_twins(metas[0], metas[1])) {
      const Root root{metas.front().main_root, metas.front().last_page + 1};
      if (!is_whole(pages_, metas.front())) {
        note(fmt::format("truncated: {} pages are there, page {} is in use", pages_.count(),
                         root.limit - 1));
      } else if (take_sound(root)) {
        return {};
      }
    } else {
      note(metas.empty() ? "both meta pages are damaged" : "a meta page is damaged");
    }
    const std::vector<Root> roots = newest_roots(metas);
    for (const Root& root : roots) {
      if (take_sound(root) && counts_fit()) return {};
    }
    found_.blocks.clear();
    found_.unreadable.clear();
    found_.made.clear();
    return scan(metas);
  }

  void note(std::string what) {
    constexpr std::size_t kDamageMax = 5;  // where one page is, there are often many
    ++found_.damage_count;
    if (found_.damage.size() < kDamageMax) found_.damage.push_back(std::move(what));
  }
  const BagSummary& shelf_records() const { return found_.records; }
  bool is_nothing() const {
    return found_.blocks.empty() && found_.unreadable.empty() && found_.records.tracks.empty() &&
           found_.records.runs.empty() && found_.records.bag.format == 0 &&
           found_.attachments.empty();
  }

  // All that hangs on a root, when it is sound.
  bool take_sound(const Root& root) {
    RecordShelf shelf;
    std::vector<FoundBlock> blocks;
    std::vector<UnreadableBlock> unreadable;
    PageWalk walk(pages_, root.limit);
    PageWalk::Visitor visitor;
    std::vector<std::string> damage;
    visitor.value = [&](std::string_view table, std::string_view key, std::string_view value) {
      const Status sound = take_value(table, key, value, {shelf, blocks, unreadable});
      const bool is_new = !sound && (damage.empty() || damage.back() != sound.error().message);
      if (is_new) damage.push_back(sound.error().message);
    };
    const Status walked = walk.run(root.page, visitor);
    if (!walked) {
      note(walked.error().message);
      return false;
    }
    // Earlier states of records that are damaged.
    for (std::uint64_t number = 2; number < pages_.count() && !damage.empty(); ++number) {
      if (!walk.was_reached(number) && pages_.leaf_fault(number) == nullptr)
        take_records(number, shelf);
    }
    found_.blocks = std::move(blocks);
    found_.unreadable = std::move(unreadable);
    take_from(std::move(shelf));
    const bool is_bag = found_.records.bag.format != 0 || !damage.empty();
    for (std::string& what : damage) note(std::move(what));
    return is_bag;
  }

  void take_from(RecordShelf&& shelf) {
    found_.attachments = shelf.attachments();
    const JournalValues journal = shelf.journal();
    found_.records = std::move(shelf).records();
    JournalFindings points = salvage_journal(journal, found_.is_scan, found_.records);
    for (std::string& what : points.damage) note(std::move(what));
    for (auto& [key, block] : points.blocks) {
      const std::string& value = found_.made.emplace_back(std::move(block));
      found_.blocks.push_back(
          {*read_block_header(value), key.serial, !found_.is_scan, true, value});
    }
  }

  struct Takers {
    RecordShelf& shelf;
    std::vector<FoundBlock>& blocks;
    std::vector<UnreadableBlock>& unreadable;
  };
  // Takes a value of a table; says what is wrong with it. What the name of a table that is damaged
  // leads to is taken by what it says itself.
  static Status take_value(std::string_view table, std::string_view key, std::string_view value,
                           const Takers& to) {
    if (table == kBlocksTable) return take_block(key, value, to);
    if (table == kOrderTable) return {};  // points are numbered anew
    if (is_table(table)) {
      Status sound = verify_record(table, key, value);
      if (sound && table == kJournalTable && !journal_number(key))
        sound = fail(ErrorCode::kDamaged, "table journal: a key is none of its");
      if (sound) to.shelf.take(table, key, value);
      return sound;
    }
    if (!value.starts_with(kMagic)) {
      to.shelf.take(key, value);
    } else if (Status sound = take_block(key, value, to); !sound) {
      return sound;
    }
    return fail(ErrorCode::kDamaged, fmt::format("table {} is none of a bag", table));
  }

  static Status take_block(std::string_view key, std::string_view value, const Takers& to) {
    const std::optional<BlockKey> at = BlockKey::decode(key);
    const Result<BlockHeader> header = read_block_header(value);
    const bool fits = at && header && header->track == at->track && header->first == at->first &&
                      header->is_late() == at->is_late();
    if (fits) {
      to.blocks.push_back({*header, at->serial, true, false, value});
      return {};
    }
    // What is damaged is the key, or what leads from it here: the block is what it says itself.
    if (header && is_intact(value)) {
      to.blocks.push_back({*header, at ? at->serial : 0, false, false, value});
      return fail(ErrorCode::kDamaged, "a block is stored under another key");
    }
    if (at) {
      to.unreadable.push_back(
          {*at, header ? "its header speaks of another block" : header.error().message});
    }
    return {};
  }

  // The root pages of tables: leaves with a `blocks` and a `tracks` among their entries.
  std::optional<std::uint64_t> tracks_root(std::uint64_t number) const {
    if (pages_.leaf_fault(number) != nullptr) return std::nullopt;
    std::optional<std::uint64_t> tracks;
    bool has_blocks = false;
    for (const std::uint16_t offset : pages_.nodes(number)) {
      const Result<PageNode> node = pages_.leaf_node(number, offset);
      if (!node || !node->is_table()) return std::nullopt;
      has_blocks = has_blocks || node->key == kBlocksTable;
      if (node->key == kTracksTable) tracks = node->root().value_or(PageFile::kNoPage);
    }
    return has_blocks ? tracks : std::nullopt;
  }

  // Roots of the newest state of which any record is found. Where a newer record than those of all
  // roots lies about, there is none. Notes how far blocks reach, of whatever state.
  std::vector<Root> newest_roots(const std::vector<MetaPages>& metas) {
    RecordShelf anywhere;
    std::vector<Root> candidates;
    for (std::uint64_t number = 2; number < pages_.count(); ++number) {
      note_end(block_at(pages_.from(number)));
      if (pages_.leaf_fault(number) != nullptr) continue;
      for (const std::uint16_t offset : pages_.nodes(number)) {
        const Result<PageNode> node = pages_.leaf_node(number, offset);
        if (node && !node->overflow) note_end(block_at(node->value));
      }
      if (tracks_root(number)) {
        const auto meta = std::find_if(metas.begin(), metas.end(), [&](const MetaPages& m) {
          return m.main_root == number && m.last_page < pages_.count();
        });
        candidates.push_back({number, meta == metas.end() ? pages_.count() : meta->last_page + 1});
      }
      take_records(number, anywhere);
    }
    std::erase_if(candidates,
                  [&](const Root& root) { return newness_of(root.page) != anywhere.newness(); });
    return candidates;
  }

  // Records of a leaf, whatever its table.
  void take_records(std::uint64_t number, RecordShelf& shelf) const {
    for (const std::uint16_t offset : pages_.nodes(number)) {
      const Result<PageNode> node = pages_.leaf_node(number, offset);
      if (!node || node->is_table()) continue;
      std::string_view value = node->value;
      if (node->overflow) {
        const auto overflow = pages_.overflow(*node->overflow, node->value_bytes);
        value = overflow ? overflow->value : std::string_view();
      }
      if (!value.starts_with(kMagic)) shelf.take(node->key, value);
    }
  }

  void note_end(std::optional<std::string_view> value) {
    if (!value || !is_intact(*value)) return;
    const BlockHeader header = *read_block_header(*value);
    std::uint64_t& end = main_ends_[header.track];
    if (!header.is_late()) end = std::max(end, header.first_ordinal + header.count);
  }

  // Whether the blocks found are those the tracks' records speak of, and none lies about that is
  // newer: an old root may lead to pages that have got other uses, each sound by itself.
  bool counts_fit() {
    std::map<std::pair<std::uint32_t, bool>, std::uint64_t> counted;
    for (const FoundBlock& block : found_.blocks)
      counted[{block.header.track, block.header.is_late()}] += block.header.count;
    return std::all_of(found_.records.tracks.begin(), found_.records.tracks.end(),
                       [&](const TrackRecord& track) {
                         return counted[{track.id, false}] == track.main_points &&
                                counted[{track.id, true}] == track.late_points &&
                                main_ends_[track.id] <= track.main_points;
                       });
  }

  // By the tables of records.
  decltype(std::declval<RecordShelf>().newness()) newness_of(std::uint64_t main_page) const {
    RecordShelf shelf;
    PageWalk::Visitor visitor;
    visitor.value = [&](std::string_view table, std::string_view key, std::string_view value) {
      if (verify_record(table, key, value)) shelf.take(table, key, value);
    };
    visitor.damage = [](std::string_view, const Error&) {};
    PageWalk walk(pages_, pages_.count());
    for (const std::uint16_t offset : pages_.nodes(main_page)) {
      const Result<PageNode> node = pages_.leaf_node(main_page, offset);
      const bool is_of_records =
          node && (node->key == kTracksTable || node->key == kMetaTable ||
                   node->key == kAttachmentsTable || node->key == kJournalTable);
      if (!is_of_records || !node->root()) continue;
      static_cast<void>(walk.run_table(node->key, *node->root(), visitor));
    }
    return shelf.newness();
  }

  // The third way.
  Status scan(const std::vector<MetaPages>& metas) {
    found_.is_scan = true;
    PageWalk walk(pages_, pages_.count());
    if (!metas.empty() && metas.front().main_root >= 2 &&
        metas.front().main_root < pages_.count()) {
      take_reachable(walk, metas.front().main_root);
    }
    std::unordered_map<std::uint64_t, BlockKey> entries;        // by the page their block begins on
    std::vector<std::pair<std::size_t, std::uint64_t>> begins;  // block, page
    // Whether a block on overflow pages begins at a page, of which `bytes` are there.
    const auto take_begin = [&](std::uint64_t number, std::string_view bytes) {
      const std::optional<std::string_view> value = block_at(bytes);
      if (!value || !is_intact(*value)) return std::size_t{0};
      begins.emplace_back(found_.blocks.size(), number);
      found_.blocks.push_back({*read_block_header(*value), 0, false, false, *value});
      return (PageFile::kHeaderBytes + value->size() - 1) / pages_.page_bytes() + 1;
    };
    std::uint64_t number = 2;
    for (; number < pages_.count(); ++number) {
      if (progress_ && number % 4'096 == 0 &&
          !progress_(static_cast<double>(number) / static_cast<double>(pages_.count())))
        return fail(ErrorCode::kClosed, "stopped; nothing was written");
      if (walk.was_reached(number)) continue;
      if (const std::size_t pages = take_begin(number, pages_.from(number)); pages > 0) {
        number += pages - 1;
        continue;
      }
      if (pages_.leaf_fault(number) == nullptr) {
        take_records(number, shelf_);
        take_entries(number, entries);
      }
      take_small_blocks(pages_.page(number));
    }
    // Where the file ends within a page, blocks of it may be whole.
    const std::span<const std::uint8_t> rest = pages_.rest();
    if (number == pages_.count() && rest.size() > PageFile::kHeaderBytes &&
        take_begin(number, text_of(rest.subspan(PageFile::kHeaderBytes))) == 0)
      take_small_blocks(rest);
    for (const auto& [block, page] : begins) {
      const auto entry = entries.find(page);
      FoundBlock& found = found_.blocks[block];
      if (entry != entries.end() && entry->second.track == found.header.track &&
          entry->second.first == found.header.first)
        found.serial = entry->second.serial;
    }
    take_from(std::move(shelf_));
    return {};
  }

  // What hangs on the root in use, as far as it is sound.
  void take_reachable(PageWalk& walk, std::uint64_t root) {
    PageWalk::Visitor visitor;
    visitor.value = [&](std::string_view table, std::string_view key, std::string_view value) {
      const Status sound =
          take_value(table, key, value, {shelf_, found_.blocks, found_.unreadable});
      if (!sound) note(sound.error().message);
    };
    visitor.damage = [&](std::string_view table, const Error& error) {
      note(table.empty() ? error.message : fmt::format("table {}: {}", table, error.message));
    };
    static_cast<void>(walk.run(root, visitor));
  }

  // Entries of blocks on overflow pages: they know the serial.
  void take_entries(std::uint64_t number, std::unordered_map<std::uint64_t, BlockKey>& entries) {
    for (const std::uint16_t offset : pages_.nodes(number)) {
      const Result<PageNode> node = pages_.leaf_node(number, offset);
      if (!node || !node->overflow) continue;
      const std::optional<BlockKey> key = BlockKey::decode(node->key);
      if (!key) continue;
      const auto [known, is_new] = entries.try_emplace(*node->overflow, *key);
      if (!is_new && key->serial > known->second.serial) known->second = *key;
    }
  }

  // Blocks inside a page, whatever its header says: nodes lie at even offsets, and the key with the
  // serial right before the value.
  void take_small_blocks(std::span<const std::uint8_t> bytes) {
    constexpr std::size_t kKeyBytes = 16;
    const std::string_view page = text_of(bytes);
    for (std::size_t at = page.find(kMagic); at != std::string_view::npos;
         at = page.find(kMagic, at + 1)) {
      const std::optional<std::string_view> value = block_at(page.substr(at));
      if (at % 2 != 0 || !value || !is_intact(*value)) continue;
      FoundBlock block{*read_block_header(*value), 0, false, false, *value};
      const std::optional<BlockKey> key =
          at < kKeyBytes ? std::nullopt : BlockKey::decode(page.substr(at - kKeyBytes, kKeyBytes));
      if (key && key->track == block.header.track && key->first == block.header.first)
        block.serial = key->serial;
      found_.blocks.push_back(block);
      at += value->size() - 1;
    }
  }

  PageFile pages_;
  const Progress& progress_;
  Findings found_;
  RecordShelf shelf_;
  std::map<std::uint32_t, std::uint64_t> main_ends_;  // the ordinal behind the last, by track
};

}  // namespace

Result<Findings> salvage(const MappedFile& file, const Progress& progress) {
  const std::span<const std::uint8_t> bytes = file.bytes();
  std::vector<MetaPages> metas;
  if (const auto meta = parse_meta_page(bytes)) metas.push_back(*meta);
  const std::uint32_t page_bytes = metas.empty() ? kUsualPageBytes : metas.front().page_bytes;
  if (bytes.size() > page_bytes) {
    if (const auto meta = parse_meta_page(bytes.subspan(page_bytes))) metas.push_back(*meta);
  }
  std::sort(metas.begin(), metas.end(),
            [](const MetaPages& a, const MetaPages& b) { return a.txn > b.txn; });
  return Salvage(file, metas.empty() ? kUsualPageBytes : metas.front().page_bytes, progress)
      .run(metas);
}

}  // namespace zbag
