// A picture of numbers, described; gnuplot.hpp draws it. Its texts may be those of strangers.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace zbag {

struct ChartPoint {
  double x = 0.0;
  double y = 0.0;  // NaN or infinite: a line is broken here

  static constexpr ChartPoint gap() { return {0.0, std::numeric_limits<double>::quiet_NaN()}; }
};

struct ChartSeries {
  enum class Kind : std::uint8_t {
    kLine,      // what stands alone between two gaps is a dot
    kSteps,     // the same of what holds until the next says otherwise: a state, a count
    kBackdrop,  // a faint line behind the others
    kDashed,    // a line beside the data: a mean, a fit
    kDots,      // small and many
    kMarks,     // few, to be seen
    kBars,      // from 0 to y, side by side; `bar_width` wide
  };

  std::string title;  // in the legend; empty: it has no place there
  Kind kind = Kind::kLine;
  std::vector<ChartPoint> points;
  double bar_width = 0.0;
  std::size_t colour = 0;  // any number: colours are few and come again
};

// Panels stand above each other over one axis.
struct ChartPanel {
  std::string title;
  std::string y_label;
  std::vector<ChartSeries> series;
};

struct Chart {
  std::string title;
  std::string x_label;
  std::vector<ChartPanel> panels;
  // Names of whole x from 0 on, where it has no numbers.
  std::vector<std::string> x_names;
  // Where the axis begins and ends; equal: as the points have it.
  double x_first = 0.0;
  double x_last = 0.0;
};

}  // namespace zbag
