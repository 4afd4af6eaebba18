// Messages in JSON, with what a JSON Schema says of their members.
//
// A member that the schema calls base64 (`contentEncoding`) is bytes, one that it calls a number is
// a float, NaN where it is null; all else is what JSON makes of it. What `export` of zbag has
// written, told by its `_ts`, is in the dialect of json_text.hpp.
#pragma once

#include <cstddef>
#include <memory>

#include "player/imports/messages/payload_decoder.hpp"

namespace zbag {

// A schema that is none says nothing.
std::unique_ptr<PayloadDecoder> json_decoder(const OriginalSchema& schema, std::size_t values_max);

}  // namespace zbag
