#include "player/exports/lerobot/data_set.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "player/exports/output_file.hpp"
#include "player/query/database.hpp"
#include "player/query/sql_text.hpp"
#include "schemas/frame.hpp"
#include "schemas/json_text.hpp"

namespace zbag {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFirst = "chunk-000/file-000";

// Those that every set has; the first is a float32, the others int64.
constexpr std::array<const char*, 5> kOwn = {"timestamp", "frame_index", "episode_index", "index",
                                             "task_index"};

Fields feature_of(const char* type, Array shape, Value names) {
  return {{"dtype", type}, {"shape", std::move(shape)}, {"names", std::move(names)}};
}

Fields camera_of(const DataSetFacts::Camera& camera, unsigned rate) {
  Fields feature =
      feature_of("video", {camera.height, camera.width, 3}, Array{"height", "width", "channels"});
  feature.emplace_back("info", Fields{{"video.height", camera.height},
                                      {"video.width", camera.width},
                                      {"video.channels", 3},
                                      {"video.codec", camera.codec},
                                      {"video.pix_fmt", "yuv420p"},
                                      {"video.is_depth_map", false},
                                      {"video.fps", std::int64_t{rate}},
                                      {"has_audio", false}});
  return feature;
}

Fields features_of(const FeaturePlan& plan, const DataSetFacts& facts) {
  Fields features;
  for (const DataSetFacts::Camera& camera : facts.cameras)
    features.emplace_back(camera.key, camera_of(camera, facts.rate));
  for (const Feature& feature : plan.features) {
    features.emplace_back(feature.key,
                          feature_of(feature.is_flag ? "bool" : "float32",
                                     {static_cast<std::int64_t>(feature.numbers.size())},
                                     Array(feature.names.begin(), feature.names.end())));
  }
  for (const char* name : kOwn)
    features.emplace_back(name, feature_of(name == kOwn[0] ? "float32" : "int64", {1}, Value()));
  return features;
}

std::string info_of(const FeaturePlan& plan, const DataSetFacts& facts) {
  const Fields info{
      {"codebase_version", "v3.0"},
      {"robot_type", facts.robot.empty() ? Value() : Value(facts.robot)},
      {"total_episodes", 1},
      {"total_frames", static_cast<std::int64_t>(facts.frames)},
      {"total_tasks", 1},
      {"chunks_size", 1'000},  // files
      {"data_files_size_in_mb", 100},
      {"video_files_size_in_mb", 200},
      {"fps", std::int64_t{facts.rate}},
      {"splits", Fields{{"train", "0:1"}}},
      {"data_path", "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"},
      {"video_path",
       facts.cameras.empty()
           ? Value()
           : Value("videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4")},
      {"features", features_of(plan, facts)}};
  std::string text;
  write_json(Value(info), text);
  return text;
}

std::string stats_of(const std::vector<FeatureStats>& all) {
  std::string text = "{";
  for (const FeatureStats& stats : all) {
    text += text.size() > 1 ? ",\n" : "\n";
    write_json_text(stats.key, text);
    text += ": {";
    for (const auto& [name, values] : stats.numbers)
      text += fmt::format("\"{}\": {}, ", name, stats.list_of(values));
    text += fmt::format("\"count\": [{}]}}", stats.frames);
  }
  return text + "\n}";
}

std::string tasks_sql(const std::string& file, const std::string& task) {
  // The text is the index of the table as pandas reads it.
  const char* const pandas =
      R"({"index_columns": ["task"], "column_indexes": [{"name": null, "field_name": null, )"
      R"("pandas_type": "unicode", "numpy_type": "object", "metadata": {"encoding": "UTF-8"}}], )"
      R"("columns": [{"name": "task_index", "field_name": "task_index", "pandas_type": "int64", )"
      R"("numpy_type": "int64", "metadata": null}, {"name": "task", "field_name": "task", )"
      R"("pandas_type": "unicode", "numpy_type": "object", "metadata": null}], )"
      R"("creator": {"library": "zbag", "version": "1"}, "pandas_version": "2.0.0"})";
  return fmt::format(
      "COPY (SELECT CAST(0 AS BIGINT) AS task_index, CAST({} AS VARCHAR) AS task) TO {} (FORMAT "
      "parquet, USE_TMP_FILE false, KV_METADATA {{pandas: {}}})",
      sql_text(task), sql_text(file), sql_text(pandas));
}

std::string episodes_sql(const std::string& file, const DataSetFacts& facts,
                         const std::vector<FeatureStats>& all) {
  std::string columns = fmt::format(
      "CAST(0 AS BIGINT) AS episode_index, CAST([{}] AS VARCHAR[]) AS tasks, CAST({} AS BIGINT) AS "
      "length",
      sql_text(facts.task), facts.frames);
  const auto add = [&](const std::string& name, const std::string& value, const char* type) {
    columns += fmt::format(", CAST({} AS {}) AS {}", value, type, sql_name(name));
  };
  add("data/chunk_index", "0", "BIGINT");
  add("data/file_index", "0", "BIGINT");
  add("dataset_from_index", "0", "BIGINT");
  add("dataset_to_index", std::to_string(facts.frames), "BIGINT");
  for (const DataSetFacts::Camera& camera : facts.cameras) {
    const std::string name = "videos/" + camera.key;
    add(name + "/chunk_index", "0", "BIGINT");
    add(name + "/file_index", "0", "BIGINT");
    add(name + "/from_timestamp", "0", "DOUBLE");
    add(name + "/to_timestamp", fmt::format("{}", static_cast<double>(facts.frames) / facts.rate),
        "DOUBLE");
  }
  for (const FeatureStats& stats : all) {
    for (const auto& [name, values] : stats.numbers)
      add(fmt::format("stats/{}/{}", stats.key, name), sql_text(stats.list_of(values)),
          stats.is_camera ? "DOUBLE[][][]" : "DOUBLE[]");
    add(fmt::format("stats/{}/count", stats.key), fmt::format("[{}]", stats.frames), "BIGINT[]");
  }
  add("meta/episodes/chunk_index", "0", "BIGINT");
  add("meta/episodes/file_index", "0", "BIGINT");
  return fmt::format("COPY (SELECT {}) TO {} (FORMAT parquet, USE_TMP_FILE false)", columns,
                     sql_text(file));
}

}  // namespace

Result<DataSetFolder> DataSetFolder::create(OutputTree& tree,
                                            const std::vector<CameraFeature>& cameras) {
  DataSetFolder folder(tree);
  const std::string& root = tree.making();
  std::vector<std::string> files = {folder.data_path(),
                                    fmt::format("{}/meta/episodes/{}.parquet", root, kFirst)};
  for (const CameraFeature& camera : cameras) files.push_back(folder.video_path(camera.key));
  for (const std::string& file : files) {
    std::error_code error;
    fs::create_directories(fs::path(file).parent_path(), error);
    if (error) return tl::unexpected(disk_error(root, error.value()));
  }
  return folder;
}

std::string DataSetFolder::data_path() const {
  return fmt::format("{}/data/{}.parquet", tree_->making(), kFirst);
}

std::string DataSetFolder::video_path(const std::string& key) const {
  return fmt::format("{}/videos/{}/{}.mp4", tree_->making(), key, kFirst);
}

Status DataSetFolder::write_meta(const FeaturePlan& plan, const DataSetFacts& facts,
                                 std::vector<FeatureStats> all) const {
  std::error_code error;
  const std::string root = fs::absolute(tree_->making(), error).string();
  if (error) return fail(ErrorCode::kIo, fmt::format("{}: {}", tree_->making(), error.message()));
  Result<Database> database = Database::open({.allowed_folder = root});
  if (!database) return tl::unexpected(database.error());
  const std::string data = fmt::format("{}/data/{}.parquet", root, kFirst);
  std::vector<std::pair<std::string, std::size_t>> columns;
  for (const Feature& feature : plan.features)
    columns.emplace_back(feature.key, feature.numbers.size());
  for (const char* name : kOwn) columns.emplace_back(name, 1);
  for (const auto& [name, numbers] : columns) {
    Result<FeatureStats> stats = FeatureStats::of_column(*database, data, name, numbers);
    if (!stats) return tl::unexpected(stats.error());
    stats->frames = facts.frames;
    all.push_back(std::move(*stats));
  }
  Status written = database->run(tasks_sql(root + "/meta/tasks.parquet", facts.task));
  if (!written) return written;
  written = database->run(
      episodes_sql(fmt::format("{}/meta/episodes/{}.parquet", root, kFirst), facts, all));
  if (!written) return written;
  if (Status stats = tree_->write("meta/stats.json", stats_of(all)); !stats) return stats;
  return tree_->write("meta/info.json", info_of(plan, facts));
}

}  // namespace zbag
