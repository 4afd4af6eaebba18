// Statements of SQL as somebody types them: lines with their history, Tab completes names
// (libedit). What is no terminal is read line by line, without a prompt.
//
// One in a process. The history is kept from one to the next in sql_history below
// $XDG_STATE_HOME/zbag (~/.local/state/zbag), where that can be written.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "schemas/result.hpp"

namespace zbag {

// All of stdin, as a query. kClosed: a signal ended it; kInvalid: more than a mebibyte.
Result<std::string> read_piped_query();

class SqlPrompt {
 public:
  // All that Tab completes to, as SQL writes it.
  using Names = std::function<std::vector<std::string>()>;
  explicit SqlPrompt(Names names);
  ~SqlPrompt();
  SqlPrompt(const SqlPrompt&) = delete;
  SqlPrompt& operator=(const SqlPrompt&) = delete;

  // The next statements, each without its semicolon, or a line that begins with a dot. Ctrl-C
  // forgets what was typed. nullopt: the end (Ctrl-D, a line `quit`, `exit` or `.quit`, Ctrl-C
  // where nothing was typed).
  std::optional<std::vector<std::string>> read();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace zbag
