// Random bags, compared with the simplest comparison there could be: of lists of points in memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "recorder/bag/upkeep/compact.hpp"
#include "tests/player/query/diff/diffed_bags.hpp"
#include "tests/recorder/bag/model.hpp"
#include "tests/recorder/bag/resealed.hpp"
#include "tests/support/random_fields.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

struct Counts {
  std::uint64_t only_in_a = 0;
  std::uint64_t only_in_b = 0;
  std::uint64_t unlike = 0;
  bool operator==(const Counts&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Counts& counts) {
  return out << counts.only_in_a << " " << counts.only_in_b << " " << counts.unlike;
}

using ByKey = std::map<std::int64_t, std::vector<Fields>>;

ByKey by_key(const std::string& path) {
  ByKey points;
  for (Seen& seen : read_all(BagReader::open(path).value(), {}))
    points[seen.key].push_back(std::move(seen.fields));
  return points;
}

bool is_readable(const std::string& path) {
  BagCursor cursor = BagReader::open(path).value().cursor({}).value();
  Result<std::optional<PointView>> point = cursor.next();
  while (point && *point && (*point)->fields()) point = cursor.next();
  return point && !*point;
}

Fields sorted(Fields fields) {
  for (auto& [name, value] : fields) {
    if (Fields* const inner = value.get_if<Fields>()) *inner = sorted(std::move(*inner));
  }
  std::ranges::sort(fields, {}, [](const auto& field) { return field.first; });
  return fields;
}

Counts counted(const std::string& path_a, const std::string& path_b) {
  ByKey a = by_key(path_a);
  ByKey b = by_key(path_b);
  for (const auto& [key, points] : b) a[key];
  Counts counts;
  for (const auto& [key, points] : a) {
    const std::vector<Fields>& others = b[key];
    const std::size_t pairs = std::min(points.size(), others.size());
    counts.only_in_a += points.size() - pairs;
    counts.only_in_b += others.size() - pairs;
    for (std::size_t i = 0; i < pairs; ++i)
      counts.unlike += sorted(points[i]) == sorted(others[i]) ? 0 : 1;
  }
  return counts;
}

Counts counts_of(const BagDiff& diff) {
  Counts counts;
  for (const TrackDiff& track : diff.tracks) {
    counts.only_in_a += track.only_in_a;
    counts.only_in_b += track.only_in_b;
    counts.unlike += track.unlike;
  }
  return counts;
}

// Random arrivals of one track, many of them late or of one stamp.
std::vector<DiffedPoint> arrivals(std::uint64_t seed) {
  RandomArrivals random(seed);
  std::vector<DiffedPoint> points;
  while (points.size() < 600) {
    for (Seen& seen : random.some("t", 5))
      points.push_back({"t", seen.key, std::move(seen.fields)});
  }
  return points;
}

// Some of them left out, some changed.
std::vector<DiffedPoint> tampered(std::vector<DiffedPoint> points, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::erase_if(points, [&](const DiffedPoint&) { return random() % 50 == 0; });
  for (DiffedPoint& point : points) {
    if (random() % 40 == 0) point.fields.emplace_back("more", random() % 3);
    if (random() % 30 == 0 && !point.fields.empty()) point.fields[0].second = 0.5;
    if (random() % 20 == 0) std::reverse(point.fields.begin(), point.fields.end());
  }
  return points;
}

TEST(DiffModelTest, CountsAsListsOfPointsDo) {
  const TempDir dir(quick_disk());
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const auto path = [&](const char* name) {
      return dir.path(name + std::to_string(seed) + ".zbag");
    };
    const std::vector<DiffedPoint> points = arrivals(seed);
    const std::string a = write_diffed(path("a"), points, in_blocks(Compression::kLz4));
    const std::string folded = path("folded");
    ASSERT_TRUE(compact_bag(a, folded).has_value());
    EXPECT_TRUE(diff_of(a, folded).diff.is_equal()) << seed;
    for (const Compression compression :
         {Compression::kNone, Compression::kLz4, Compression::kZstd}) {
      const std::string b =
          write_diffed(path("b") + std::to_string(static_cast<int>(compression)),
                       tampered(points, seed), in_blocks(compression, 1 + seed % 4));
      EXPECT_EQ(counts_of(diff_of(a, b).diff), counted(a, b)) << seed;
      EXPECT_EQ(counts_of(diff_of(b, folded).diff), counted(b, folded)) << seed;
    }
  }
}

// What columns tell of any values is what maps tell, with a tolerance, too.
TEST(DiffModelTest, TellsTheSameOfColumnsAndOfRows) {
  const TempDir dir(quick_disk());
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    RandomFields random(seed);
    std::vector<DiffedPoint> points;
    for (int i = 0; i < 120; ++i) {
      // A number, without which a block has no columns.
      Fields fields = random.below(8) == 0 ? random.fields(6) : Fields{{"n", i * 1.5}};
      if (find_field(fields, "v") == nullptr && i % 3 == 0)
        fields.emplace_back("v", i % 2 == 0 ? Value(i) : random.value(3));
      points.push_back({"t", i * 1'000, std::move(fields)});
    }
    std::vector<DiffedPoint> others = points;
    for (DiffedPoint& point : others) {
      if (point.fields.empty() || random.below(3) != 0) continue;
      point.fields[random.below(point.fields.size())].second =
          random.below(2) == 0 ? random.value(3) : Value(Array{});
    }
    const auto written = [&](const char* name, const std::vector<DiffedPoint>& some,
                             Compression compression) {
      return write_diffed(dir.path(name + std::to_string(seed) + ".zbag"), some,
                          in_blocks(compression, 4));
    };
    const std::string rows_a = written("ra", points, Compression::kNone);
    const std::string rows_b = written("rb", others, Compression::kNone);
    const std::string columns_a = written("ca", points, Compression::kLz4);
    const std::string columns_b = written("cb", others, Compression::kLz4);
    for (const std::optional<double> tolerance : {std::optional<double>(), std::optional(1e3)}) {
      const DiffOptions options{.tolerance = tolerance};
      const DiffSeen of_rows = diff_of(rows_a, rows_b, options);
      const DiffSeen of_columns = diff_of(columns_a, columns_b, options);
      EXPECT_EQ(counts_of(of_columns.diff), counts_of(of_rows.diff)) << seed;
      EXPECT_EQ(of_columns.told.size(), of_rows.told.size()) << seed;
      const auto& rows = of_rows.diff.tracks.at(0).fields.by_path();
      const auto& columns = of_columns.diff.tracks.at(0).fields.by_path();
      ASSERT_EQ(columns.size(), rows.size()) << seed;
      for (const auto& [path, tally] : rows)
        EXPECT_EQ(columns.at(path).points, tally.points) << seed << " " << path;
    }
    EXPECT_TRUE(diff_of(rows_a, columns_a).diff.is_equal()) << seed;
  }
}

// Somebody has changed blocks and put the right checksums on them.
TEST(DiffModelTest, TakesNoDamageForEqual) {
  const TempDir dir(quick_disk());
  std::vector<DiffedPoint> points;
  for (int i = 0; i < 200; ++i) {
    points.push_back({"t",
                      i * 1'000,
                      {{"n", i % 5},
                       {"x", i * 0.37},
                       {"l", Array{i, 2}},
                       {"o", Array{i, "a"}},
                       {"s", "text " + std::to_string(i % 3)}}});
  }
  const std::string a = write_diffed(dir.path("a.zbag"), points, in_blocks(Compression::kLz4, 4));
  const std::string b = write_diffed(dir.path("b.zbag"), points, in_blocks(Compression::kLz4, 4));
  const std::string whole = file_bytes(b);
  const std::string block = stored_blocks(b).front();
  const BlockHeader header = read_block_header(block).value();
  ASSERT_EQ(header.codec, Codec::kColumns);
  std::size_t unequal = 0;
  std::size_t equal = 0;
  for (std::size_t i = kBlockHeaderBytes + header.summary_bytes; i < block.size(); i += 3) {
    std::string changed = block;
    changed[i] = static_cast<char>(changed[i] ^ (1 << i % 8));
    replace_block(b, whole, block, resealed(changed));
    const DiffSeen seen = diff_of(a, b);
    const DiffSeen other_way = diff_of(b, a);
    EXPECT_EQ(seen.diff.is_equal(), other_way.diff.is_equal()) << i;
    EXPECT_EQ(seen.diff.uncompared(), other_way.diff.uncompared()) << i;
    // What is beside the fields of a point, and may be what was changed, is not compared.
    if (seen.diff.is_equal() && is_readable(b)) {
      ++equal;
      EXPECT_EQ(counted(a, b), Counts()) << i;
    }
    unequal += seen.diff.is_equal() ? 0 : 1;
  }
  EXPECT_GT(unequal, 50u);
  EXPECT_GT(equal, 0u);
}

}  // namespace
}  // namespace zbag
