#include "nodes/completion.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "launch/shell_line.hpp"
#include "nodes/completion_words.hpp"
#include "nodes/errors.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

// What is not ours to complete is left to readline, which quotes names of files itself.
constexpr const char* kBashScript = R"(# Completion of zbag for bash: source <(zbag completion bash)
_zbag() {
  local kind word=${COMP_WORDS[COMP_CWORD]-}
  COMPREPLY=()
  {
    read -r kind
    mapfile -t COMPREPLY
  } < <("$1" completion words bash "$COMP_WORDBREAKS" "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
  case $kind in
    words)
      compopt +o default ;;
    bags)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -o plusdirs -f -X '!*.zbag' -- "${word#[\"\']}") ;;
    folders)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -d -- "${word#[\"\']}") ;;
  esac
}
complete -o default -F _zbag zbag
)";

constexpr const char* kZshScript = R"(#compdef zbag
# Completion of zbag for zsh: source <(zbag completion zsh), behind compinit; or in a file _zbag of
# a folder in fpath.
_zbag() {
  local -a found
  found=("${(@f)$("${(Q)words[1]}" completion words zsh "${(@Q)words[2,CURRENT-1]}" \
                  "${(Q)PREFIX}" 2>/dev/null)}")
  case $found[1] in
    words) compadd -- "${(@)found[2,-1]}" ;;
    bags) compset -P '--*='; _files -g '*.zbag' ;;
    files) compset -P '--*='; _files ;;
    folders) compset -P '--*='; _files -/ ;;
  esac
}
if [[ $funcstack[1] == _zbag ]]; then _zbag "$@"; else compdef _zbag zbag; fi
)";

constexpr const char* kFishScript = R"(# Completion of zbag for fish: zbag completion fish | source
function __zbag_words
    set -l line (commandline -opc)
    set -l current (commandline -ct)
    set -l found ($line[1] completion words fish $line[2..-1] "$current" 2>/dev/null)
    switch "$found[1]"
        case words
            test (count $found) -gt 1; and printf '%s\n' $found[2..-1]
        case bags
            __fish_complete_suffix .zbag | string match -er '(\.zbag|/)(\t|$)'
        case files
            __fish_complete_path "$current"
        case folders
            __fish_complete_directories "$current"
    end
end
complete -c zbag -f -a '(__zbag_words)'
)";

const char* kind_word(Completes what) {
  switch (what) {
    case Completes::kWords:
      return "words";
    case Completes::kBags:
      return "bags";
    case Completes::kFiles:
      return "files";
    case Completes::kFolders:
      break;
  }
  return "folders";
}

// A line each is what shells are told, and none of them is told of what commands a terminal.
bool is_safe(const std::string& text) {
  return harmless(text) == text && text.find_first_of("\n\t") == std::string::npos;
}

std::string printed(const Completion& completion, bool has_help) {
  std::string out = kind_word(completion.what);
  out += '\n';
  for (const Candidate& candidate : completion.candidates) {
    if (!is_safe(candidate.word)) continue;
    out += candidate.word;
    const bool has_text = has_help && !candidate.help.empty() && is_safe(candidate.help);
    if (has_text) out += '\t' + candidate.help;
    out += '\n';
  }
  return out;
}

// bash puts in what it is told as it is: quoted here, and without what it leaves standing.
std::string printed_for_bash(const Verbs& verbs, const std::string& breaks,
                             const std::string& text) {
  ShellLine line = read_shell_line(text, nullptr, breaks);
  if (!line.ends_in_word) line.words.emplace_back();
  line.words.erase(line.words.begin());  // zbag
  Completion completion = complete(verbs, line.words);
  if (line.words.empty()) return {};
  const std::string& begun = line.words.back();
  std::vector<Candidate> fitting;
  for (const Candidate& candidate : completion.candidates) {
    if (!candidate.word.starts_with(begun)) continue;
    const std::optional<std::string> escaped =
        shell_escaped(candidate.word.substr(line.kept), line.open);
    if (escaped) fitting.push_back({*escaped, ""});
  }
  completion.candidates = std::move(fitting);
  return printed(completion, false);
}

}  // namespace

bool is_completion_request(const std::vector<std::string>& words) {
  return words.size() > 2 && words[0] == "completion" && words[1] == "words";
}

int print_completions(const Verbs& verbs, const std::vector<std::string>& words) {
  const std::string& shell = words[2];
  std::string text;
  if (shell == "bash") {
    if (words.size() == 5) text = printed_for_bash(verbs, words[3], words[4]);
  } else {
    text = printed(complete(verbs, {words.begin() + 3, words.end()}), shell == "fish");
  }
  fmt::print("{}", text);
  return kExitDone;
}

Verb add_completion(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(
      root, "completion", "Prints a script with which bash, zsh or fish complete words",
      "source <(zbag completion bash)");
  auto script = std::make_shared<std::string>();
  options
      ->add("SHELL", *script,
            option_type::one_of<std::string>(
                "SHELL", {{"bash", kBashScript}, {"zsh", kZshScript}, {"fish", kFishScript}}),
            "bash: source <(zbag completion bash); zsh: the same, behind compinit; fish: zbag "
            "completion fish | source")
      .required();
  return {std::move(options), [script] {
            fmt::print("{}", *script);
            return kExitDone;
          }};
}

}  // namespace zbag
