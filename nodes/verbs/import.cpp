#include <fmt/format.h>

#include <filesystem>

#include "nodes/errors.hpp"
#include "nodes/number_text.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "player/formats/importer.hpp"
#include "player/formats/neutral_file.hpp"
#include "recorder/bag_session.hpp"

namespace zbag {
namespace {

struct Arguments {
  std::vector<std::string> files;
  std::string bag;
  MergeMode merge = MergeMode::kShallow;
  std::uint32_t items_max = kItemsMax;
  bool quiet = false;
};

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
  options.recording.storage.merge = arguments.merge;
  options.recording.intake.items_max = arguments.items_max;
  Result<std::unique_ptr<Session>> session = open_bag_session(arguments.bag, std::move(options));
  if (!session) return show("import", session.error());
  Importer importer(**session, {.goes_on = [] { return !StopSignal::wanted(); },
                                .warn = [](const std::string& text) { warn("import", text); }});
  const Importer::Counts& counts = importer.counts();
  Status status;
  for (const std::string& file : arguments.files) {
    status = importer.add(file);
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
  auto options = std::make_unique<OptionTable>(
      root, "import", "Makes a bag of neutral recordings (JSON lines, plain or .xz)",
      "zbag import run.jsonl.xz -o run.zbag");
  auto a = std::make_shared<Arguments>();
  options->add_list("FILE", a->files, option_type::any_text("FILE"), "Recordings to read")
      .required();
  add_new_bag(*options, a->bag, "BAG");
  options->add("--merge", a->merge, merge_mode(),
               "Frames of equal _ts: shallow, deep, or append (keeps every frame)");
  add_max_items(*options, a->items_max);
  options->add_loudness(a->quiet);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
