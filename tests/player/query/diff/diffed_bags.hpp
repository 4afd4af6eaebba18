// Bags to compare, written as they are described, and what differs between them as text.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "player/query/diff/bag_diff.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/write/bag_writer.hpp"
#include "schemas/check.hpp"
#include "schemas/json_text.hpp"
#include "tests/recorder/bag/rows.hpp"

namespace zbag {

struct DiffedPoint {
  std::string track;
  std::int64_t key;
  Fields fields;
};

inline BagWriter::Options in_blocks(Compression compression, std::size_t pages = 2) {
  BagWriter::Options options = small_blocks();
  options.compression = {compression, 1};
  options.block_pages = pages;
  options.merge = {MergeMode::kAppend};
  return options;
}

// What steps back in time, or to another track, in a write of its own, so that it comes late. The
// path.
inline std::string write_diffed(const std::string& path, const std::vector<DiffedPoint>& points,
                                const BagWriter::Options& options) {
  constexpr std::size_t kPointsMax = 40;
  BagWriter writer = BagWriter::open(path, options).value();
  for (std::size_t begin = 0, end = 0; begin < points.size(); begin = end) {
    RowStore store;
    std::vector<RowPoint> rows;
    const auto goes_on = [&] {
      return end == begin ||
             (end < points.size() && end < begin + kPointsMax &&
              points[end].track == points[begin].track && points[end].key >= points[end - 1].key);
    };
    for (; goes_on(); ++end) rows.push_back(store.make(points[end].key, points[end].fields));
    ZBAG_CHECK(writer.write(batch_of_one(points[begin].track, rows)).has_value());
  }
  ZBAG_CHECK(writer.close().has_value());
  return path;
}

// The blocks of a bag as they are stored, by track and key.
inline std::vector<std::string> stored_blocks(const std::string& path) {
  const BagReader reader = BagReader::open(path).value();
  const std::unique_ptr<ReadTxn> txn = reader.file()->read().value();
  TableCursor cursor = TableCursor::open(*txn, reader.file()->tables().blocks).value();
  std::vector<std::string> blocks;
  for (auto item = cursor.first().value(); item; item = cursor.next().value())
    blocks.emplace_back(item->value);
  return blocks;
}

// Puts `changed` wherever `block` is in a bag that has the bytes `whole`: a free page may have it,
// too. REQUIRES: they are as large.
inline void replace_block(const std::string& path, std::string whole, const std::string& block,
                          const std::string& changed) {
  std::size_t at = whole.find(block);
  ZBAG_CHECK(at != std::string::npos && changed.size() == block.size());
  for (; at != std::string::npos; at = whole.find(block, at))
    whole.replace(at, block.size(), changed);
  write_file(path, whole);
}

inline std::string text_of_difference(const Difference& difference) {
  const auto value = [](std::span<const std::uint8_t> item) {
    std::string text;
    if (item.empty()) return std::string("-");
    write_json_item(item, text, JsonDialect::kNeutral);
    return text;
  };
  switch (difference.of) {
    case Difference::Of::kOnlyInA:
    case Difference::Of::kOnlyInB:
      return fmt::format("{} only in {}: {} from {} to {}", difference.track,
                         difference.of == Difference::Of::kOnlyInA ? "A" : "B", difference.points,
                         difference.first.ns(), difference.last.ns());
    case Difference::Of::kSchema:
      return fmt::format("{} schema {}: {} {}", difference.track, difference.field,
                         value(difference.expected), value(difference.actual));
    case Difference::Of::kField:
      break;
  }
  return fmt::format("{} {} {}: {} {}", difference.track, difference.first.ns(), difference.field,
                     value(difference.expected), value(difference.actual));
}

struct DiffSeen {
  BagDiff diff;
  std::vector<std::string> told;
  std::vector<std::string> damage;
};

inline DiffSeen diff_of(const std::string& a, const std::string& b,
                        const DiffOptions& options = {}) {
  DiffSeen seen;
  seen.diff = diff_bags(BagReader::open(a).value(), BagReader::open(b).value(), options,
                        {[&](const Difference& difference) {
                           seen.told.push_back(text_of_difference(difference));
                           return true;
                         },
                         {},
                         [&](const std::string& text) { seen.damage.push_back(text); }})
                  .value();
  return seen;
}

}  // namespace zbag
