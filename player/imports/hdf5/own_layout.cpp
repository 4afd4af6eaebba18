#include "player/imports/hdf5/own_layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "player/imports/hdf5/attributes.hpp"
#include "player/imports/json_line.hpp"
#include "player/imports/tables/column_fields.hpp"
#include "schemas/kinds/known_kinds.hpp"
#include "schemas/track_name.hpp"

namespace zbag::hdf5::reading {
namespace {

constexpr const char* kSeconds = "_ts";
constexpr const char* kKeys = "_ts_ns";

// What a set's attributes say of the column that it is.
struct ColumnWords {
  std::vector<std::string> path;
  std::string valid;  // the set that says which rows have a value
  std::string encoding;
  std::optional<std::int64_t> element;
};

class OwnLayout {
 public:
  OwnLayout(const SourceFile& file, FileTree tree) : file_(file), tree_(std::move(tree)) {}

  Result<FilePlan> plan() {
    plan_.passed = std::move(tree_.passed);
    plan_.unreadable = std::move(tree_.unreadable);
    for (std::size_t at = 1; at < tree_.groups.size(); ++at) {
      const SourceGroup& group = tree_.groups[at];
      const Id object = file_.object(group.path);
      if (!object.is_open()) return file_.fault(group.path);
      if (group.parent == 0) describe_run(group.path, object);
      if (group.sets.empty()) continue;
      if (Status planned = plan_track(group, object); !planned)
        return tl::unexpected(planned.error());
    }
    return std::move(plan_);
  }

 private:
  tl::unexpected<Error> damaged(const std::string& at, const std::string& what) const {
    return fail(ErrorCode::kDamaged, fmt::format("{}: {}", file_.place(at), what));
  }

  // What is written as JSON comes as the values that it is.
  void describe_run(const std::string& run, const Id& object) {
    Attributes about = attributes_of(object);
    for (auto& [name, value] : about.fields) {
      const auto* const text = value.get_if<std::string>();
      const bool is_json = name == "metadata" || name == "configuration";
      if (!is_json || text == nullptr) continue;
      Result<Value> json = parse_json_line(*text);
      if (json && resolve_words(*json, JsonDialect::kPlain)) value = std::move(*json);
    }
    if (!about.fields.empty()) plan_.about.emplace_back(run, Value(std::move(about.fields)));
  }

  Status plan_track(const SourceGroup& group, const Id& object) {
    const std::optional<std::string> track = text_attribute(object, "track");
    if (!track) return damaged(group.path, "it does not say of which track it is");
    if (group.sets.size() > 2 * kColumnsMax)
      return fail(ErrorCode::kUnsupported,
                  fmt::format("{}: more than {} columns", file_.place(group.path), kColumnsMax));
    Result<TimePlan> time = time_of(group.path);
    if (!time) return tl::unexpected(time.error());
    TrackPlan plan{.track = *track,
                   .object = group.path,
                   .rows = time->set.dims.front(),
                   .time = std::move(*time)};
    if (Status added = add_fields(group, plan); !added) return added;
    add_kind(object, plan);
    plan_.tracks.push_back(std::move(plan));
    return {};
  }

  // Older files have its name alone.
  void add_kind(const Id& object, TrackPlan& plan) {
    const std::string kind = text_attribute(object, "kind").value_or("");
    Result<Value> schema = parse_json_line(text_attribute(object, "schema").value_or(""));
    const bool is_json = schema && resolve_words(*schema, JsonDialect::kPlain);
    const auto* const fields = is_json ? schema->get_if<Fields>() : nullptr;
    if (fields != nullptr && parse_kind(*fields)) {
      encode_fields(*fields, plan.schema);
    } else if (!kind.empty() && known_kind(kind)) {
      plan.kind = kind;
    } else if (!kind.empty()) {
      plan_.remarks.push_back(fmt::format(
          "{}: the kind {} is not known here: what the fields of track {} mean is left out",
          file_.place(plan.object), printable(kind), printable(plan.track)));
    }
  }

  Result<TimePlan> time_of(const std::string& group) {
    TimePlan time{.unit = TimeUnit::kSeconds, .rest = TimePlan::Rest::kKey};
    Result<StoredSet> seconds = look_at(file_, path_in(group, kSeconds));
    Result<StoredSet> keys = seconds ? look_at(file_, path_in(group, kKeys)) : Result<StoredSet>();
    if (!seconds || !keys)
      return damaged(group,
                     fmt::format("its times: {}", (seconds ? keys : seconds).error().message));
    const bool are_times = seconds->dims.size() == 1 && seconds->dims == keys->dims &&
                           seconds->type.form == StoredType::Form::kFloat &&
                           keys->type.form == StoredType::Form::kInt;
    if (!are_times || !has_times(*seconds) || !has_times(*keys))
      return damaged(group, "its times are none");
    time.set = std::move(*seconds);
    time.rest_set = std::move(*keys);
    return time;
  }

  ColumnWords words_of(const std::string& path, const std::string& name) const {
    const Id object = file_.object(path);
    ColumnWords words{.path = {name},
                      .valid = text_attribute(object, "valid").value_or(""),
                      .encoding = text_attribute(object, "encoding").value_or(""),
                      .element = int_attribute(object, "element")};
    if (const std::optional<std::string> names = text_attribute(object, "names"))
      words.path = path_of_json(*names).value_or(std::vector<std::string>());
    return words;
  }

  Status add_fields(const SourceGroup& group, TrackPlan& plan) {
    std::map<std::string, ColumnWords> columns;
    std::set<std::string> companions{kSeconds, kKeys};
    for (const std::string& name : group.sets) {
      ColumnWords words = words_of(path_in(group.path, name), name);
      if (words.path.empty())
        return damaged(path_in(group.path, name), "it says no names of fields");
      if (!words.valid.empty()) companions.insert(words.valid);
      columns.emplace(name, std::move(words));
    }
    std::map<std::vector<std::string>, std::size_t> apart;  // fields of which elements are columns
    for (const std::string& name : group.sets) {
      if (companions.contains(name)) continue;
      const ColumnWords& words = columns.at(name);
      Result<std::optional<ColumnPlan>> column = column_of(group.path, name, words, plan.rows);
      if (!column) return tl::unexpected(column.error());
      if (!*column) continue;
      std::size_t field = plan.fields.size();
      if (words.element) field = apart.try_emplace(words.path, field).first->second;
      if (field == plan.fields.size())
        plan.fields.push_back({.path = words.path, .is_apart = words.element.has_value()});
      plan.fields[field].columns.push_back(std::move(**column));
    }
    std::vector<std::vector<std::string>> paths;
    for (const FieldPlan& field : plan.fields) paths.push_back(field.path);
    if (const char* const fault = fault_of(paths))
      return damaged(group.path, fmt::format("its fields: {}", fault));
    return {};
  }

  // nullopt: it is passed over.
  Result<std::optional<ColumnPlan>> column_of(const std::string& group, const std::string& name,
                                              const ColumnWords& words, std::size_t rows) {
    const std::string path = path_in(group, name);
    Result<StoredSet> set = look_at(file_, path);
    if (!set && set.error().code == ErrorCode::kUnsupported) {
      plan_.unreadable.push_back(
          fmt::format("{}: {}: it is left out", file_.place(path), set.error().message));
      return std::optional<ColumnPlan>();
    }
    if (!set) return tl::unexpected(set.error());
    std::optional<RowShape> shape = rows_of(*set, rows);
    const bool fits = shape && row_bytes_of(*set, *shape) <= static_cast<double>(kRowBytesMax) &&
                      (has_values(*set) || set->type.is_of_any_length());
    if (!fits) return damaged(path, "it has not the rows of its track");
    ColumnPlan column{.set = std::move(*set), .shape = std::move(*shape)};
    if (words.encoding == "json") column.as = ColumnPlan::As::kJson;
    if (words.encoding == "text") column.as = ColumnPlan::As::kText;
    if (words.valid.empty()) return std::optional(std::move(column));
    Result<StoredSet> valid = look_at(file_, path_in(group, words.valid));
    if (!valid) return damaged(path, "which of its rows have a value: " + valid.error().message);
    if (valid->type.form != StoredType::Form::kBool || valid->dims != std::vector{rows})
      return damaged(path, "it does not say which of its rows have a value");
    column.valid = std::move(*valid);
    return std::optional(std::move(column));
  }

  const SourceFile& file_;
  FileTree tree_;
  FilePlan plan_;
};

}  // namespace

bool is_own_layout(const SourceFile& file) {
  const Id root = file.object({});
  return root.is_open() && text_attribute(root, "creator").value_or("").starts_with("zbag ");
}

Result<FilePlan> plan_own_layout(const SourceFile& file, FileTree tree) {
  return OwnLayout(file, std::move(tree)).plan();
}

}  // namespace zbag::hdf5::reading
