// A small bag with blocks of every kind, and a copy of it to damage. What is tried on the copy runs
// in a process of its own, for the crash that must not be.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "recorder/bag/write/bag_writer.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {

class DamagedCopyTest : public testing::Test {
 protected:
  static constexpr std::size_t kSector = 512;
  static constexpr std::uint64_t kSeed = 20261121;

  // Blocks on overflow pages and in leaves, tables of several leaves, late points, folded and not.
  void SetUp() override {
    BagWriter writer = BagWriter::open(path_, small_blocks()).value();
    RowStore store;
    std::mt19937_64 random(kSeed);
    for (int i = 0; i < 120; ++i) {
      Batch batch;
      std::vector<RowPoint> imu;
      std::vector<RowPoint> joints;
      for (int k = 0; k < 8; ++k) {
        imu.push_back(store.make(i * 100 + k * 10, number_fields(i)));
        joints.push_back(store.make(i * 100 + k * 10, noise(random)));
      }
      if (i % 10 == 9) imu = {store.make(i * 100 - 455, number_fields(-i))};
      for (int late = 0; i % 30 == 29 && late < 3; ++late)
        joints.insert(joints.begin() + late, store.make(i * 20 + late * 10 + 5, noise(random)));
      batch.tracks.push_back(batch_of("imu", imu));
      batch.tracks.push_back(batch_of("joints", joints));
      if (i % 40 == 39) {
        const Fields image{{"jpeg", Binary{std::string(20'000 + random() % 9'000, 'j')}}};
        batch.tracks.push_back(batch_of("camera", {store.make(i * 100, image)}));
      }
      for (int part = 0; i == 60 && part < 40; ++part) {
        batch.tracks.push_back(
            batch_of("part/" + std::to_string(part),
                     {store.make(i, noise(random)), store.make(i + 1 + part, noise(random))}));
      }
      ASSERT_TRUE(writer.write(batch).has_value());
    }
    ASSERT_TRUE(writer.close().has_value());
    whole_ = file_bytes(path_);
    write_file(copy_, whole_);
    points_ = read_all(BagReader::open(path_).value(), {.all_tracks = true});
  }

  // Fields that no compression makes fewer.
  static Fields noise(std::mt19937_64& random) {
    Fields fields;
    for (const char* name : {"x", "y", "z"})
      fields.emplace_back(name, static_cast<double>(random()) / 3.0);
    return fields;
  }

  // Changes the copy in place: to write it anew thousands of times is what takes the time.
  void put(std::size_t at, char byte) {
    std::fstream(copy_, std::ios::binary | std::ios::in | std::ios::out)
        .seekp(static_cast<std::streamoff>(at))
        .put(byte);
  }

  // Flips one bit of the copy while `look(at, bit)` sees it.
  template <class Look>
  void flip(std::size_t at, std::uint64_t bit, const Look& look) {
    put(at, static_cast<char>(whole_[at] ^ (1 << bit)));
    look(at, bit);
    put(at, whole_[at]);
  }

  // Flips `flips` bits, one at a time, of every `step`th sector: one at its border, where LMDB's
  // headers begin, and the others somewhere within.
  template <class Look>
  void flip_bits(std::size_t flips, std::size_t step, const Look& look) {
    std::mt19937_64 random(kSeed);
    for (std::size_t sector = 0; sector < whole_.size(); sector += kSector * step) {
      for (std::size_t i = 0; i < flips; ++i) {
        const std::size_t at = sector + (i == 0 ? 0 : random() % kSector);
        flip(at, random() % 8, look);
      }
    }
  }

  // What `judge` says, 0 to 255, in a process of its own; nullopt: it crashed.
  template <class Judge>
  static std::optional<int> in_child(const Judge& judge) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(judge());
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? std::optional(WEXITSTATUS(status)) : std::nullopt;
  }

  // Whether the point is of an extent that a problem names.
  static bool lies_in(const std::vector<BagProblem>& problems, const Seen& point) {
    return std::any_of(problems.begin(), problems.end(), [&](const BagProblem& p) {
      return p.track == point.track && p.first && point.key >= *p.first && point.key <= *p.last;
    });
  }

  TempDir dir_{quick_disk()};
  const std::string path_ = dir_.path("a.zbag");
  const std::string copy_ = dir_.path("copy.zbag");
  std::string whole_;
  std::vector<Seen> points_;
};

}  // namespace zbag
