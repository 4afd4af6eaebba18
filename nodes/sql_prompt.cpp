#include "nodes/sql_prompt.hpp"

#include <histedit.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "nodes/name_completion.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "player/query/sql_text.hpp"

namespace zbag {
namespace {

namespace fs = std::filesystem;

// Empty: there is no place for it.
std::string history_path() {
  const char* const state = std::getenv("XDG_STATE_HOME");
  const char* const home = std::getenv("HOME");
  if (state == nullptr && home == nullptr) return {};
  const fs::path folder =
      (state != nullptr ? fs::path(state) : fs::path(home) / ".local" / "state") / "zbag";
  std::error_code error;
  fs::create_directories(folder, error);
  return error ? std::string() : (folder / "sql_history").string();
}

struct EditDeleter {
  void operator()(EditLine* edit) const { el_end(edit); }
};
struct HistoryDeleter {
  void operator()(History* kept) const { history_end(kept); }
};

// As libedit counts what it deletes.
int characters_of(std::string_view text) {
  return static_cast<int>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xc0) != 0x80; }));
}

}  // namespace

Result<std::string> read_piped_query() {
  constexpr std::size_t kBytesMax = std::size_t{1} << 20;
  std::string query;
  std::array<char, 4096> part{};
  while (query.size() <= kBytesMax) {
    pollfd waiting{STDIN_FILENO, POLLIN, 0};
    const int found = poll(&waiting, 1, 100);
    if (StopSignal::wanted()) return fail(ErrorCode::kClosed, "stopped");
    if (found <= 0) continue;
    const ssize_t count = ::read(STDIN_FILENO, part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(ErrorCode::kIo, std::string("stdin: ") + std::strerror(errno));
    if (count == 0) return query;
    query.append(part.data(), static_cast<std::size_t>(count));
  }
  return fail(ErrorCode::kInvalid, "stdin: a query of more than 1 MiB");
}

struct SqlPrompt::State {
  Names names;
  std::unique_ptr<History, HistoryDeleter> past{history_init()};
  std::unique_ptr<EditLine, EditDeleter> edit{el_init("zbag", stdin, stdout, stderr)};
  std::string path = history_path();
  std::string typed;  // lines of a statement that is not ended yet
  bool is_terminal = isatty(STDIN_FILENO) == 1;
  int signals = StopSignal::count();
  bool is_stopped = false;  // by a signal, in the line at hand
  bool had_text = false;    // in that line

  static State& of(EditLine* edit) {
    void* kept = nullptr;
    el_get(edit, EL_CLIENTDATA, &kept);
    return *static_cast<State*>(kept);
  }

  static char* prompt_of(EditLine* edit) {
    static char first[] = "zbag> ";
    static char further[] = "  ... ";
    static char none[] = "";
    const State& state = of(edit);
    if (!state.is_terminal) return none;
    return state.typed.empty() ? first : further;
  }

  // A signal ends the line: libedit by itself would pass over the first.
  static int read_letter(EditLine* edit, wchar_t* letter) {
    State& state = of(edit);
    std::mbstate_t so_far{};
    while (true) {
      pollfd waiting{STDIN_FILENO, POLLIN, 0};
      const int found = poll(&waiting, 1, 100);
      if (std::exchange(state.signals, StopSignal::count()) != StopSignal::count()) {
        const LineInfo* const line = el_line(edit);
        state.is_stopped = true;
        state.had_text = line->lastchar > line->buffer;
        return -1;
      }
      if (found <= 0) continue;
      char byte = 0;
      if (::read(STDIN_FILENO, &byte, 1) != 1) return 0;
      const std::size_t taken = std::mbrtowc(letter, &byte, 1, &so_far);
      if (taken == static_cast<std::size_t>(-2)) continue;  // there is more of it
      if (taken == static_cast<std::size_t>(-1)) so_far = {};
      if (taken <= 1) return 1;
    }
  }

  static unsigned char complete_word(EditLine* edit, int) {
    const LineInfo* const line = el_line(edit);
    const std::string_view before(line->buffer,
                                  static_cast<std::size_t>(line->cursor - line->buffer));
    const NameCompletion found = complete_name(before, of(edit).names());
    if (found.names.empty()) return CC_REFRESH_BEEP;
    const std::string word(before.substr(found.begin));
    if (word != found.text) {
      if (found.text.starts_with(word))
        return el_insertstr(edit, found.text.c_str() + word.size()) == 0 ? CC_REFRESH
                                                                         : CC_REFRESH_BEEP;
      el_deletestr(edit, characters_of(word));
      return el_insertstr(edit, found.text.c_str()) == 0 ? CC_REFRESH : CC_REFRESH_BEEP;
    }
    if (found.names.size() == 1) return CC_REFRESH_BEEP;
    std::string list = "\n";
    for (const std::string& one : found.names) list += one + "  ";
    print_text(list + "\n");
    std::fflush(stdout);
    return CC_REDISPLAY;
  }

  void begin() {
    std::setlocale(LC_CTYPE, "");
    el_set(edit.get(), EL_CLIENTDATA, this);
    el_set(edit.get(), EL_PROMPT, &prompt_of);
    el_set(edit.get(), EL_EDITOR, "emacs");
    el_set(edit.get(), EL_GETCFN, &read_letter);
    // The narrow el_set() copies both texts for ever.
    el_wset(edit.get(), EL_ADDFN, L"complete-name", L"Completes a name", &complete_word);
    el_set(edit.get(), EL_BIND, "^I", "complete-name", nullptr);
    if (!is_terminal) return;
    HistEvent event;
    history(past.get(), &event, H_SETSIZE, 1'000);
    history(past.get(), &event, H_SETUNIQUE, 1);
    el_set(edit.get(), EL_HIST, &history, past.get());
    if (!path.empty()) history(past.get(), &event, H_LOAD, path.c_str());
  }

  void remember(const char* line) {
    HistEvent event;
    if (!is_terminal) return;
    history(past.get(), &event, H_ENTER, line);
    if (!path.empty()) history(past.get(), &event, H_SAVE, path.c_str());
  }
};

SqlPrompt::SqlPrompt(Names names) : state_(std::make_unique<State>()) {
  state_->names = std::move(names);
  state_->begin();
}
SqlPrompt::~SqlPrompt() = default;

std::optional<std::vector<std::string>> SqlPrompt::read() {
  State& state = *state_;
  state.signals = StopSignal::count();
  while (true) {
    int count = 0;
    state.is_stopped = false;
    const char* const line = el_gets(state.edit.get(), &count);
    if (state.is_stopped) {
      print_text("\n");
      if (state.typed.empty() && !state.had_text) return std::nullopt;
      state.typed.clear();
      continue;
    }
    const bool is_end = line == nullptr || count <= 0;
    const std::string_view text = is_end ? std::string_view() : std::string_view(line);
    const std::string_view word = text.substr(0, text.find_last_not_of(" \t\n") + 1);
    if (state.typed.empty() && (word == "quit" || word == "exit" || word == ".quit"))
      return std::nullopt;
    if (state.typed.empty() && word.starts_with('.')) {
      state.remember(line);
      return std::vector<std::string>{std::string(word)};
    }
    state.typed += text;
    SqlStatements split = split_statements(state.typed);
    if (is_end && !split.rest.empty()) split.whole.push_back(std::exchange(split.rest, {}));
    if (is_end && split.whole.empty()) return std::nullopt;
    if (text.size() > 1) state.remember(line);
    state.typed = split.rest;
    if (!split.whole.empty()) return std::move(split.whole);
  }
}

}  // namespace zbag
