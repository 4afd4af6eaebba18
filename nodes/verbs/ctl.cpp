#include <fmt/format.h>

#include <charconv>

#include "bus/control.hpp"
#include "nodes/errors.hpp"
#include "nodes/terminal.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "schemas/json_text.hpp"

namespace zbag {
namespace {

struct Arguments {
  std::string node;
  std::string op;
  std::vector<std::pair<std::string, std::string>> args;
  std::chrono::duration<double> timeout{5.0};
};

// A number where the text is one, else text.
Value parse_value(const std::string& text) {
  double number = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return text;
}

int run(const Arguments& arguments) {
  Fields args;
  for (const auto& [key, value] : arguments.args) args.emplace_back(key, parse_value(value));
  Context context;
  const Result<Value> reply = control_call(context, arguments.node, arguments.op, args,
                                           whole_milliseconds(arguments.timeout));
  if (!reply) return show("ctl", reply.error());
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
      root, "ctl", "Talks to a running node: zbag ctl NODE describe lists what it can do",
      "zbag ctl play rate rate=2");
  auto a = std::make_shared<Arguments>();
  options
      ->add("NODE", a->node, option_type::any_text("NODE"),
            "Name of the node: record, play, or its --name")
      .required();
  options->add("OP", a->op, option_type::any_text("OP"), "Operation, or describe").required();
  options->add_list("ARGS", a->args, option_type::text_pair("key=value", "=", true),
                    "Arguments as key=value");
  options->add("--timeout", a->timeout,
               option_type::seconds<std::chrono::duration<double>>({0.001, 1e6}),
               "Seconds to wait for the answer");
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
