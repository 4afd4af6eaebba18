// The walk through a message's members that takes each from a point's fields; of message_form.cpp.
#pragma once

#include <cstdint>
#include <vector>

#include "player/exports/messages/field_value.hpp"
#include "player/exports/messages/message_form.hpp"
#include "player/exports/messages/message_sink.hpp"
#include "schemas/result.hpp"

namespace zbag {

class MessageWalk {
 public:
  using Item = field_value::Item;
  using Node = MessageForm::Node;
  using Nodes = std::vector<Node>;

  MessageWalk(std::int64_t time_ns, MessageSink& sink) : time_ns_(time_ns), sink_(sink) {}

  // `point`: what the members are looked for in, a point or an element of a list.
  Status write(const Nodes& nodes, Item point);

 private:
  // A value, and the source it is of.
  struct Found {
    Item value;
    const MessageForm::Source* source = nullptr;
  };
  static Found find(const Node& node, Item point);
  // Whether the point has anything of it.
  static bool has(const Node& node, Item point);
  // Of one among `nodes`.
  static Item find_named(const Nodes& nodes, const char* name, Item point);

  Status write_member(const Node& node, const Nodes& siblings, Item point);
  Status write_message(const Node& node, Item point);
  Status write_positions(const Node& node, Item list);
  void write_turn(const Nodes& quaternion, double yaw);
  Status write_list(const Node& node, const Nodes& siblings, Item point);
  Status write_messages(const Node& node, Item point);
  Status write_zipped(const Node& node, Item point);
  Status write_bytes(const Node& node, Item value);
  Status write_scalar(const Node& node, const Found& found);
  Status write_int(const Node& node, const Found& found);
  void write_absent(const Node& node, const Nodes& siblings, Item point);
  void write_absent_list(const Node& node, const Nodes& siblings, Item point);
  static double absent_number(const Node& node, const Nodes& siblings, Item point);

  const std::int64_t time_ns_;
  MessageSink& sink_;
};

}  // namespace zbag
