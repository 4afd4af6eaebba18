#include <fmt/format.h>

#include <charconv>

#include "bus/control.hpp"
#include "nodes/command.hpp"
#include "schemas/json_text.hpp"

namespace zbag {
namespace {

struct Arguments {
  std::string node;
  std::string op;
  std::vector<std::string> args;
  double timeout_seconds = 5.0;
};

// A number where the text is one, else text.
Value parse_value(const std::string& text) {
  double number = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return text;
}

int run(const Arguments& arguments) {
  if (Status status = check_number("timeout", arguments.timeout_seconds, 0.001, 1e6); !status)
    return show("ctl", status.error());
  Fields args;
  for (const std::string& text : arguments.args) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos)
      return show("ctl", {ErrorCode::kInvalid, fmt::format("'{}': write key=value", text)});
    args.emplace_back(text.substr(0, equals), parse_value(text.substr(equals + 1)));
  }
  Context context;
  const Result<Value> reply = control_call(
      context, arguments.node, arguments.op, args,
      std::chrono::milliseconds(static_cast<std::int64_t>(arguments.timeout_seconds * 1000.0)));
  if (!reply) return show("ctl", reply.error());
  const Fields* fields = reply->get_if<Fields>();
  if (arguments.op == "describe" && fields != nullptr) {
    for (const auto& [op, summary] : *fields) {
      const auto* text = summary.get_if<std::string>();
      fmt::print("{:<10} {}\n", op, text == nullptr ? "" : *text);
    }
    return kExitDone;
  }
  std::string text;
  write_json(*reply, text);
  fmt::print("{}\n", text);
  return kExitDone;
}

}  // namespace

Verb add_ctl(CLI::App& root) {
  CLI::App* const app = add_subcommand(
      root, "ctl", "Talks to a running node: zbag ctl NODE describe lists what it can do",
      "zbag ctl play rate rate=2");
  auto a = std::make_shared<Arguments>();
  app->add_option("NODE", a->node, "Name of the node: record, play, or its --name")
      ->required()
      ->capture_default_str();
  app->add_option("OP", a->op, "Operation, or describe")->required()->capture_default_str();
  app->add_option("ARGS", a->args, "Arguments as key=value")->capture_default_str();
  app->add_option("--timeout", a->timeout_seconds, "Seconds to wait for the answer")
      ->type_name("S");
  return {app, [a] { return run(*a); }};
}

}  // namespace zbag
