// The JSON document that `export --format json` writes, taken apart as it comes:
//
//   {"entries":[ROW,...],"count":n}                                   of one track
//   {"tracks":{"imu":{"entries":[ROW,...],"count":n},...}}            of several
//
// Looks at brackets, quotes and what is among rows: what a row holds is read by who gets it. Not
// thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace zbag {

class RowsDocument {
 public:
  struct Piece {
    bool is_row;            // or the name of the track whose rows come next, in its quotes
    std::string_view text;  // of what was given
    std::size_t size;       // of what was given is done with
  };

  // nullopt: `text` begins as no such document.
  static std::optional<RowsDocument> begun(std::string_view text);
  // The same of a file.
  static bool is_begun_in(const std::string& path);

  // The next piece of `text`, which goes on behind the piece before; nullopt: more is needed, and
  // what was given has to be given again in front of it.
  std::optional<Piece> next(std::string_view text);
  // Something stands among the rows, or behind the end, that is none: next() gives no more.
  bool has_foreign() const { return has_foreign_; }
  // It has ended where it should.
  bool is_whole() const { return depth_ == 0; }

 private:
  explicit RowsDocument(std::size_t depth_of_rows) : depth_of_rows_(depth_of_rows) {}

  bool is_foreign(char c) const;
  bool is_name(std::size_t depth) const { return depth_of_rows_ > 3 && depth == 2; }

  std::size_t depth_of_rows_;  // how many brackets are open within one
  std::size_t depth_ = 0;
  bool has_ended_ = false;
  // Of what is given again.
  std::size_t at_ = 0;
  std::size_t begin_ = 0;
  bool in_text_ = false;
  bool has_foreign_ = false;
};

}  // namespace zbag
