// Charts drawn by gnuplot, as a program beside us: no shell, no file but memory, no settings of the
// user's. Names of strangers are quoted so that gnuplot reads nothing in them but text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "player/exports/output_file.hpp"
#include "player/query/plot/chart.hpp"
#include "schemas/result.hpp"

namespace zbag {

enum class PictureFormat : std::uint8_t { kSvg, kPng };
// By the end of the name; kInvalid: it is neither of them.
Result<PictureFormat> picture_format(const std::string& path);
// That a picture may be made at `path`, for who has much to do before: kInvalid, kExists.
Status check_picture(const std::string& path, Existing existing = Existing::kStays);

// What gnuplot is told to draw.
std::string gnuplot_script(const Chart& chart, PictureFormat format);
// `text`, as messages have it (printable()), so that gnuplot reads it back: every byte but letters
// and blanks is escaped. Digits are, too: they would be read as part of what is escaped before.
std::string gnuplot_text(std::string_view text);

// The picture's bytes. Blocks while it is drawn. kNotFound: there is no gnuplot; kIo: it failed.
Result<std::string> draw_chart(const Chart& chart, PictureFormat format);

// draw_chart() into a file that is whole when it has its name. Errors of OutputFile, too.
Status write_chart(const Chart& chart, const std::string& path,
                   Existing existing = Existing::kStays);

}  // namespace zbag
