#include "schemas/timings/phase_timer.hpp"

#include <algorithm>

namespace zbag {
namespace {

double seconds_of(std::chrono::nanoseconds span) {
  return std::chrono::duration<double>(span).count();
}

}  // namespace

PhaseTimer::PhaseTimer(std::vector<std::string> phases, std::string agent, Now now)
    : agent_(std::move(agent)), now_(now), since_(now()) {
  for (std::string& name : phases) entries_.push_back({.name = std::move(name)});
}

// A handful of names: looking through them is quicker than any map.
std::size_t PhaseTimer::place_of(std::string_view name) {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].name == name) return i;
  }
  entries_.push_back({.name = std::string(name)});
  return entries_.size() - 1;
}

void PhaseTimer::settle() {
  const Time now = now_();
  if (!running_.empty()) entries_[running_.back()].spent += now - since_;
  since_ = now;
}

PhaseTimer::Phase PhaseTimer::phase(std::string_view name) { return enter(place_of(name)); }

// One that runs further out goes on there, and is held once more.
PhaseTimer::Phase PhaseTimer::enter(std::size_t place) {
  if (entries_[place].open++ == 0) {
    settle();
    running_.push_back(place);
  }
  return {this, place};
}

void PhaseTimer::leave(std::size_t place) {
  if (--entries_[place].open > 0) return;
  settle();
  std::erase(running_, place);
}

void PhaseTimer::give(std::string_view name, std::chrono::nanoseconds span) {
  if (running_.empty()) return;
  settle();
  const std::size_t to = place_of(name);
  Entry& from = entries_[running_.back()];
  span = std::clamp(span, Span(0), from.spent);
  from.spent -= span;
  entries_[to].spent += span;
}

std::vector<PhaseTiming> PhaseTimer::timings() const {
  const Time now = now_();
  std::vector<PhaseTiming> timings;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    const bool runs = !running_.empty() && running_.back() == i;
    PhaseTiming& timing = timings.emplace_back();
    timing.name = entry.name;
    timing.total_seconds = seconds_of(entry.spent + (runs ? now - since_ : Span(0)));
    for (const auto& [name, span] : entry.parts)
      timing.breakdown.emplace_back(name + "_seconds", seconds_of(span));
    if (!agent_.empty()) timing.agents = {agent_};
  }
  return timings;
}

PhaseTimer::Phase::~Phase() {
  if (timer_ != nullptr) timer_->leave(place_);
}

PhaseTimer::Lap PhaseTimer::Phase::lap(std::string_view name) const {
  if (timer_ == nullptr) return {Phase(), 0, Span(0)};
  timer_->settle();
  auto& parts = timer_->entries_[place_].parts;
  const auto found = std::ranges::find(parts, name, &std::pair<std::string, Span>::first);
  const auto part = static_cast<std::size_t>(found - parts.begin());
  if (found == parts.end()) parts.emplace_back(name, Span(0));
  const Span spent = timer_->entries_[place_].spent;
  return {timer_->enter(place_), part, spent};
}

PhaseTimer::Lap::~Lap() {
  if (phase_.timer_ == nullptr) return;
  phase_.timer_->settle();
  Entry& entry = phase_.timer_->entries_[phase_.place_];
  entry.parts[part_].second += entry.spent - began_;
}

}  // namespace zbag
