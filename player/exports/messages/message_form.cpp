#include "player/exports/messages/message_form.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "player/exports/messages/message_walk.hpp"
#include "schemas/check.hpp"

namespace zbag {
namespace {

using Node = MessageForm::Node;
using Reading = MessageForm::Reading;

constexpr std::string_view kWholePoint = ".";
constexpr std::string_view kZipped = "*";

struct ReadingName {
  std::string_view name;
  Reading reading;
};
constexpr std::array kReadings{
    ReadingName{"yaw", Reading::kYaw},           ReadingName{"picture", Reading::kPicture},
    ReadingName{"level", Reading::kLevel},       ReadingName{"ros_level", Reading::kRosLevel},
    ReadingName{"packed", Reading::kPackedType},
};

// A field of the kind, or what such fields begin with.
struct Role {
  std::string field;
  Reading reading = Reading::kPlain;

  Role of(const std::string& member) const {
    return {field.empty() ? member : field + "." + member, Reading::kPlain};
  }
};

Role role_of(std::string_view word) {
  const std::size_t at = word.find('(');
  if (at == std::string_view::npos) return {std::string(word)};
  const std::string_view name = word.substr(0, at);
  const auto* const found = std::find_if(kReadings.begin(), kReadings.end(),
                                         [&](const ReadingName& one) { return one.name == name; });
  ZBAG_CHECK(found != kReadings.end());
  return {std::string(word.substr(at + 1, word.size() - at - 2)), found->reading};
}

// What `words` say of the member `path`, in order.
std::vector<std::string_view> words_of(std::string_view words, std::string_view path) {
  std::vector<std::string_view> found;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    const std::string_view word = words.substr(0, end);
    const std::size_t at = word.find('=');
    if (word.substr(0, at) == path) found.push_back(word.substr(at + 1));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return found;
}

class NodeMaker {
 public:
  NodeMaker(std::string_view words, std::span<const FieldAlias> aliases)
      : words_(words), aliases_(aliases) {}

  // Of a message that is found as one of `roles`, and called `path`.
  std::vector<Node> nodes_of(const MessageType& type, const std::string& path,
                             const std::vector<Role>& roles) const {
    std::vector<Node> nodes;
    for (const MessageMember& member : type.members) {
      Node node{.member = &member, .path = path.empty() ? member.name : path + "." + member.name};
      std::vector<Role> own;
      for (const std::string_view word : words_of(words_, node.path)) {
        node.is_whole_point |= word == kWholePoint;
        node.is_zipped |= word == kZipped;
        if (word != kWholePoint && word != kZipped) own.push_back(role_of(word));
      }
      for (const Role& role : roles) own.push_back(role.of(member.name));
      for (const Role& role : own) add_sources(role, node);
      // What a list holds is looked for in its elements.
      if (member.is_list()) own = {Role{}};
      if (member.type != nullptr) node.members = nodes_of(*member.type, node.path, own);
      nodes.push_back(std::move(node));
    }
    return nodes;
  }

 private:
  void add_sources(const Role& role, Node& node) const {
    node.sources.push_back({split_field(role.field), role.reading});
    for (const FieldAlias& alias : aliases_) {
      if (alias.field == role.field)
        node.sources.push_back({split_field(alias.name), role.reading, alias.factor});
    }
  }

  std::string_view words_;
  std::span<const FieldAlias> aliases_;
};

// Where in a point the members may be.
void find_places(const std::vector<Node>& nodes, std::set<FieldNames>& found) {
  for (const Node& node : nodes) {
    for (const MessageForm::Source& source : node.sources) found.insert(source.names);
    const bool is_in_point = node.is_whole_point || node.is_zipped || !node.member->is_list();
    if (is_in_point) find_places(node.members, found);
  }
}

}  // namespace

MessageForm::MessageForm(const MessageTypes& types, const KindMessage& kind,
                         std::span<const FieldAlias> aliases)
    : type_(types.at(kind.message)),
      members_(NodeMaker(kind.sources, aliases).nodes_of(type_, {}, {Role{}})) {
  find_places(members_, taken_);
  for (const FieldNames& names : taken_) claimed_.insert(names.front());
  for (const MessageMember& member : type_.members) claimed_.insert(member.name);
}

Status MessageForm::write(std::span<const std::uint8_t> map, std::int64_t time_ns,
                          MessageSink& sink) const {
  return MessageWalk(time_ns, sink).write(members_, map);
}

const KindMessage* find_kind_message(std::span<const KindMessage> messages, std::string_view kind) {
  const auto found = std::find_if(messages.begin(), messages.end(),
                                  [&](const KindMessage& one) { return one.kind == kind; });
  return found == messages.end() ? nullptr : &*found;
}

}  // namespace zbag
