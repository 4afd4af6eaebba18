#include "nodes/bag_paths.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class BagPathsTest : public testing::Test {
 protected:
  std::string make(const std::string& name) {
    const std::filesystem::path path(dir_.path(name));
    std::filesystem::create_directories(path.parent_path());
    std::ofstream{path} << "x";
    return path.string();
  }

  Result<BagPaths> find(const std::vector<std::string>& named) {
    return find_bags(named, [this](const std::string& text) { warnings_.push_back(text); });
  }

  TempDir dir_;
  std::vector<std::string> warnings_;
};

TEST_F(BagPathsTest, AFolderStandsForTheBagsInItAndInItsRuns) {
  const std::string b = make("b.zbag");
  const std::string a = make("a.zbag");
  const std::string run = make("runs/run_1/run.zbag");
  make("b.zbag-lock");
  make("notes.txt");
  const BagPaths all = find({dir_.path("")}).value();
  EXPECT_EQ(all.paths.size(), 2u);
  EXPECT_TRUE(all.is_list);
  EXPECT_THAT(find({dir_.path("runs")})->paths, ElementsAre(run));
  EXPECT_THAT(find({b, a})->paths, ElementsAre(b, a));
}

TEST_F(BagPathsTest, ABagIsNoList) {
  const std::string a = make("a.zbag");
  EXPECT_FALSE(find({a})->is_list);
  EXPECT_THAT(warnings_, IsEmpty());
  EXPECT_THAT(find({a, a})->paths, ElementsAre(a));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("a.zbag is named twice")));
  EXPECT_THAT(find({"nowhere.zbag"})->paths, ElementsAre("nowhere.zbag"));
}

TEST_F(BagPathsTest, AFolderWithoutBagsIsNamed) {
  make("deep/er/still/a.zbag");
  const Result<BagPaths> none = find({dir_.path("deep")});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(none.error().message, HasSubstr("deep"));
}

}  // namespace
}  // namespace zbag
