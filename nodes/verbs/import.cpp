#include <fmt/format.h>

#include <filesystem>

#include "nodes/command.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "player/formats/neutral_file.hpp"
#include "recorder/bag_session.hpp"

namespace zbag {
namespace {

struct Arguments {
  std::vector<std::string> files;
  std::string bag;
  std::string merge = "shallow";
  bool quiet = false;
};

struct Counts {
  std::uint64_t frames = 0;
  std::uint64_t refused = 0;
};

Status import_file(const std::string& path, Session& session, Counts& counts) {
  Result<NeutralReader> reader = NeutralReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  const auto refuse = [&](const Error& error) {
    ++counts.refused;
    warn("import", error.message);
  };
  while (!StopSignal::wanted()) {
    Result<std::optional<NeutralFrame>> frame = reader->next();
    if (!frame && frame.error().code == ErrorCode::kInvalid) {
      refuse(frame.error());
      continue;
    }
    if (!frame) return tl::unexpected(frame.error());
    if (!*frame) return {};
    // As the recorder does, a foreign field that begins with `_` is kept.
    std::string map;
    encode_fields((*frame)->fields, map);
    Result<Track> track = session.track((*frame)->track);
    Status status =
        track ? track->append_map(
                    std::span(reinterpret_cast<const std::uint8_t*>(map.data()), map.size()),
                    (*frame)->stamp)
              : Status(tl::unexpected(track.error()));
    if (!status && status.error().code == ErrorCode::kInvalid) {
      refuse({ErrorCode::kInvalid,
              fmt::format("{}:{}: {}", path, reader->line(), status.error().message)});
      continue;
    }
    if (!status) return status;
    ++counts.frames;
  }
  return {};
}

int run(const Arguments& arguments) {
  std::error_code error;
  if (std::filesystem::exists(arguments.bag, error)) {
    return show("import", {ErrorCode::kExists,
                           fmt::format("{} exists; zbag never overwrites a bag", arguments.bag)});
  }
  for (const std::string& file : arguments.files) {
    if (const Result<NeutralReader> reader = NeutralReader::open(file); !reader)
      return show("import", reader.error());
  }
  BagSessionOptions options;
  options.session.name = "import";
  const Result<MergeMode> merge = parse_merge_mode(arguments.merge);
  if (!merge) return show("import", merge.error());
  options.recording.storage.merge = *merge;
  Result<std::unique_ptr<Session>> session = open_bag_session(arguments.bag, std::move(options));
  if (!session) return show("import", session.error());
  Counts counts;
  Status status;
  for (const std::string& file : arguments.files) {
    status = import_file(file, **session, counts);
    if (!status) break;
  }
  Status closed = (*session)->close();
  if (!arguments.quiet)
    say("imported {} frames into {}\n", count_text(counts.frames), arguments.bag);
  if (!status) return show("import", status.error());
  if (!closed) return show("import", closed.error());
  if (counts.refused == 0) return kExitDone;
  warn("import", fmt::format("{} lines were refused", counts.refused));
  return kExitLossy;
}

}  // namespace

Verb add_import(CLI::App& root) {
  CLI::App* const app =
      add_subcommand(root, "import", "Makes a bag of neutral recordings (JSON lines, plain or .xz)",
                     "zbag import run.jsonl.xz -o run.zbag");
  auto a = std::make_shared<Arguments>();
  app->add_option("FILE", a->files, "Recordings to read")->required()->capture_default_str();
  app->add_option("-o,--output", a->bag, "Bag to write; never overwritten")
      ->required()
      ->type_name("BAG")
      ->capture_default_str();
  app->add_option("--merge", a->merge,
                  "Frames of equal _ts: shallow, deep, or append (keeps every frame)")
      ->type_name("MODE");
  add_quiet(*app, a->quiet);
  return {app, [a] { return run(*a); }};
}

}  // namespace zbag
