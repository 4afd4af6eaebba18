// Makes the golden bag of the present format: `golden_make v1.zbag`. Run once a format version and
// never again; the file is kept and must open for ever (tests/recorder/golden_test.cpp).
#include <cstdio>
#include <cstring>

#include "recorder/bag/write/bag_writer.hpp"
#include "tests/recorder/bag/rows.hpp"

namespace zbag {
namespace {

RowPoint numbered(RowPoint row, std::uint64_t seq) {
  row.has_src = row.has_seq = true;
  row.src = 0xfeedface;
  row.seq = seq;
  return row;
}

Status first_run(const std::string& path) {
  BagWriter::Options options;
  options.map_bytes = 1u << 20;
  options.node = "golden";
  options.config = {{"sync_ms", 100}};
  options.metadata = {{"robot", "arm-7"}, {"operator", "J\xc3\xbcrgen"}};
  Result<BagWriter> writer = BagWriter::open(path, options);
  if (!writer) return tl::unexpected(writer.error());
  RowStore store;
  Batch batch;
  std::vector<RowPoint> arm;
  for (int i = 0; i < 50; ++i) {
    arm.push_back(numbered(store.make(1'795'202'544'000'000'000 + i * 10'000'000,
                                      {{"q", std::vector<double>{i * 0.5, -1.0}}, {"mode", "run"}}),
                           static_cast<std::uint64_t>(i)));
  }
  batch.tracks.push_back(batch_of("robot/arm", arm));
  batch.tracks[0].lost = 2;
  batch.tracks[0].missed_before = 1;
  batch.losses.push_back({.src = 0xfeedface,
                          .track = "robot/arm",
                          .publisher = "driver",
                          .lost = 2,
                          .missed_before = 1,
                          .received = 50});
  RowPoint kinds = store.make(-1'500'000'000, {{"nil", nullptr},
                                               {"bool", true},
                                               {"negative", -7},
                                               {"big", ~0ull},
                                               {"float32", 0.1f},
                                               {"float64", 0.1},
                                               {"text", "\xe4\xb8\x96"},
                                               {"bin", Binary{std::string("\0\xff", 2)}},
                                               {"ext", Extension{5, "xyz"}},
                                               {"map", Fields{{"a", Fields{{"b", 1}}}}}});
  batch.tracks.push_back(batch_of("kinds", {kinds}));
  RowPoint exact = store.make(33'000'000, {{"v", 1}});
  exact.seconds = 0.033000000000000002;
  batch.tracks.push_back(batch_of("small/stamp", {exact}));
  batch.tracks.push_back(
      batch_of("image", {store.make(5, {{"jpeg", Binary{std::string(40'000, 'j')}}})}));
  batch.unnamed.received = 3;
  batch.unnamed.refused[static_cast<std::size_t>(Refusal::kBadName)] = 3;
  if (const auto written = writer->write(batch); !written) return tl::unexpected(written.error());
  return writer->close();
}

// Late points, a late merge, and an end that never came.
Status second_run(const std::string& path) {
  BagWriter::Options options;
  options.map_bytes = 1u << 20;
  options.compression = {Compression::kZstd, 3};
  Result<BagWriter> writer = BagWriter::open(path, options);
  if (!writer) return tl::unexpected(writer.error());
  RowStore store;
  const Batch batch =
      batch_of_one("robot/arm", {store.make(1'795'202'544'005'000'000, {{"late", 1}}),
                                 store.make(1'795'202'544'010'000'000, {{"mode", "hold"}}),
                                 store.make(1'795'202'545'000'000'000, {{"end", true}})});
  if (const auto written = writer->write(batch); !written) return tl::unexpected(written.error());
  return {};
}

}  // namespace
}  // namespace zbag

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  zbag::Status made = zbag::first_run(argv[1]);
  if (made) made = zbag::second_run(argv[1]);
  if (!made) std::fprintf(stderr, "%s\n", made.error().message.c_str());
  return made ? 0 : 1;
}
