#include "player/imports/hdf5/plain_layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "player/imports/hdf5/attributes.hpp"
#include "player/imports/hdf5/picture_set.hpp"
#include "player/imports/hdf5/set_times.hpp"
#include "player/imports/unlike_names.hpp"
#include "player/imports/utf8_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag::hdf5::reading {
namespace {

constexpr std::size_t kAboutBytesMax = 4u << 20;

class PlainLayout {
 public:
  PlainLayout(const SourceFile& file, FileTree tree, PlainOptions options)
      : file_(file), tree_(std::move(tree)), options_(std::move(options)) {}

  Result<FilePlan> plan() {
    plan_.passed = std::move(tree_.passed);
    plan_.unreadable = std::move(tree_.unreadable);
    groups_.resize(tree_.groups.size());
    for (std::size_t at = 0; at < groups_.size(); ++at) {
      if (Status looked = look_into(at); !looked) return tl::unexpected(looked.error());
    }
    if (!has_times_ && !all_sets_.empty()) return nothing_says_when();
    for (std::size_t at = 0; at < groups_.size(); ++at) {
      if (Status planned = plan_group(at); !planned) return tl::unexpected(planned.error());
    }
    note_times_alone();
    return std::move(plan_);
  }

 private:
  struct Group {
    std::vector<StoredSet> sets;
    std::optional<SetTimes> times;
    bool is_used = false;  // its times are those of a track
  };

  void pass(const std::string& at, const std::string& why) {
    plan_.passed.push_back(fmt::format("{}: {}: left out", file_.place(at), why));
  }

  std::string track_of(const SourceGroup& group) const {
    return group.path.empty() ? options_.root_track : utf8_text(group.path);
  }

  tl::unexpected<Error> nothing_says_when() const {
    const std::string all = some_names(all_sets_);
    if (options_.time_field.empty())
      return fail(ErrorCode::kInvalid,
                  fmt::format("{}: no data set says when its rows were: name one of numbers in one "
                              "dimension with --time-field, of {}",
                              file_.path(), all));
    return fail(ErrorCode::kInvalid,
                fmt::format("{}: it has no data set {} of numbers in one dimension; it has {}",
                            file_.path(), printable(options_.time_field), all));
  }

  Status look_into(std::size_t at) {
    const SourceGroup& source = tree_.groups[at];
    keep_attributes(source);
    Group& group = groups_[at];
    for (const std::string& name : source.sets) {
      const std::string path = path_in(source.path, name);
      all_sets_.push_back(path);
      Result<StoredSet> set = look_at(file_, path);
      if (!set && set.error().code == ErrorCode::kUnsupported) {
        pass(path, set.error().message);
        continue;
      }
      if (!set) {
        plan_.unreadable.push_back(set.error().message + ": it is left out");
        continue;
      }
      if (set->has_attributes && !std::exchange(has_noted_attributes_, true))
        plan_.remarks.push_back(fmt::format(
            "{}: attributes of data sets are left out, as those of this one", file_.place(path)));
      const Result<bool> is_table = take_table(*set);
      if (!is_table) return tl::unexpected(is_table.error());
      if (!*is_table) group.sets.push_back(std::move(*set));
    }
    group.times = times_among(group.sets, options_.time_field);
    if (!group.times) return {};
    has_times_ = true;
    if (is_path_of(group.times->time.set)) named_ = at;
    return check(*group.times);
  }

  // Whether somebody has said where the times of all are.
  bool is_path_of(const StoredSet& set) const {
    const std::string_view wanted = options_.time_field;
    return wanted.find('/') != std::string_view::npos &&
           wanted.substr(wanted.starts_with('/') ? 1 : 0) == set.path;
  }

  // A hostile file may say that it has any number of rows.
  Status check(const SetTimes& times) const {
    if (has_times(times.time.set) && (!times.time.rest_set || has_times(*times.time.rest_set)))
      return {};
    return fail(
        ErrorCode::kDamaged,
        fmt::format("{}: it says that it has {} times, and the file holds {} bytes of them",
                    file_.place(times.time.set.path), times.rows, times.time.set.stored_bytes));
  }

  // What is said of the file and its groups.
  void keep_attributes(const SourceGroup& group) {
    const Id object = file_.object(group.path);
    if (!object.is_open()) return;
    Attributes about = attributes_of(object);
    std::erase_if(about.fields, [](const auto& field) { return field.first == "MATLAB_class"; });
    std::string item;
    encode_fields(about.fields, item);
    about_bytes_ += item.size();
    const bool is_too_much = about_bytes_ > kAboutBytesMax;
    if (!about.are_all || is_too_much)
      plan_.remarks.push_back(
          fmt::format("{}: some of its attributes are left out", file_.place(group.path)));
    if (!about.fields.empty() && !is_too_much)
      plan_.about.emplace_back(track_of(group), Value(std::move(about.fields)));
  }

  // A set of compounds in which is a time is a track; whether it was one, or is none to be read.
  Result<bool> take_table(const StoredSet& set) {
    const bool is_map = set.type.form == StoredType::Form::kMap;
    if (!is_map) return false;
    std::optional<SetTimes> times;
    std::vector<StoredSet> members;
    std::vector<std::string> passed;
    if (set.dims.size() == 1) {
      members = members_of(file_, set, passed);
      times = times_among(members, options_.time_field);
    }
    if (!times) {
      if (set.type.names.empty()) pass(set.path, "some of its members are not read");
      return set.type.names.empty();
    }
    if (Status good = check(*times); !good) return tl::unexpected(good.error());
    has_times_ = true;
    std::ranges::move(passed, std::back_inserter(plan_.passed));
    TrackPlan track{
        .track = utf8_text(set.path), .object = set.path, .rows = times->rows, .time = times->time};
    if (Status added = add_fields(members, *times, track); !added)
      return tl::unexpected(added.error());
    if (!track.fields.empty()) plan_.tracks.push_back(std::move(track));
    return true;
  }

  // Its own times, or those of the nearest group around it that any of its sets is as long as.
  Group* timed_for(std::size_t at) {
    const auto fits = [&](const Group& one) {
      return one.times && std::ranges::any_of(groups_[at].sets, [&](const StoredSet& set) {
               return rows_of(set, one.times->rows).has_value();
             });
    };
    for (std::size_t around = at;; around = tree_.groups[around].parent) {
      if (fits(groups_[around])) return &groups_[around];
      if (around == 0) break;
    }
    return named_ && fits(groups_[*named_]) ? &groups_[*named_] : nullptr;
  }

  Status plan_group(std::size_t at) {
    const Group& group = groups_[at];
    const SourceGroup& source = tree_.groups[at];
    if (group.sets.empty()) return {};
    Group* const timed = timed_for(at);
    if (timed == nullptr) {
      std::vector<std::string> names;
      for (const StoredSet& set : group.sets) names.push_back(set.name);
      pass(source.path, fmt::format("no data set, here or around it, says when its rows were "
                                    "(--time-field): {}",
                                    some_names(names)));
      return {};
    }
    TrackPlan track{.track = track_of(source),
                    .object = source.path,
                    .rows = timed->times->rows,
                    .time = timed->times->time};
    const std::size_t before = plan_.tracks.size();
    if (Status added = add_fields(group.sets, *timed->times, track); !added) return added;
    if (!track.fields.empty()) plan_.tracks.push_back(std::move(track));
    timed->is_used = timed->is_used || plan_.tracks.size() > before;
    return {};
  }

  Status add_fields(const std::vector<StoredSet>& sets, const SetTimes& times, TrackPlan& track) {
    std::vector<std::string> others;  // of another length
    std::vector<std::string> names;
    for (const StoredSet& set : sets) {
      if (times.has(set.path, set.name)) continue;
      std::optional<RowShape> shape = rows_of(set, times.rows);
      if (!shape) {
        others.push_back(set.name);
      } else if (const char* const why = refusal_of(set, *shape)) {
        pass(set.member ? path_in(set.path, set.name) : set.path, why);
      } else if (std::optional<std::vector<FieldPlan>> picture = picture_fields(set, *shape)) {
        add_picture(set, times, std::move(*picture));
      } else if (values_of(set, *shape) > static_cast<double>(options_.values_max)) {
        pass(set.path, fmt::format("a row of it has {:.0f} values, more than {} (--max-items)",
                                   values_of(set, *shape), options_.values_max));
      } else {
        FieldPlan field;
        field.columns.push_back({.set = set, .shape = std::move(*shape)});
        track.fields.push_back(std::move(field));
        names.push_back(set.name);
      }
    }
    if (!others.empty())
      pass(track.object, fmt::format("not of the {} rows that {} has: {}", times.rows,
                                     printable(times.time.set.name), some_names(others)));
    if (names.size() > kColumnsMax)
      return fail(ErrorCode::kUnsupported, fmt::format("{}: more than {} data sets",
                                                       file_.place(track.object), kColumnsMax));
    make_unlike(names, "column");
    for (std::size_t n = 0; n < names.size(); ++n) track.fields[n].path = {std::move(names[n])};
    return {};
  }

  static const char* refusal_of(const StoredSet& set, const RowShape& shape) {
    if (row_bytes_of(set, shape) > static_cast<double>(kRowBytesMax))
      return "a row of it has more than 64 MiB";
    if (!has_values(set)) return "the file holds (nearly) nothing of its values";
    return nullptr;
  }

  // Lists of bytes are one.
  static double values_of(const StoredSet& set, const RowShape& shape) {
    double values = 1.0;
    for (std::size_t n = 0; n < shape.axes.size(); ++n) {
      const bool is_bin = set.type.is_byte && n + 1 == shape.axes.size();
      if (!is_bin) values *= static_cast<double>(set.dims[shape.axes[n]]);
    }
    return values;
  }

  void add_picture(const StoredSet& set, const SetTimes& times, std::vector<FieldPlan> fields) {
    const std::string path = set.member ? path_in(set.path, set.name) : set.path;
    plan_.tracks.push_back({.track = utf8_text(path),
                            .object = path,
                            .rows = times.rows,
                            .time = times.time,
                            .fields = std::move(fields),
                            .kind = "image"});
  }

  void note_times_alone() {
    for (const Group& group : groups_) {
      if (!group.times || group.is_used) continue;
      pass(group.times->time.set.path, "no data set beside it has as many rows");
    }
  }

  const SourceFile& file_;
  FileTree tree_;
  const PlainOptions options_;
  FilePlan plan_;
  std::vector<Group> groups_;          // as those of the tree
  std::vector<std::string> all_sets_;  // paths
  std::optional<std::size_t> named_;   // the group of the times whose path is given
  std::size_t about_bytes_ = 0;
  bool has_times_ = false;
  bool has_noted_attributes_ = false;
};

}  // namespace

Result<FilePlan> plan_plain_layout(const SourceFile& file, FileTree tree, PlainOptions options) {
  return PlainLayout(file, std::move(tree), std::move(options)).plan();
}

}  // namespace zbag::hdf5::reading
