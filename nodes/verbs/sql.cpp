#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <thread>

#include "nodes/answer_format.hpp"
#include "nodes/choice.hpp"
#include "nodes/errors.hpp"
#include "nodes/live_screen.hpp"
#include "nodes/nearest.hpp"
#include "nodes/number_text.hpp"
#include "nodes/open_bags.hpp"
#include "nodes/sql_help.hpp"
#include "nodes/sql_prompt.hpp"
#include "nodes/sql_statement.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/text_output.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "player/exports/output_file.hpp"
#include "player/query/bag_database.hpp"
#include "player/query/sql_error.hpp"
#include "player/query/sql_text.hpp"
#include "recorder/bag/bag_file.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

struct Arguments {
  SelectionArguments selection;
  std::vector<std::string> words;  // bags, then the SQL unless there is a prompt
  bool has_prompt = false;
  std::string out = "-";
  AnswerFormat format = AnswerFormat::kByOutput;
  bool is_forced = false;
  bool allows_files = false;
  bool stats = false;
  std::size_t memory_bytes = 0;
  std::size_t threads = 0;
  bool quiet = false;
};

// While it lives, a signal ends what the database does, and a bar shows how far it is.
class QueryWatch {
 public:
  QueryWatch(BagDatabase& bags, bool quiet)
      : thread_([&bags, quiet, before = StopSignal::count()](const std::stop_token& stop) {
          ProgressBar bar("sql", quiet);
          while (!stop.stop_requested()) {
            StopSignal::wait(std::chrono::milliseconds(100));
            if (StopSignal::count() > before) bags.database().interrupt();
            const double share = bags.watch().share();
            if (!stop.stop_requested() && share < 1.0) bar.show(share);
          }
        }) {}
  ~QueryWatch() {
    thread_.request_stop();
    StopSignal::wake();
  }
  QueryWatch(const QueryWatch&) = delete;
  QueryWatch& operator=(const QueryWatch&) = delete;

 private:
  std::jthread thread_;
};

// A file of CSV or Parquet has the columns of one answer.
Status check_results(Database& database, const std::vector<std::string>& statements,
                     const Arguments& arguments) {
  const AnswerFormat format = arguments.format;
  const bool holds_one =
      arguments.out != "-" && (format == AnswerFormat::kCsv || format == AnswerFormat::kParquet);
  if (!holds_one || statements.size() == 1) return {};
  const auto count = std::count_if(statements.begin(), statements.end(), [&](const auto& sql) {
    return gives_rows(database, sql, statements);
  });
  if (count <= 1) return {};
  return fail(ErrorCode::kInvalid,
              fmt::format("{} results do not go into one file: ask one query", count));
}

Status write_texts(BagDatabase& bags, const std::vector<std::string>& statements,
                   const Arguments& arguments, ShownAs shown) {
  Result<TextOutput> out =
      TextOutput::open(arguments.out, existing_with(arguments.is_forced), shown);
  if (!out) return tl::unexpected(out.error());
  for (const std::string& sql : statements) {
    if (Status ran = run_statement(bags.database(), sql, shown, *out); !ran) return ran;
  }
  return out->finish();
}

Status write_parquet(BagDatabase& bags, const std::vector<std::string>& statements,
                     const Arguments& arguments) {
  Result<OutputFile> out = OutputFile::create(arguments.out, existing_with(arguments.is_forced));
  if (!out) return tl::unexpected(out.error());
  for (std::size_t i = 0; i + 1 < statements.size(); ++i) {
    if (Status ran = bags.database().run(statements[i]); !ran) return ran;
  }
  const std::string whole = std::filesystem::absolute(out->by_name()).string();
  Status ran = copy_rows(
      bags.database(), statements.back(),
      fmt::format("{} (FORMAT parquet, CODEC 'zstd', USE_TMP_FILE false)", sql_text(whole)));
  if (!ran) return ran;
  Status finished = out->finish();
  return finished ? out->publish() : finished;
}

// Of COPY and the like: the bags that are read stay what they are.
Status check_files(const std::vector<std::string>& statements, const Playlist& playlist) {
  for (const std::string& sql : statements) {
    const std::vector<std::string> words = words_of(sql);
    if (std::find(words.begin(), words.end(), "to") == words.end()) continue;
    for (const std::string& path : texts_of(sql)) {
      if (is_one_of(path, playlist))
        return fail(
            ErrorCode::kExists,
            fmt::format("{} is the bag that is read; choose another name", printable(path)));
    }
  }
  return {};
}

Status run_query(BagDatabase& bags, const std::string& sql, const Playlist& playlist,
                 const Arguments& arguments) {
  SqlStatements split = split_statements(sql);
  if (!split.rest.empty()) split.whole.push_back(std::move(split.rest));
  if (split.whole.empty()) return fail(ErrorCode::kInvalid, "the query is empty");
  bags.watch().begin();
  const QueryWatch watch(bags, arguments.quiet);
  if (Status one = check_results(bags.database(), split.whole, arguments); !one) return one;
  if (Status safe = check_files(split.whole, playlist); !safe) return safe;
  switch (arguments.format) {
    case AnswerFormat::kParquet:
      return write_parquet(bags, split.whole, arguments);
    case AnswerFormat::kCsv:
      return write_texts(bags, split.whole, arguments, ShownAs::kCsv);
    case AnswerFormat::kJson:
      return write_texts(bags, split.whole, arguments, ShownAs::kJson);
    default:
      return write_texts(bags, split.whole, arguments, ShownAs::kTable);
  }
}

int show_failure(const Error& error, const std::string& sql, const BagDatabase& bags) {
  const std::string text = with_remedy(error.message, sql, [&bags] { return bags.names(); });
  return show_unmade("sql", {error.code, text});
}

constexpr const char* kPromptHelp =
    "SELECT avg(ax) FROM \"robot/imu\";  a semicolon ends a query; Tab completes names\n"
    "DESCRIBE \"robot/imu\";             the columns of a track\n"
    ".tables                            the tracks, and what tells of the bags\n"
    ".quit                              ends this, as Ctrl-D does\n"
    "Ctrl-C                             stops a query, or forgets what was typed\n"
    "zbag help sql                      in a shell: tables, joins of tracks by time\n";

// What a line that begins with a dot is: a statement to run, or nullopt where it was answered.
Result<std::optional<std::string>> take_command(const std::string& line) {
  if (line == ".tables") return "SHOW TABLES";
  if (line != ".help")
    return fail(ErrorCode::kInvalid,
                fmt::format("there is no {}; .help lists what there is", printable(line)));
  print_text(kPromptHelp);
  return std::nullopt;
}

void greet(const Playlist& playlist) {
  std::set<std::string> tracks;
  std::uint64_t points = 0;
  for (const BagSummary& bag : playlist.summaries()) {
    for (const TrackRecord& track : bag.tracks) {
      tracks.insert(track.name);
      points += track.total();
    }
  }
  const auto& bags = playlist.summaries();
  print_text(
      fmt::format("{}: {} in {}; .help for help\n",
                  bags.size() == 1 ? printable(bags[0].path) : amount_text(bags.size(), "bag"),
                  amount_text(points, "point"), amount_text(tracks.size(), "track")));
}

// Statements as they are typed; a failure ends the statement alone. Gives the worst exit code.
int run_prompt(BagDatabase& bags, const Playlist& playlist, const Arguments& arguments) {
  int exit_code = kExitDone;
  SqlPrompt prompt([&] { return bags.names(); });
  while (const auto statements = prompt.read()) {
    for (const std::string& text : *statements) {
      Result<std::optional<std::string>> sql = text;
      if (text.starts_with('.')) sql = take_command(text);
      if (sql && !*sql) continue;
      const Status ran =
          sql ? run_query(bags, **sql, playlist, arguments) : Status(tl::unexpected(sql.error()));
      if (ran) continue;
      const int failed = show_failure(ran.error(), text, bags);
      if (ran.error().code != ErrorCode::kClosed) exit_code = std::max(exit_code, failed);
      break;
    }
  }
  return exit_code;
}

Result<BagDatabase> open_database(const Arguments& arguments, const Playlist& playlist,
                                  TimeRange range) {
  std::vector<NamedBag> bags;
  for (std::size_t i = 0; i < playlist.readers().size(); ++i)
    bags.push_back({printable(playlist.summaries()[i].path), playlist.readers()[i]});
  BagDatabase::Options options;
  options.range = range;
  if (!arguments.quiet) options.note = [](const std::string& text) { say("zbag sql: {}\n", text); };
  options.nearest = nearest;
  options.warn = warner("sql");
  options.database.threads = arguments.threads;
  options.database.memory_bytes = arguments.memory_bytes;
  options.database.allows_files = arguments.allows_files;
  if (arguments.format == AnswerFormat::kParquet)
    options.database.allowed_file = std::filesystem::absolute(making_name(arguments.out)).string();
  return BagDatabase::open(std::move(bags), std::move(options));
}

// The exit code of a query that went well.
int end_of(const BagDatabase& bags, const Playlist& playlist, const Arguments& arguments) {
  const ReadWatch::Counts counts = bags.watch().counts();
  if (arguments.stats)
    say_always("zbag sql: read {} of {}; decoded {}\n", amount_text(counts.points, "point"),
               amount_text(counts.blocks, "block"), amount_text(counts.fields, "field"));
  bool is_damaged = bags.watch().left_out() > 0;
  for (const BagSummary& bag : playlist.summaries()) {
    for (const std::string& damage : bag.damaged_tracks) {
      warn("sql", fmt::format("{}: {}; all its points are left out", bag.path, damage));
      is_damaged = true;
    }
  }
  return is_damaged ? kExitDamaged : kExitDone;
}

// Bags and a query, or bags and a prompt.
Status check(const Arguments& arguments) {
  if (!arguments.has_prompt && arguments.words.size() < 2)
    return fail(ErrorCode::kInvalid,
                isatty(STDIN_FILENO) == 1
                    ? "name a bag and, last, the query; or -i for a prompt"
                    : "name a bag and, last, the query; - reads it from stdin");
  if (arguments.has_prompt && arguments.out != "-")
    return fail(ErrorCode::kInvalid, "-i shows its answers: it does not go with -o");
  return {};
}

int run(Arguments arguments) {
  if (Status status = check(arguments); !status) return show("sql", status.error());
  const Result<AnswerFormat> format = answer_format(arguments.format, arguments.out);
  if (!format) return show("sql", format.error());
  arguments.format = *format;
  const std::vector<std::string> named(arguments.words.begin(),
                                       arguments.words.end() - (arguments.has_prompt ? 0 : 1));
  Result<std::string> query = arguments.has_prompt ? std::string() : arguments.words.back();
  if (query && *query == "-") query = read_piped_query();
  if (!query) return show("sql", query.error());
  const Result<BagPaths> paths = find_bags(named, warner("sql"));
  if (!paths) return show("sql", paths.error());
  int opened = kExitDone;
  const Result<Playlist> playlist = open_bags("sql", *paths, opened);
  if (!playlist) return show("sql", playlist.error());
  const Result<BagReader::Selection> selection =
      choose("sql", arguments.selection, playlist->summaries(), SystemTracks::kToo);
  if (!selection) return show_unchosen("sql", selection.error());
  if (arguments.is_forced && is_one_of(arguments.out, *playlist)) {
    return show("sql",
                {ErrorCode::kExists, fmt::format("{} is the bag that is asked; choose another name",
                                                 printable(arguments.out))});
  }
  Result<BagDatabase> bags = open_database(arguments, *playlist, selection->range);
  if (!bags) return show("sql", bags.error());
  if (arguments.has_prompt && !arguments.quiet && isatty(STDIN_FILENO) == 1) greet(*playlist);
  if (arguments.has_prompt)
    return std::max(
        {opened, run_prompt(*bags, *playlist, arguments), end_of(*bags, *playlist, arguments)});
  const Status ran = run_query(*bags, *query, *playlist, arguments);
  if (ran) return std::max(opened, end_of(*bags, *playlist, arguments));
  if (ran.error().code == ErrorCode::kClosed && !StopSignal::wanted()) return opened;  // head
  return show_failure(ran.error(), *query, *bags);
}

}  // namespace

Verb add_sql(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(
      root, "sql", "Asks bags in SQL (DuckDB)",
      "zbag sql day.zbag 'SELECT avg(ax), max(_ts) FROM \"robot/imu\"'");
  auto a = std::make_shared<Arguments>();
  options
      ->add_list("BAG", a->words, option_type::any_text("BAG"),
                 "Bags to ask; a folder: all in it; the last word is the query, - has it on stdin")
      .required();
  options->begin(OptionGroup::kSelection);
  add_times(*options, a->selection);
  options->begin(OptionGroup::kOutput);
  options->add("-o,--output", a->out, option_type::any_text("OUT"), "File to write; - is stdout");
  options->add("--format", a->format, answer_format_type(),
               "table, csv, json or jsonl (an object a line), parquet; by-name: as OUT ends, on "
               "stdout table");
  options->add_flag("--force", a->is_forced, "Replace a file that is there already");
  options->begin(OptionGroup::kOwn);
  options->add_flag("-i,--interactive", a->has_prompt,
                    "Ask for queries at a prompt, each ended by a semicolon; Tab completes names");
  options->add_flag("--stats", a->stats, "Say what was read: points, blocks, fields of blocks");
  options->add_flag("--files", a->allows_files, "The query may read and write files that it names");
  options->add("--memory", a->memory_bytes, option_type::megabytes<std::size_t>({0, 1e9}),
               "MB that a query may take before it uses the disk; 0: half of what there is");
  options->add("--threads", a->threads, option_type::count<std::size_t>("N", {0, 1'024}),
               "Threads at most; 0: one a core");
  options->add_loudness(a->quiet);
  explain_sql(*options);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
