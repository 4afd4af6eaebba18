#include "player/exports/remarks.hpp"

#include <gmock/gmock.h>

namespace zbag {
namespace {

using testing::ElementsAre;
using Kind = Remark::Kind;

std::vector<std::string> texts_of(AlikeRemarks& remarks) {
  std::vector<std::string> texts;
  for (const Remark& remark : remarks.take())
    texts.push_back((remark.kind == Kind::kWarning ? "warning: " : "") + remark.what);
  return texts;
}

TEST(AlikeRemarksTest, MakesOneLineOfThoseThatAreAlike) {
  AlikeRemarks remarks;
  for (int track = 0; track < 24; ++track)
    remarks.add({Kind::kNotice, "fields under other names", "t" + std::to_string(track)});
  EXPECT_THAT(texts_of(remarks), ElementsAre("fields under other names: t0, t1, t2 and 21 more"));
  EXPECT_THAT(texts_of(remarks), ElementsAre());
}

TEST(AlikeRemarksTest, KeepsTheOrderAndTheKind) {
  AlikeRemarks remarks;
  remarks.add({Kind::kWarning, "left out", "a"});
  remarks.add({Kind::kNotice, "no time in this format", ""});
  remarks.add({Kind::kNotice, "left out", "c"});
  remarks.add({Kind::kWarning, "left out", "b"});
  EXPECT_THAT(texts_of(remarks),
              ElementsAre("warning: left out: a, b", "no time in this format", "left out: c"));
}

// An exporter may ask for the fields of a track twice.
TEST(AlikeRemarksTest, SaysTheSameOnce) {
  AlikeRemarks remarks;
  for (int i = 0; i < 2; ++i) {
    remarks.add({Kind::kNotice, "renamed", "a"});
    remarks.add({Kind::kNotice, "alone", ""});
  }
  EXPECT_THAT(texts_of(remarks), ElementsAre("renamed: a", "alone"));
}

}  // namespace
}  // namespace zbag
