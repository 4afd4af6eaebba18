#include "recorder/bag/upkeep/salvage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

#include "recorder/bag/pages/meta_pages.hpp"
#include "recorder/bag/upkeep/journal_salvage.hpp"
#include "recorder/bag/upkeep/record_shelf.hpp"
#include "recorder/bag/upkeep/stray_blocks.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

constexpr std::uint32_t kUsualPageBytes = 4096;
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
    const bool has_both = metas.size() == 2 && are_twins(metas[0], metas[1]);
    if (has_both) {
      const Root root{metas.front().main_root, metas.front().last_page + 1};
      if (!is_whole(pages_, metas.front())) {
        note(fmt::format("truncated: {} pages are there, page {} is in use", pages_.count(),
                         root.limit - 1));
      } else if (take_sound(root)) {
        return {};
      }
    } else {
      note(metas.empty() ? "both meta pages are damaged" : "a meta page is damaged");
      for (const Root& root : newest_roots(metas)) {
        if (!take_sound(root) || !counts_fit()) continue;
        found_.knows_end = found_.made.empty() && is_closed();
        return {};
      }
    }
    found_.blocks.clear();
    found_.unreadable.clear();
    found_.made.clear();
    found_.doubts.clear();
    found_.knows_end = has_both;
    return scan(metas);
  }

  bool is_closed() const {
    return !found_.records.runs.empty() && found_.records.runs.back().closed;
  }

  static constexpr std::size_t kDamageMax = 5;  // where one page is damaged, there are often many

  void note(std::string what) {
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
    unread_.clear();
    visitor.value = [&](std::string_view table, std::string_view key, std::string_view value) {
      const Status sound = take_value(table, key, value, {shelf, blocks, unreadable, unread_});
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
      if (!walk.was_reached(number)) take_records(number, shelf);
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
    keep_in_blocks();
    JournalFindings points = salvage_journal(journal, found_.is_scan, found_.records);
    for (std::string& what : points.damage) note(std::move(what));
    unread_.insert(points.unread.begin(), points.unread.end());
    for (const std::uint64_t number : unread_) {
      if (journal.contains(number) && !points.unread.contains(number)) continue;
      if (found_.doubts.size() < kDamageMax)
        found_.doubts.push_back(fmt::format("{}: points that it alone held may be missing",
                                            record_place(kJournalTable, journal_key(number))));
    }
    for (auto& [key, block] : points.blocks) {
      const std::string& value = found_.made.emplace_back(std::move(block));
      found_.blocks.push_back(
          {*read_block_header(value), key.serial, !found_.is_scan, true, value});
    }
  }

  // What a track's record says of how many points are in blocks is believed as far as they go:
  // the journal has the others.
  void keep_in_blocks() {
    MainEnds ends;
    for (const FoundBlock& block : found_.blocks) note_end(block.header, ends);
    for (const UnreadableBlock& block : found_.unreadable) ends[block.key.track] = UINT64_MAX;
    for (TrackRecord& track : found_.records.tracks) {
      const std::uint64_t counted = track.in_blocks.value_or(track.main_points);
      if (ends[track.id] < counted) track.in_blocks = ends[track.id];
    }
  }

  struct Takers {
    RecordShelf& shelf;
    std::vector<FoundBlock>& blocks;
    std::vector<UnreadableBlock>& unreadable;
    std::set<std::uint64_t>& unread;  // records of the journal
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
        sound = fail(ErrorCode::kDamaged,
                     record_place(table, key) + ": its key is none of the journal");
      if (sound) to.shelf.take(table, key, value);
      if (!sound && table == kJournalTable) to.unread.insert(journal_number(key).value_or(0));
      return sound;
    }
    if (!value.starts_with(kMagicText)) {
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
    if (header && Block::open(value)) {
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

  void note_block(std::string_view bytes) {
    if (const auto value = intact_block_at(bytes)) note_end(*read_block_header(*value), main_ends_);
  }

  // Roots of the newest state of which any record is found. Where a newer record than those of all
  // roots lies about, there is none. Notes how far blocks reach, of whatever state.
  std::vector<Root> newest_roots(const std::vector<MetaPages>& metas) {
    RecordShelf anywhere;
    std::vector<Root> candidates;
    for (std::uint64_t number = 2; number < pages_.count(); ++number) {
      note_block(pages_.from(number));
      if (pages_.leaf_fault(number) != nullptr) continue;
      for (const std::uint16_t offset : pages_.nodes(number)) {
        const Result<PageNode> node = pages_.leaf_node(number, offset);
        if (node && !node->overflow) note_block(node->value);
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

  // Records of a page, whatever their table, if it is a leaf, and what it had before.
  void take_records(std::uint64_t number, RecordShelf& shelf) const {
    for (const PageNode& node : pages_.old_nodes(number)) shelf.take(node.key, node.value);
    if (pages_.leaf_fault(number) != nullptr) return;
    for (const std::uint16_t offset : pages_.nodes(number)) {
      const Result<PageNode> node = pages_.leaf_node(number, offset);
      if (!node || node->is_table()) continue;
      std::string_view value = node->value;
      if (node->overflow) {
        const auto overflow = pages_.overflow(*node->overflow, node->value_bytes);
        value = overflow ? overflow->value : std::string_view();
      }
      if (!value.starts_with(kMagicText)) shelf.take(node->key, value);
    }
  }

  using MainEnds = std::map<std::uint32_t, std::uint64_t>;  // the ordinal behind the last, by track
  static void note_end(const BlockHeader& header, MainEnds& ends) {
    std::uint64_t& end = ends[header.track];
    if (!header.is_late()) end = std::max(end, header.first_ordinal + header.count);
  }

  // Whether the blocks found are those the tracks' records speak of, and none lies about that is
  // newer: an old root may lead to pages that have got other uses, each sound by itself.
  bool counts_fit() {
    std::map<std::pair<std::uint32_t, bool>, std::uint64_t> counted;
    for (const FoundBlock& block : found_.blocks)
      counted[{block.header.track, block.header.is_late()}] += block.header.count;
    MainEnds ends = main_ends_;
    const bool fits = std::ranges::all_of(found_.records.tracks, [&](const TrackRecord& track) {
      const auto end = ends.extract(track.id);
      return counted[{track.id, false}] == track.main_points &&
             counted[{track.id, true}] == track.late_points &&
             (!end || end.mapped() <= track.main_points);
    });
    return fits && ends.empty();
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
    } else {
      found_.knows_end = false;
    }
    std::unordered_map<std::uint64_t, BlockKey> entries;        // by the page their block begins on
    std::vector<std::pair<std::size_t, std::uint64_t>> begins;  // block, page
    // Whether a block on overflow pages begins at a page, of which `bytes` are there.
    const auto take_begin = [&](std::uint64_t number, std::string_view bytes) {
      const std::optional<std::string_view> value = intact_block_at(bytes);
      if (!value) return std::size_t{0};
      begins.emplace_back(found_.blocks.size(), number);
      found_.blocks.push_back({*read_block_header(*value), 0, false, false, *value});
      return (PageFile::kHeaderBytes + value->size() - 1) / pages_.page_bytes() + 1;
    };
    std::uint64_t number = 2;
    for (; number < pages_.count(); ++number) {
      if (progress_ && number % 4'096 == 0 &&
          !progress_(static_cast<double>(number) / static_cast<double>(pages_.count())))
        return fail(ErrorCode::kClosed, "stopped; nothing was written");
      if (walk.was_reached(number)) {
        for (const PageNode& node : pages_.old_nodes(number)) shelf_.take(node.key, node.value);
        take_blocks(pages_.free_part(number));
        continue;
      }
      if (const std::size_t pages = take_begin(number, pages_.from(number)); pages > 0) {
        number += pages - 1;
        continue;
      }
      take_records(number, shelf_);
      take_entries(number, entries);
      take_blocks(pages_.page(number));
    }
    // Where the file ends within a page, blocks of it may be whole.
    const std::span<const std::uint8_t> rest = pages_.rest();
    if (number == pages_.count() && rest.size() > PageFile::kHeaderBytes &&
        take_begin(number, text_of(rest.subspan(PageFile::kHeaderBytes))) == 0)
      take_blocks(rest);
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
          take_value(table, key, value, {shelf_, found_.blocks, found_.unreadable, unread_});
      if (sound) return;
      note(sound.error().message);
      if (table == kTracksTable || !is_table(table)) found_.knows_end = false;
    };
    visitor.damage = [&](std::string_view table, const Error& error) {
      // These say how many points there were.
      if (table == kTracksTable || table == kJournalTable || !is_table(table))
        found_.knows_end = false;
      note(page_damage_text(table, error));
    };
    static_cast<void>(walk.run(root, visitor));
  }

  // A leaf's entries of blocks on overflow pages: they know the serial.
  void take_entries(std::uint64_t number, std::unordered_map<std::uint64_t, BlockKey>& entries) {
    if (pages_.leaf_fault(number) != nullptr) return;
    for (const std::uint16_t offset : pages_.nodes(number)) {
      const Result<PageNode> node = pages_.leaf_node(number, offset);
      if (!node || !node->overflow) continue;
      const std::optional<BlockKey> key = BlockKey::decode(node->key);
      if (!key) continue;
      const auto [known, is_new] = entries.try_emplace(*node->overflow, *key);
      if (!is_new && key->serial > known->second.serial) known->second = *key;
    }
  }

  void take_blocks(std::span<const std::uint8_t> page) {
    for (const StrayBlock& block : stray_blocks(page))
      found_.blocks.push_back({block.header, block.serial, false, false, block.value});
  }

  PageFile pages_;
  const Progress& progress_;
  Findings found_;
  RecordShelf shelf_;
  std::set<std::uint64_t> unread_;  // records of the journal
  MainEnds main_ends_;              // of blocks on whatever pages
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
