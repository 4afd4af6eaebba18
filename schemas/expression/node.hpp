// What an expression is once it is read: a tree of tests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schemas/expression/scalar.hpp"

namespace zbag::expression {

enum class Test : std::uint8_t {
  kEqual,
  kUnequal,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kBetween,
  kIn,
  kContains,
  kStarts,
  kEnds,
  kIsNull,
};

struct Operand {
  enum class Kind : std::uint8_t { kField, kStamp, kValue, kText };

  Kind kind = Kind::kValue;
  std::string text;                    // the field's dotted name, or a value that is a text
  std::optional<std::size_t> element;  // of a field that is a list: this one of its values
  Scalar value;                        // any other

  bool is_literal() const { return kind == Kind::kValue || kind == Kind::kText; }
};

struct Node {
  enum class Kind : std::uint8_t { kTest, kNot, kAnd, kOr };

  Kind kind = Kind::kTest;
  Test test = Test::kIsNull;
  Operand subject;               // of a test: a field or the stamp
  std::vector<Operand> against;  // one; of kBetween two, of kIn one or more, of kIsNull none
  std::vector<Node> parts;       // of kNot one, of kAnd and kOr two or more
};

}  // namespace zbag::expression
