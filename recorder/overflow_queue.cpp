#include "recorder/overflow_queue.hpp"

namespace zbag {
namespace {

// How long a blocked push waits before it asks whether waiting is of any use.
constexpr std::chrono::milliseconds kBlockedWait{50};

using Tracks = std::vector<std::pair<std::uint32_t, std::string>>;

// Puts them before those of `to`: they were named first.
void move_tracks(Tracks& from, Tracks& to) {
  to.insert(to.begin(), from.begin(), from.end());
  from.clear();
}

}  // namespace

OverflowQueue::OverflowQueue(std::size_t bytes_max, Overflow policy, Dropped dropped,
                             IsUseless is_useless)
    : bytes_max_(bytes_max),
      policy_(policy),
      dropped_(std::move(dropped)),
      is_useless_(std::move(is_useless)),
      queue_(bytes_max) {}

void OverflowQueue::push(Parcel parcel) {
  move_tracks(homeless_tracks_, parcel.chunk.new_tracks);
  const std::size_t weight = parcel.chunk.weight();
  const bool must_arrive = parcel.ticket > 0 || parcel.is_last;
  if (must_arrive) {
    queue_.force_push(parcel, weight);
    return;
  }
  const bool blocks = policy_ == Overflow::kBlock;
  while (!queue_.push_for(parcel, weight, blocks ? kBlockedWait : std::chrono::milliseconds(0))) {
    if (blocks && !is_useless_()) continue;
    // News alone can wait for the next chunk: no points may go for them.
    const bool is_news = parcel.chunk.arrivals.empty();
    const bool drops_oldest = policy_ == Overflow::kDropOldest && !is_news;
    if (drops_oldest && queue_.is_empty()) {
      // All the memory is in the writer's hands. The newest chunk waits on top of it: the next one
      // finds it as the oldest.
      queue_.force_push(parcel, weight);
      return;
    }
    if (!drops_oldest || !drop_oldest()) {
      dropped_(std::move(parcel.chunk));
      return;
    }
    move_tracks(homeless_tracks_, parcel.chunk.new_tracks);
  }
}

// Never a request.
bool OverflowQueue::drop_oldest() {
  std::optional<Parcel> oldest =
      queue_.drop_oldest([](const Parcel& held) { return held.ticket == 0; },
                         [](Parcel& gone, Parcel& heir) {
                           move_tracks(gone.chunk.new_tracks, heir.chunk.new_tracks);
                         });
  if (!oldest) return false;
  move_tracks(oldest->chunk.new_tracks, homeless_tracks_);
  dropped_(std::move(oldest->chunk));
  return true;
}

}  // namespace zbag
