#include "recorder/bag_series.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

namespace zbag {
namespace {

namespace fs = std::filesystem;

// "runs/day.zbag", 7 -> "runs/day_0007.zbag"
std::string numbered(const std::string& first, std::uint32_t number) {
  const fs::path path(first);
  return (path.parent_path() /
          fmt::format("{}_{:04}{}", path.stem().string(), number, path.extension().string()))
      .string();
}

}  // namespace

BagSeries::BagSeries(std::string first, SplitRules rules)
    : first_(std::move(first)), rules_(rules), parts_{{first_}} {}

bool BagSeries::is_due(std::uint64_t file_bytes, SteadyTime now) const {
  if (!holds_points() || now < not_before_) return false;
  if (rules_.bytes_max > 0 && file_bytes > rules_.bytes_max) return true;
  return rules_.age_max && now - since_ >= *rules_.age_max;
}

void BagSeries::note_points(std::uint64_t points, SteadyTime now) {
  if (!holds_points()) since_ = now;
  parts_.back().points += points;
}

std::string BagSeries::next_path() {
  std::error_code ignored;  // a name that can not be looked at can not be made either
  do ++number_;
  while (fs::exists(numbered(first_, number_), ignored));
  return numbered(first_, number_);
}

std::vector<std::string> BagSeries::paths() const {
  std::vector<std::string> paths;
  for (const Part& part : parts_) paths.push_back(part.path);
  return paths;
}

void BagSeries::begin(std::string path) { parts_.push_back({std::move(path)}); }

void BagSeries::move(std::string path) {
  parts_.back().path = path;
  first_ = std::move(path);
  number_ = 0;
}

std::vector<BagSeries::Part> BagSeries::take_oldest(std::size_t more) {
  std::vector<Part> oldest;
  while (rules_.files_max > 0 && parts_.size() > 1 && parts_.size() + more > rules_.files_max) {
    oldest.push_back(std::move(parts_.front()));
    parts_.pop_front();
  }
  return oldest;
}

}  // namespace zbag
