// Messages of any encoding that recordings hold, as maps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "schemas/kinds/original_schema.hpp"
#include "schemas/result.hpp"

namespace zbag {

class PayloadDecoder {
 public:
  virtual ~PayloadDecoder() = default;
  // Replaces `map` by the message as a MessagePack map. `stamp_ns` is the message's own time, or
  // nullopt: then the map need not be of trusted form. kInvalid, kUnsupported: this message is none
  // that can be read.
  virtual Status decode(std::span<const std::uint8_t> message, std::string& map,
                        std::optional<std::int64_t>& stamp_ns) = 0;
  // What messages so far have had that the schema does not speak of, and that is left out:
  // "fields"; "": nothing.
  virtual std::string passed_over() const { return {}; }
};

// For messages of that schema, of `values_max` values at most. kUnsupported, kInvalid: the encoding
// or its schema can not be read; raw_decoder() keeps what comes as it is.
Result<std::unique_ptr<PayloadDecoder>> make_decoder(const OriginalSchema& schema,
                                                     std::size_t values_max);

// {data: bin}.
std::unique_ptr<PayloadDecoder> raw_decoder();

}  // namespace zbag
