#include "recorder/store_thread.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "recorder/storage/lmdb_storage.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

// Lets no file of this process grow beyond `bytes` while it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  sighandler_t handler_;
};

class StoreThreadTest : public testing::Test {
 protected:
  void submit(int key, std::size_t bytes = 10) {
    HeldBatch held;
    held.batch = batch_of_one("a", {rows_.make(key, {{"x", Binary{std::string(bytes, 'x')}}})});
    std::unique_ptr<Storage::Prepared> prepared = storage_->prepare(held.batch).value();
    store_.submit(*storage_, std::move(held), std::move(prepared));
  }

  TempDir dir_;
  RowStore rows_;
  std::unique_ptr<LmdbStorage> storage_ =
      LmdbStorage::open(dir_.path("a.zbag"), small_blocks(), {}).value();
  std::vector<std::int64_t> stored_;  // of the store thread until drain() has returned
  StoreThread store_{[this](HeldBatch held, const WriteReport& report) {
    ASSERT_EQ(report.tracks.size(), 1u);
    stored_.push_back(held.batch.tracks[0].points[0].key);
  }};
};

TEST_F(StoreThreadTest, StoresInOrder) {
  for (int key = 1; key <= 20; ++key) submit(key);
  EXPECT_FALSE(store_.drain());
  EXPECT_THAT(stored_, SizeIs(20));
  EXPECT_TRUE(std::ranges::is_sorted(stored_));
  EXPECT_THAT(read_all(BagReader(storage_->file()), {}), SizeIs(20));
}

TEST_F(StoreThreadTest, GivesBackWhatFailedAndAllBehindIt) {
  submit(1);
  ASSERT_FALSE(store_.drain());
  std::optional<StoreThread::Failed> failed;
  {
    const FileSizeLimit limit(storage_->file()->size_bytes());
    for (int key = 2; key <= 5; ++key) submit(key, 100'000);
    failed = store_.drain();
  }
  ASSERT_TRUE(failed);
  EXPECT_FALSE(store_.has_failed());  // it is the caller's now
  std::vector<std::int64_t> keys;
  for (const HeldBatch& held : failed->batches) keys.push_back(held.batch.tracks[0].points[0].key);
  EXPECT_THAT(keys, ElementsAre(2, 3, 4, 5));
  EXPECT_THAT(stored_, ElementsAre(1));

  storage_->forget_prepared();
  for (const HeldBatch& held : failed->batches) {
    const Result<WriteReport> written = storage_->write(held.batch);
    ASSERT_TRUE(written.has_value()) << written.error().message;
  }
  EXPECT_THAT(read_all(BagReader(storage_->file()), {}), SizeIs(5));
}

}  // namespace
}  // namespace zbag
