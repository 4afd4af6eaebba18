// What is said of tracks that a verb was to listen to and never heard.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bus/endpoints.hpp"
#include "bus/tap.hpp"

namespace zbag {

// Says in one line which patterns no track matched, and which track somebody may have meant: it
// listens half a second to all there are, unless `is_stopping`. Gives the exit code.
int show_unheard(const std::string& verb, Context& context, const BusUrls& urls,
                 const std::vector<std::string>& patterns, bool is_stopping);

// Warns where the broker of a tap has gone or is back.
void tell_broker_news(const std::string& verb, Tap& tap, const BusUrls& urls);

// What is wrong with the messages of one part that passed a tap; nullopt: none did.
std::optional<std::string> one_part_text(const Tap& tap);

// The same of a verb that goes on whatever it hears: each pattern by itself, with the nearest track
// on the bus. Asks the bus, half a second long, where a pattern is unheard; empty `url`: the verb
// hears all there is. For one thread at a time.
class UnheardPatterns {
 public:
  UnheardPatterns(std::string verb, Context& context, std::string url,
                  std::vector<std::string> tracks, std::vector<std::string> excluded)
      : verb_(std::move(verb)),
        context_(context),
        url_(std::move(url)),
        tracks_(std::move(tracks)),
        excluded_(std::move(excluded)) {}

  bool is_empty() const { return tracks_.empty() && excluded_.empty(); }
  // Warns of every pattern that none of the tracks `heard` so far matches.
  void warn_so_far(const std::vector<std::string>& heard);
  // The last word; `is_nothing`: nothing came of it all. True where that is because of a pattern of
  // --track, which is then an error: others were heard.
  bool say_last(const std::vector<std::string>& heard, bool is_nothing);

 private:
  struct Unheard {
    std::vector<std::string> tracks;  // a sentence each
    std::vector<std::string> excluded;
    bool is_silent;  // there is no track at all
  };
  Unheard find(std::vector<std::string> heard);

  std::string verb_;
  Context& context_;
  std::string url_;
  std::vector<std::string> tracks_;
  std::vector<std::string> excluded_;
  std::vector<std::string> on_bus_;  // when it was asked last
};

}  // namespace zbag
