#include "recorder/bag/pages/overlay.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "recorder/bag/pages/lmdb.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using Model = std::map<std::string, std::string>;
using Pair = std::pair<std::string, std::string>;

class OverlayTest : public testing::Test {
 protected:
  void SetUp() override {
    env_ = Env::open(dir_.path("a.mdb"), {.map_bytes = 1u << 20}).value();
    const auto txn = env_->write().value();
    table_ = txn->open_table("one").value();
    other_ = txn->open_table("other").value();
    for (const auto& [key, value] : model_) ASSERT_TRUE(txn->put(table_, key, value));
    ASSERT_TRUE(txn->commit());
  }

  static std::optional<Pair> pair_of(const Result<std::optional<TableCursor::Item>>& item) {
    if (!item || !*item) return std::nullopt;
    return Pair((*item)->key, (*item)->value);
  }
  static std::optional<Pair> pair_at(const Model& model, Model::const_iterator at) {
    return at == model.end() ? std::nullopt : std::optional<Pair>(*at);
  }

  TempDir dir_;
  Model model_{{"b", "1"}, {"d", "2"}, {"f", "3"}, {"h", "4"}};
  std::unique_ptr<Env> env_;
  Table table_ = 0;
  Table other_ = 0;
  std::shared_ptr<Overlay> overlay_ = std::make_shared<Overlay>();
};

TEST_F(OverlayTest, HidesAndAdds) {
  overlay_->put(table_, "d", "new");
  overlay_->put(table_, "e", "more");
  const auto txn = env_->read().value();
  txn->lay_over(overlay_);
  EXPECT_EQ(txn->get(table_, "d").value(), "new");
  EXPECT_EQ(txn->get(table_, "e").value(), "more");
  EXPECT_EQ(txn->get(table_, "b").value(), "1");
  EXPECT_EQ(txn->get(other_, "e").value(), std::nullopt);
}

// Against a map that holds what both hold, with steps of every kind from everywhere.
TEST_F(OverlayTest, IsWalkedAsOneTable) {
  std::mt19937_64 random(20261129);
  for (int round = 0; round < 200; ++round) {
    Overlay overlay;
    Model model = model_;
    for (std::uint64_t i = random() % 5; i > 0; --i) {
      const std::string key(1, static_cast<char>('a' + random() % 10));
      overlay.put(table_, key, "over" + key);
      model[key] = "over" + key;
    }
    const auto txn = env_->read().value();
    txn->lay_over(std::make_shared<Overlay>(overlay));
    TableCursor cursor = TableCursor::open(*txn, table_).value();
    ASSERT_EQ(pair_of(cursor.first()), pair_at(model, model.begin()));
    auto at = model.cbegin();
    for (int step = 0; step < 40; ++step) {
      const std::string key(1, static_cast<char>('a' + random() % 10));
      switch (random() % 5) {
        case 0:
          at = model.lower_bound(key);
          ASSERT_EQ(pair_of(cursor.seek(key)), pair_at(model, at));
          break;
        case 1:
          at = std::prev(model.cend());
          ASSERT_EQ(pair_of(cursor.last()), pair_at(model, at));
          break;
        case 2:
          if (at == model.cend() || at == model.cbegin()) continue;
          --at;
          ASSERT_EQ(pair_of(cursor.previous()), pair_at(model, at));
          break;
        default:
          if (at == model.cend()) continue;
          ++at;
          ASSERT_EQ(pair_of(cursor.next()), pair_at(model, at));
      }
    }
  }
}

TEST_F(OverlayTest, EndsAtBothEnds) {
  overlay_->put(table_, "a", "0");
  overlay_->put(table_, "z", "9");
  const auto txn = env_->read().value();
  txn->lay_over(overlay_);
  TableCursor cursor = TableCursor::open(*txn, table_).value();
  EXPECT_EQ(pair_of(cursor.last()), Pair("z", "9"));
  EXPECT_EQ(pair_of(cursor.next()), std::nullopt);
  EXPECT_EQ(pair_of(cursor.first()), Pair("a", "0"));
  EXPECT_EQ(pair_of(cursor.previous()), std::nullopt);
  EXPECT_EQ(pair_of(cursor.seek("zz")), std::nullopt);
}

}  // namespace
}  // namespace zbag
