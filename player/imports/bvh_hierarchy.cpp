#include "player/imports/bvh_hierarchy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "schemas/quantity_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

// Of the keyword itself, whose letters are large or small.
std::string upper(std::string_view text) {
  std::string large(text);
  for (char& byte : large) {
    if (byte >= 'a' && byte <= 'z') byte = static_cast<char>(byte - 'a' + 'A');
  }
  return large;
}

tl::unexpected<Error> instead_of(const std::string& wanted, std::string_view word) {
  return fail(ErrorCode::kInvalid,
              fmt::format("{} stands where {} should", printable(word), wanted));
}

// As kinds write them; "": it is none.
std::string channel_of(const std::string& large) {
  if (large.empty() || large[0] < 'X' || large[0] > 'Z') return {};
  const std::string_view what = std::string_view(large).substr(1);
  if (what == "POSITION") return large.substr(0, 1) + "position";
  if (what == "ROTATION") return large.substr(0, 1) + "rotation";
  return {};
}

}  // namespace

Result<bool> BvhHierarchy::take(std::string_view word) {
  const std::string large = upper(word);
  Status taken;
  switch (wanted_) {
    case Wanted::kHierarchy:
      if (large != "HIERARCHY") return instead_of("HIERARCHY", word);
      wanted_ = Wanted::kJoint;
      break;
    case Wanted::kJoint:
      if (large == "MOTION" && path_.empty() && !joints_.empty()) return false;
      taken = take_keyword(large, word);
      break;
    case Wanted::kSite:
      if (large != "SITE") return instead_of("Site", word);
      wanted_ = Wanted::kSiteName;
      break;
    case Wanted::kName:
    case Wanted::kSiteName:
      taken = take_name(word);
      break;
    case Wanted::kOffset:
      taken = take_offset(word);
      break;
    case Wanted::kCount:
      taken = take_count(word);
      break;
    case Wanted::kChannels:
      taken = take_channel(word);
      break;
  }
  if (!taken) return tl::unexpected(taken.error());
  return true;
}

Status BvhHierarchy::take_keyword(const std::string& large, std::string_view word) {
  const bool is_in_joint = !path_.empty() && path_.back() != kSite;
  if (large == "}" && !path_.empty()) {
    path_.pop_back();
  } else if ((large == "ROOT" && path_.empty()) || (large == "JOINT" && is_in_joint)) {
    wanted_ = Wanted::kName;
    name_.clear();
  } else if (large == "END" && is_in_joint) {
    wanted_ = Wanted::kSite;
  } else if (large == "OFFSET" && !path_.empty()) {
    wanted_ = Wanted::kOffset;
    taken_ = 0;
  } else if (large == "CHANNELS" && is_in_joint && joints_[path_.back()].channels.empty()) {
    wanted_ = Wanted::kCount;
  } else {
    return instead_of(path_.empty() ? "ROOT or MOTION"
                      : is_in_joint ? "OFFSET, CHANNELS, JOINT, End Site or }"
                                    : "OFFSET or }",
                      word);
  }
  return {};
}

Status BvhHierarchy::take_name(std::string_view word) {
  if (word != "{") {
    constexpr std::size_t kNameBytesMax = 120;  // a kind has room for it, whatever it becomes
    if (name_.size() + word.size() > kNameBytesMax)
      return fail(ErrorCode::kInvalid,
                  fmt::format("a name of more than {} bytes, or no {{ behind it", kNameBytesMax));
    if (wanted_ == Wanted::kSiteName) return {};
    if (!name_.empty()) name_ += '_';
    name_ += word;
    return {};
  }
  const bool is_site = wanted_ == Wanted::kSiteName;
  wanted_ = Wanted::kJoint;
  if (!is_site) return begin_joint(name_);
  path_.push_back(kSite);
  return {};
}

Status BvhHierarchy::begin_joint(std::string_view word) {
  if (joints_.size() == Kind::kJointsMax)
    return fail(ErrorCode::kUnsupported, fmt::format("more than {} joints", Kind::kJointsMax));
  Joint joint{.name = harmless(word)};
  if (joint.name.empty()) joint.name = "joint";
  const std::string was = joint.name;
  const auto is_taken = [&] {
    return std::ranges::find(joints_, joint.name, &Joint::name) != joints_.end();
  };
  if (is_taken()) joint.name += fmt::format("_{}", joints_.size() + 1);
  while (is_taken()) joint.name += '_';
  has_new_names_ = has_new_names_ || joint.name != was;
  if (!path_.empty()) joint.parent = joints_[path_.back()].name;
  path_.push_back(joints_.size());
  joints_.push_back(std::move(joint));
  return {};
}

Status BvhHierarchy::take_offset(std::string_view word) {
  const std::optional<double> number = parse_decimal(word);
  if (!number) return instead_of("a number", word);
  offset_[taken_++] = *number;
  if (taken_ < offset_.size()) return {};
  wanted_ = Wanted::kJoint;
  if (path_.back() != kSite) {
    joints_[path_.back()].offset = offset_;
  } else if (path_.size() > 1) {
    joints_[path_[path_.size() - 2]].end = offset_;
  }
  return {};
}

Status BvhHierarchy::take_count(std::string_view word) {
  constexpr double kChannelsMax = 6;
  const std::optional<double> number = parse_decimal(word);
  if (!number || *number < 0 || *number > kChannelsMax || *number != std::floor(*number))
    return instead_of("a number of channels, 0 to 6,", word);
  count_ = static_cast<std::size_t>(*number);
  taken_ = 0;
  wanted_ = count_ > 0 ? Wanted::kChannels : Wanted::kJoint;
  return {};
}

Status BvhHierarchy::take_channel(std::string_view word) {
  std::string channel = channel_of(upper(word));
  std::vector<std::string>& channels = joints_[path_.back()].channels;
  if (channel.empty() || std::ranges::find(channels, channel) != channels.end())
    return instead_of("a channel of its own, such as Xposition or Zrotation,", word);
  channels.push_back(std::move(channel));
  ++values_;
  if (++taken_ == count_) wanted_ = Wanted::kJoint;
  return {};
}

}  // namespace zbag
