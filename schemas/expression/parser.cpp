#include "schemas/expression/parser.hpp"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <utility>

#include "schemas/quantity_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag::expression {
namespace {

constexpr std::array<std::string_view, 12> kReserved = {"and", "or",       "not",    "between",
                                                        "in",  "contains", "starts", "ends",
                                                        "is",  "null",     "true",   "false"};

bool is_same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// Of a test whose sides change places.
Test turned(Test test) {
  switch (test) {
    case Test::kLess:
      return Test::kGreater;
    case Test::kLessOrEqual:
      return Test::kGreaterOrEqual;
    case Test::kGreater:
      return Test::kLess;
    case Test::kGreaterOrEqual:
      return Test::kLessOrEqual;
    default:
      return test;
  }
}

Node negated(Node node) {
  Node outer;
  outer.kind = Node::Kind::kNot;
  outer.parts.push_back(std::move(node));
  return outer;
}

std::optional<Timestamp> stamp_of(const Operand& operand) {
  std::optional<double> seconds;
  if (operand.kind == Operand::Kind::kText) seconds = parse_iso_time(operand.text);
  if (const auto* whole = std::get_if<Whole>(&operand.value)) seconds = static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&operand.value)) seconds = *real;
  return seconds ? Timestamp::from_seconds(*seconds) : std::nullopt;
}

}  // namespace

Result<Node> Parser::parse() {
  advance();
  Node node = either();
  if (!fault_ && word_.kind != Word::Kind::kEnd) expected("'and', 'or' or the end");
  if (fault_) return tl::unexpected(*fault_);
  return node;
}

Node Parser::either() { return chain(Node::Kind::kOr, "or", &Parser::both); }
Node Parser::both() { return chain(Node::Kind::kAnd, "and", &Parser::single); }

Node Parser::chain(Node::Kind kind, std::string_view word, Node (Parser::*part)()) {
  Node first = (this->*part)();
  if (!is_at(word)) return first;
  Node node;
  node.kind = kind;
  node.parts.push_back(std::move(first));
  while (take(word)) node.parts.push_back((this->*part)());
  return node;
}

Node Parser::single() {
  if (take("not")) return negated(within(&Parser::single));
  if (!take("(")) return test();
  Node node = within(&Parser::either);
  expect(")");
  return node;
}

Node Parser::within(Node (Parser::*part)()) {
  if (depth_ == depth_max_) {
    fault_at(word_.at,
             fmt::format("more than {} parentheses and 'not' inside each other", depth_max_));
    return {};
  }
  ++depth_;
  Node node = (this->*part)();
  --depth_;
  return node;
}

Node Parser::test() {
  const std::size_t at = word_.at;
  Node node;
  node.subject = operand();
  if (word_.kind == Word::Kind::kSymbol) {
    read_comparison(node, at);
    return node;
  }
  if (node.subject.is_literal()) expected("a comparison");
  const bool asks_null = take("is");
  const bool is_negated = take("not");
  if (asks_null) {
    node.test = Test::kIsNull;
    expect("null");
  } else {
    read_named_test(node);
  }
  return is_negated ? negated(std::move(node)) : node;
}

void Parser::read_comparison(Node& node, std::size_t at) {
  static constexpr std::array<std::pair<std::string_view, Test>, 8> kTests = {
      {{"=", Test::kEqual},
       {"==", Test::kEqual},
       {"!=", Test::kUnequal},
       {"<>", Test::kUnequal},
       {"<", Test::kLess},
       {"<=", Test::kLessOrEqual},
       {">", Test::kGreater},
       {">=", Test::kGreaterOrEqual}}};
  const auto* const known =
      std::ranges::find_if(kTests, [&](const auto& one) { return one.first == word_.written; });
  if (known == kTests.end()) return expected("a comparison");
  node.test = known->second;
  advance();
  read_other_side(node);
  if (!node.subject.is_literal()) return;
  // The field comes first.
  Operand& other = node.against.front();
  if (other.is_literal()) return fault_at(at, "a test of no field");
  std::swap(node.subject, other);
  node.test = turned(node.test);
  if (node.subject.kind == Operand::Kind::kStamp) make_stamp(other, at);
}

void Parser::read_named_test(Node& node) {
  if (take("between")) {
    node.test = Test::kBetween;
    read_other_side(node);
    expect("and");
    read_other_side(node);
  } else if (take("in")) {
    node.test = Test::kIn;
    expect("(");
    do {
      read_other_side(node);
    } while (take(","));
    expect(")");
  } else if (take("contains")) {
    read_text_test(node, Test::kContains);
  } else if (take("starts")) {
    read_text_test(node, Test::kStarts);
  } else if (take("ends")) {
    read_text_test(node, Test::kEnds);
  } else {
    expected("a comparison");
  }
}

void Parser::read_text_test(Node& node, Test test) {
  node.test = test;
  if (test != Test::kContains) take("with");
  if (node.subject.kind == Operand::Kind::kStamp) return fault_at(word_.at, "'_ts' is no text");
  if (word_.kind == Word::Kind::kNumber) return expected("a text in single quotes");
  node.against.push_back(operand());
}

void Parser::read_other_side(Node& node) {
  const std::size_t at = word_.at;
  node.against.push_back(operand());
  if (node.subject.kind == Operand::Kind::kStamp) make_stamp(node.against.back(), at);
}

// What `_ts` is compared with is a time, too.
void Parser::make_stamp(Operand& operand, std::size_t at) {
  if (!operand.is_literal()) return;
  const std::optional<Timestamp> stamp = stamp_of(operand);
  if (!stamp) return fault_at(at, "'_ts' is compared with what is no time");
  operand.kind = Operand::Kind::kValue;
  operand.value = *stamp;
}

Operand Parser::operand() {
  Operand operand;
  if (word_.kind == Word::Kind::kText) {
    operand.kind = Operand::Kind::kText;
    operand.text = word_.text;
  } else if (word_.kind == Word::Kind::kNumber) {
    operand.value = word_.number;
  } else if (is_at("true") || is_at("false")) {
    operand.value = is_at("true");
  } else if (is_at("null")) {
    fault_at(word_.at, "nothing equals null: write 'is null'");
  } else if (word_.kind != Word::Kind::kName || is_reserved()) {
    expected("a field or a value");
  } else if (word_.text == "_src" || word_.text == "_seq") {
    fault_at(word_.at,
             fmt::format("of what the bus adds '_ts' alone compares, not '{}',", word_.text));
  } else if (word_.text == "_ts" && word_.element) {
    fault_at(word_.at, "'_ts' is no list");
  } else if (word_.text == "_ts") {
    operand.kind = Operand::Kind::kStamp;
  } else {
    operand.kind = Operand::Kind::kField;
    operand.text = word_.text;
    operand.element = word_.element;
    if (std::ranges::find(fields_, word_.text) == fields_.end()) fields_.push_back(word_.text);
  }
  advance();
  return operand;
}

bool Parser::is_at(std::string_view word) const {
  const bool may_be = word_.kind == Word::Kind::kSymbol || word_.kind == Word::Kind::kName;
  return may_be && !word_.has_quotes && is_same_word(word_.written, word);
}

bool Parser::is_reserved() const {
  return std::ranges::any_of(kReserved, [&](std::string_view word) { return is_at(word); });
}

bool Parser::take(std::string_view word) {
  if (!is_at(word)) return false;
  advance();
  return true;
}

void Parser::expect(std::string_view word) {
  if (!take(word)) expected(fmt::format("'{}'", word));
}

void Parser::advance() {
  Result<Word> word = fault_ ? Word{} : words_.next();
  if (!word) fault_ = word.error();
  word_ = word ? std::move(*word) : Word{};
}

void Parser::expected(const std::string& what) {
  const bool is_end = word_.kind == Word::Kind::kEnd;
  fault_at(word_.at, fmt::format("{} is expected, not {},", what,
                                 is_end ? "the end" : "'" + printable(word_.written) + "'"));
}

void Parser::fault_at(std::size_t at, const std::string& what) {
  if (!fault_) fault_ = words_.fault(at, what).value();
  advance();
}

}  // namespace zbag::expression
