// Words to a tree of tests.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/expression/node.hpp"
#include "schemas/expression/words.hpp"
#include "schemas/result.hpp"

namespace zbag::expression {

// A function a rule of the grammar. The first fault is kept; from then on the words are at their
// end, so that every rule ends soon, and what it gives is thrown away by parse().
//
// One use, one parse(). `text` is lent.
class Parser {
 public:
  Parser(std::string_view text, std::size_t from, int depth_max)
      : words_(text, from), depth_max_(depth_max) {}

  // All that is there, to its end. kInvalid says what was expected at which character.
  Result<Node> parse();
  // The fields that were named, each once.
  const std::vector<std::string>& fields() const { return fields_; }

 private:
  Node either();
  Node both();
  Node chain(Node::Kind kind, std::string_view word, Node (Parser::*part)());
  Node single();
  Node within(Node (Parser::*part)());
  Node test();

  void read_comparison(Node& node, std::size_t at);
  void read_named_test(Node& node);
  void read_text_test(Node& node, Test test);
  void read_other_side(Node& node);
  void make_stamp(Operand& operand, std::size_t at);
  Operand operand();

  bool is_at(std::string_view word) const;
  bool is_reserved() const;
  bool take(std::string_view word);  // whether it was there
  void expect(std::string_view word);
  void advance();
  void expected(const std::string& what);
  void fault_at(std::size_t at, const std::string& what);

  Words words_;
  const int depth_max_;
  int depth_ = 0;
  Word word_;
  std::vector<std::string> fields_;
  std::optional<Error> fault_;
};

}  // namespace zbag::expression
