#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <type_traits>

#include "bus/control.hpp"
#include "nodes/errors.hpp"
#include "nodes/fit_text.hpp"
#include "nodes/nearest.hpp"
#include "nodes/number_text.hpp"
#include "nodes/terminal.hpp"
#include "nodes/terminal_size.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "schemas/field_lookup.hpp"
#include "schemas/json_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

struct Arguments {
  std::string node;
  std::string op = "describe";
  std::vector<std::string> args;  // key=value
  std::chrono::duration<double> timeout{5.0};
};

// A number where the text is one, else text.
Value parse_value(const std::string& text) {
  double number = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return text;
}

// "received 1,625", "paused"; nothing of what is false or no single value.
std::string short_text(const std::string& name, const Value& value) {
  return std::visit(
      [&name](const auto& held) -> std::string {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, bool>)
          return held ? name : "";
        else if constexpr (std::is_same_v<Held, std::uint64_t>)
          return fmt::format("{} {}", name, count_text(held));
        else if constexpr (std::is_arithmetic_v<Held> || std::is_same_v<Held, std::string>)
          return fmt::format("{} {}", name, held);
        else
          return "";
      },
      value.variant());
}

// Of a node's status what tells most, whatever kind of node it is.
std::string short_status(const Fields& status) {
  std::vector<std::string> parts;
  for (const char* const name : {"bag", "publish_to", "received", "published", "printed", "frames",
                                 "lost", "rate", "laps", "paused", "waiting", "stopping"}) {
    const Value* const value = find_field(status, name);
    std::string text = value == nullptr ? "" : short_text(name, *value);
    if (!text.empty()) parts.push_back(std::move(text));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

struct Row {
  std::string name, verb, pid, status;
};

Row row_of(Context& context, const std::string& name, std::chrono::milliseconds timeout) {
  Row row{name, "?", "?", ""};
  const Result<Value> node = control_call(context, name, "node", {}, timeout);
  if (!node && node.error().code == ErrorCode::kTimeout) {
    row.status = node.error().message;
    return row;
  }
  if (const Fields* const fields = node ? node->get_if<Fields>() : nullptr) {
    row.verb = text_field(*fields, "verb");
    row.pid = fmt::format("{}", uint_field(*fields, "pid"));
  }
  const Result<Value> status = control_call(context, name, "status", {}, timeout);
  const Fields* const fields = status ? status->get_if<Fields>() : nullptr;
  row.status = fields != nullptr ? short_status(*fields) : status ? "" : status.error().message;
  return row;
}

int list_nodes(const Arguments& arguments) {
  const Result<std::vector<std::string>> names = running_nodes();
  if (!names) return show("ctl", names.error());
  if (names->empty()) {
    say_always("no node is running here\n");
    return kExitDone;
  }
  Context context;
  std::vector<Row> rows{{"NODE", "VERB", "PID", "STATUS"}};
  for (const std::string& name : *names)
    rows.push_back(row_of(context, name, whole_milliseconds(arguments.timeout)));
  std::size_t name_width = 0;
  std::size_t verb_width = 0;
  for (const Row& row : rows) {
    name_width = std::max(name_width, columns_of(row.name));
    verb_width = std::max(verb_width, columns_of(row.verb));
  }
  const std::optional<TerminalSize> terminal = size_of_terminal(STDOUT_FILENO);
  for (const Row& row : rows) {
    const std::string head = fmt::format("{}  {}  {:>7}  ", fit(row.name, name_width),
                                         fit(row.verb, verb_width), row.pid);
    const std::size_t room =
        terminal && terminal->columns > head.size() + 8 ? terminal->columns - head.size() : 0;
    print("{}{}\n", head, room == 0 ? row.status : shortened(row.status, room));
  }
  return kExitDone;
}

// What a node can do, each with a summary; nothing where it does not answer.
Fields operations_of(Context& context, const Arguments& arguments) {
  const Result<Value> reply =
      control_call(context, arguments.node, "describe", {}, whole_milliseconds(arguments.timeout));
  const Fields* const operations = reply ? reply->get_if<Fields>() : nullptr;
  return operations == nullptr ? Fields() : *operations;
}

// Names the nearest node that runs, and all of them; of one that runs, the nearest operation.
int show_refused(Context& context, const Arguments& arguments, Error error) {
  const Result<std::vector<std::string>> names = running_nodes();
  if (error.code == ErrorCode::kNotFound && names) {
    error.message += names->empty()
                         ? "; none is"
                         : fmt::format("{}; there {} {}", nearest_hint(arguments.node, *names),
                                       names->size() == 1 ? "is" : "are", fmt::join(*names, ", "));
  }
  if (error.code != ErrorCode::kInvalid) return show("ctl", error);
  std::vector<std::string> known;
  for (const auto& [op, summary] : operations_of(context, arguments)) known.push_back(op);
  const bool is_known =
      known.empty() || std::find(known.begin(), known.end(), arguments.op) != known.end();
  if (!is_known)
    error.message =
        fmt::format("{} has no operation {}{}; it has {}", arguments.node, printable(arguments.op),
                    nearest_hint(arguments.op, known), fmt::join(known, ", "));
  return show("ctl", error);
}

// Of a word that is no key=value: what the operation takes.
int show_no_argument(Context& context, const Arguments& arguments, const std::string& word) {
  const Fields operations = operations_of(context, arguments);
  const std::string summary = text_field(operations, arguments.op);
  return show("ctl", {ErrorCode::kInvalid,
                      fmt::format("{}: write key=value{}", printable(word),
                                  summary.empty() ? ""
                                                  : fmt::format("; {} {}: {}", arguments.node,
                                                                arguments.op, summary))});
}

int run(const Arguments& arguments) {
  if (arguments.node.empty()) return list_nodes(arguments);
  Context context;
  Fields args;
  for (const std::string& word : arguments.args) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0)
      return show_no_argument(context, arguments, word);
    args.emplace_back(word.substr(0, equals), parse_value(word.substr(equals + 1)));
  }
  const Result<Value> reply = control_call(context, arguments.node, arguments.op, args,
                                           whole_milliseconds(arguments.timeout));
  if (!reply) return show_refused(context, arguments, reply.error());
  const Fields* fields = reply->get_if<Fields>();
  if (arguments.op == "describe" && fields != nullptr) {
    for (const auto& [op, summary] : *fields) {
      const auto* text = summary.get_if<std::string>();
      print("{:<10} {}\n", op, text == nullptr ? "" : *text);
    }
    return kExitDone;
  }
  std::string text;
  write_json(*reply, text);
  print("{}\n", text);
  return kExitDone;
}

}  // namespace

Verb add_ctl(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(
      root, "ctl", "Lists the nodes that run, or tells one of them what to do",
      "zbag ctl play seek time=+1m30s");
  auto a = std::make_shared<Arguments>();
  options->add("NODE", a->node, option_type::any_text("NODE"),
               "Name of the node: its --name, or its verb; without it all are listed");
  options->add("OP", a->op, option_type::any_text("OP"),
               "What to do: describe lists what the node can");
  options->add_list("ARGS", a->args, option_type::any_text("key=value"),
                    "Arguments of OP, as key=value");
  options->add("--timeout", a->timeout,
               option_type::seconds<std::chrono::duration<double>>({0.001, 1e6}),
               "Seconds to wait for an answer");
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
