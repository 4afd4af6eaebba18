// Messages in Protocol Buffers, as maps.
//
// A message is a map of its fields in the order of their definition, an enum the text that names
// its value (a number that none names stays one), bytes are bin, google.protobuf.Timestamp and
// Duration integers in ns; a map has its keys as texts. A field that was not written has its
// default, or is left out where its type tells the two apart (messages, `optional`, `oneof`,
// proto2).
#pragma once

#include <cstddef>
#include <memory>

#include "player/imports/messages/payload_decoder.hpp"

namespace zbag {

// Errors as parse_descriptors().
Result<std::unique_ptr<PayloadDecoder>> protobuf_decoder(const OriginalSchema& schema,
                                                         std::size_t values_max);

}  // namespace zbag
