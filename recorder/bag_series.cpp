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

BagSeries::BagSeries(std::string first, SplitRules rules, SteadyTime now)
    : first_(std::move(first)), rules_(rules), parts_{{first_}}, since_(now) {}

bool BagSeries::is_due(std::uint64_t file_bytes, SteadyTime now) const {
  if (!holds_points()) return false;
  if (rules_.bytes_max > 0 && file_bytes > rules_.bytes_max) return true;
  return rules_.age_max && now - since_ >= *rules_.age_max;
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

void BagSeries::begin(std::string path, SteadyTime now) {
  parts_.push_back({std::move(path)});
  since_ = now;
}

BagSeries::Removed BagSeries::remove_oldest() {
  Removed removed;
  while (rules_.files_max > 0 && parts_.size() > rules_.files_max) {
    const Part& oldest = parts_.front();
    std::error_code error;
    if (fs::remove(oldest.path, error)) {
      ++removed.bags;
      removed.points += oldest.points;
    }
    fs::remove(oldest.path + "-lock", error);
    parts_.pop_front();
  }
  return removed;
}

}  // namespace zbag
