#include "player/query/plot/gnuplot.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <span>

#include "player/exports/output_file.hpp"
#include "recorder/bag/pages/file_descriptor.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr int kWidth = 1'200;  // pixels
constexpr int kPanelHeight = 300;
constexpr int kMarginHeight = 110;  // the title and the axis below
constexpr int kHeightMax = 8'000;
constexpr std::size_t kLettersAcross = 130;  // that stand side by side
// Few vertices are marked, so that one sees where the points are.
constexpr std::size_t kMarkedMax = 80;
// Told apart by people who see colours differently, too (Okabe and Ito).
constexpr std::array kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                 "#e69f00", "#56b4e9", "#000000"};
constexpr const char* kFaint = "#b8bcc2";

void add_vertices(const std::vector<ChartPoint>& points, std::string& script) {
  bool is_broken = true;
  for (const ChartPoint& point : points) {
    const bool is_gap = !std::isfinite(point.y);
    if (is_gap && !is_broken) script += '\n';
    if (!is_gap) fmt::format_to(std::back_inserter(script), "{} {}\n", point.x, point.y);
    is_broken = is_gap;
  }
}

// Those with a gap, or nothing, on both sides, of which a line shows nothing.
std::vector<ChartPoint> lone_points(const std::vector<ChartPoint>& points) {
  std::vector<ChartPoint> lone;
  const auto is_gap = [&](std::size_t i) {
    return i >= points.size() || !std::isfinite(points[i].y);
  };
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!is_gap(i) && (i == 0 || is_gap(i - 1)) && is_gap(i + 1)) lone.push_back(points[i]);
  }
  return lone;
}

// The data of a panel as blocks, and what `plot` is told of them.
class PanelScript {
 public:
  PanelScript(std::size_t panel, std::string& script) : panel_(panel), script_(script) {}

  void add(const ChartSeries& series) {
    const char* const colour = kColours[series.colour % kColours.size()];
    const std::string title =
        series.title.empty() ? "notitle" : "title " + gnuplot_text(series.title);
    switch (series.kind) {
      case ChartSeries::Kind::kLine:
      case ChartSeries::Kind::kSteps:
        add_line(series, colour, title);
        break;
      case ChartSeries::Kind::kDots:
        element(series.points, "points pt 7 ps 0.35", "", colour, title);
        break;
      case ChartSeries::Kind::kMarks:
        element(series.points, "points pt 7 ps 0.8", "", colour, title);
        break;
      case ChartSeries::Kind::kBackdrop:
        element(series.points, "lines", "lw 1", kFaint, title);
        break;
      case ChartSeries::Kind::kDashed:
        element(series.points, "lines dt 2", "lw 1.5", colour, title);
        break;
      case ChartSeries::Kind::kBars:
        fmt::format_to(std::back_inserter(script_), "set boxwidth {} absolute\n", series.bar_width);
        element(series.points, "boxes fs solid 0.7 border", "lw 1", colour, title);
        break;
    }
  }

  // Where there is nothing to draw, something that lies outside: the other panels' range holds.
  void plot() {
    script_ +=
        elements_.empty() ? "set yrange [0:1]\nplot -1 notitle\n" : "plot " + elements_ + "\n";
  }

 private:
  void add_line(const ChartSeries& series, const char* colour, const std::string& title) {
    const bool has_steps = series.kind == ChartSeries::Kind::kSteps;
    const bool is_marked = series.points.size() <= kMarkedMax;
    // Where the colours are used up, dashes tell the next from those before.
    const char* const width = series.colour < kColours.size() ? "lw 1.5" : "lw 1.5 dt 4";
    const char* const line = has_steps ? "steps" : "lines";
    element(series.points, is_marked && !has_steps ? "linespoints pt 7 ps 0.5" : line, width,
            colour, title);
    if (is_marked && has_steps) element(series.points, "points pt 7 ps 0.5", "", colour, "notitle");
    if (!is_marked)
      element(lone_points(series.points), "points pt 7 ps 0.3", "", colour, "notitle");
  }

  void element(const std::vector<ChartPoint>& points, const char* with, const char* width,
               const char* colour, const std::string& title) {
    const bool has_points = std::any_of(points.begin(), points.end(),
                                        [](auto& point) { return std::isfinite(point.y); });
    if (!has_points) return;
    const std::string block = fmt::format("$data_{}_{}", panel_, blocks_++);
    script_ += block + " << END_OF_DATA\n";
    add_vertices(points, script_);
    script_ += "END_OF_DATA\n";
    if (!elements_.empty()) elements_ += ", ";
    fmt::format_to(std::back_inserter(elements_), "{} with {} {} lc rgb '{}' {}", block, with,
                   width, colour, title);
  }

  std::size_t panel_;
  std::string& script_;
  std::string elements_;
  std::size_t blocks_ = 0;
};

void add_axis(const Chart& chart, std::string& script) {
  if (chart.x_first < chart.x_last)
    fmt::format_to(std::back_inserter(script), "set xrange [{}:{}]\n", chart.x_first, chart.x_last);
  if (chart.x_names.empty()) return;
  std::size_t letters = 0;
  for (const std::string& name : chart.x_names) letters += printable(name).size() + 2;
  script += fmt::format("set xtics nomirror {} (",
                        letters > kLettersAcross ? "rotate by -30" : "norotate");
  for (std::size_t i = 0; i < chart.x_names.size(); ++i)
    fmt::format_to(std::back_inserter(script), "{}{} {}", i > 0 ? ", " : "",
                   gnuplot_text(chart.x_names[i]), i);
  script += ")\n";
}

// Title and legend above a panel: in one row, or the title above the rows of the legend.
void add_heading(const ChartPanel& panel, std::string& script) {
  constexpr std::size_t kSample = 8;  // what is drawn beside a name, in letters
  std::size_t names = 0;
  std::size_t widest = 0;
  for (const ChartSeries& series : panel.series) {
    names += series.title.empty() ? 0 : 1;
    widest = std::max(widest, printable(series.title).size() + kSample);
  }
  const std::size_t columns = std::max<std::size_t>(1, kLettersAcross / std::max(widest, kSample));
  const std::size_t rows = (names + columns - 1) / columns;
  const bool fits_beside = printable(panel.title).size() + names * widest <= kLettersAcross;
  const std::size_t above = fits_beside ? 0 : rows;
  fmt::format_to(std::back_inserter(script),
                 "set tmargin {}\nset label 1 {} at graph 0,1 left offset 0,{}\nset ylabel {}\n",
                 1.5 + static_cast<double>(fits_beside ? 1 : rows + 1), gnuplot_text(panel.title),
                 0.7 + static_cast<double>(above), gnuplot_text(panel.y_label));
  const bool has_bars = std::any_of(panel.series.begin(), panel.series.end(), [](const auto& one) {
    return one.kind == ChartSeries::Kind::kBars;
  });
  script += has_bars ? "set yrange [0:*]\nset offsets 0, 0, graph 0.05, 0\n"
                     : "set yrange [*:*]\nset offsets 0, 0, graph 0.05, graph 0.05\n";
}

// A file in memory that no other program sees.
FileDescriptor memory_file(const char* name) {
  return FileDescriptor(::memfd_create(name, MFD_CLOEXEC));
}

Status write_whole(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno != EINTR)
      return fail(ErrorCode::kIo, fmt::format("gnuplot: {}", std::strerror(errno)));
    text.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
  }
  return {};
}

std::string read_whole(int fd) {
  const off_t size = ::lseek(fd, 0, SEEK_END);
  std::string text(static_cast<std::size_t>(std::max<off_t>(0, size)), '\0');
  std::size_t at = 0;
  while (at < text.size()) {
    const ssize_t got = ::pread(fd, text.data() + at, text.size() - at, static_cast<off_t>(at));
    if (got == 0 || (got < 0 && errno != EINTR)) break;
    at += got < 0 ? 0 : static_cast<std::size_t>(got);
  }
  text.resize(at);
  return text;
}

// Runs gnuplot with these as its files; gives how it ended.
Result<int> run_gnuplot(std::array<int, 3> files) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  for (int i = 0; i < 3; ++i)
    ::posix_spawn_file_actions_adddup2(&actions, files[static_cast<std::size_t>(i)], i);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t usual;
  ::sigemptyset(&usual);
  for (const int number : {SIGPIPE, SIGXFSZ}) ::sigaddset(&usual, number);
  ::posix_spawnattr_setsigdefault(&attributes, &usual);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  std::array<std::string, 3> words = {"gnuplot", "--default-settings", "-"};
  std::array<char*, 4> argv = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  pid_t pid = -1;
  const int code = ::posix_spawnp(&pid, "gnuplot", &actions, &attributes, argv.data(), ::environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (code == ENOENT)
    return fail(ErrorCode::kNotFound,
                "gnuplot, which draws, is not installed: apt-get install gnuplot-nox");
  if (code != 0) return fail(ErrorCode::kIo, fmt::format("gnuplot: {}", std::strerror(code)));
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

// The line of what gnuplot has said that says most: behind its pointer to the place.
std::string complaint(const std::string& text) {
  std::string last;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = std::string_view(text).substr(at, end - at);
    if (line.find_first_not_of(" ^") != std::string_view::npos) last = line;
    at = end + 1;
  }
  return last.empty() ? "it gave no picture" : printable(last);
}

}  // namespace

Result<PictureFormat> picture_format(const std::string& path) {
  if (path.ends_with(".svg")) return PictureFormat::kSvg;
  if (path.ends_with(".png")) return PictureFormat::kPng;
  return fail(ErrorCode::kInvalid,
              fmt::format("{}: a picture is an .svg or a .png: name one", printable(path)));
}

Status check_picture(const std::string& path, Existing existing) {
  if (const auto format = picture_format(path); !format) return tl::unexpected(format.error());
  return check_output_file(path, existing);
}

std::string gnuplot_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char letter : printable(text)) {
    const bool is_plain =
        (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter == ' ';
    if (is_plain)
      quoted += letter;
    else
      fmt::format_to(std::back_inserter(quoted), "\\{:03o}", static_cast<unsigned char>(letter));
  }
  return quoted + '"';
}

std::string gnuplot_script(const Chart& chart, PictureFormat format) {
  const auto panels = static_cast<int>(chart.panels.size());
  const int height = std::min(kHeightMax, kMarginHeight + std::max(1, panels) * kPanelHeight);
  std::string script = fmt::format(
      "set terminal {} size {},{} font 'DejaVu Sans,{}' noenhanced background rgb '#ffffff'\n"
      "set encoding utf8\n"
      "set border 3 lc rgb '#606060'\nset tics nomirror\nset grid lc rgb '#d8d8d8' lt 1 lw 0.6\n"
      "set lmargin 13\nset rmargin 3\nset bmargin 2.2\n"
      "set key at graph 1, graph 1.01 right bottom horizontal Left reverse samplen 2\n"
      "set multiplot layout {},1 title {}\n",
      format == PictureFormat::kSvg ? "svg" : "pngcairo", kWidth, height,
      format == PictureFormat::kSvg ? 13 : 11, std::max(1, panels), gnuplot_text(chart.title));
  add_axis(chart, script);
  for (std::size_t i = 0; i < chart.panels.size(); ++i) {
    const ChartPanel& panel = chart.panels[i];
    if (i + 1 == chart.panels.size() && !chart.x_label.empty())
      script += "set bmargin 3.5\nset xlabel " + gnuplot_text(chart.x_label) + "\n";
    add_heading(panel, script);
    PanelScript lines(i, script);
    for (const ChartSeries& series : panel.series) lines.add(series);
    lines.plot();
  }
  return script + "unset multiplot\n";
}

Result<std::string> draw_chart(const Chart& chart, PictureFormat format) {
  const FileDescriptor script = memory_file("zbag-script");
  const FileDescriptor picture = memory_file("zbag-picture");
  const FileDescriptor said = memory_file("zbag-gnuplot");
  if (script.get() < 0 || picture.get() < 0 || said.get() < 0)
    return fail(ErrorCode::kIo, fmt::format("gnuplot: {}", std::strerror(errno)));
  if (Status written = write_whole(script.get(), gnuplot_script(chart, format)); !written)
    return tl::unexpected(written.error());
  ::lseek(script.get(), 0, SEEK_SET);
  const Result<int> status = run_gnuplot({script.get(), picture.get(), said.get()});
  if (!status) return tl::unexpected(status.error());
  std::string drawn = read_whole(picture.get());
  if (*status != 0 || drawn.empty())
    return fail(ErrorCode::kIo, "gnuplot: " + complaint(read_whole(said.get())));
  return drawn;
}

Status write_chart(const Chart& chart, const std::string& path, Existing existing) {
  const Result<PictureFormat> format = picture_format(path);
  if (!format) return tl::unexpected(format.error());
  // Made before anything is drawn: that it exists is told at once.
  Result<OutputFile> file = OutputFile::create(path, existing);
  if (!file) return tl::unexpected(file.error());
  const Result<std::string> drawn = draw_chart(chart, *format);
  if (!drawn) return tl::unexpected(drawn.error());
  if (Status done = file->write(*drawn); !done) return done;
  if (Status done = file->finish(); !done) return done;
  return file->publish();
}

}  // namespace zbag
