// The sensors of a small demonstration robot, each a process of its own: imu (200 Hz), joints
// (100 Hz), laser (10 Hz) and camera (15 Hz, JPEG frames of a disc that moves).
//
//   demo_sensor imu [--publish-to URL]

#include <fmt/format.h>
#include <jpeglib.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <functional>
#include <numbers>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bus/session/session.hpp"

namespace zbag {
namespace {

std::atomic<bool> stopping{false};
void on_signal(int) { stopping.store(true); }

constexpr double kTurn = 2.0 * std::numbers::pi;

// The robot drives a circle of 2 m in 20 s.
double heading(double t) { return kTurn * t / 20.0; }

Status publish_imu(Session& session, double t) {
  Result<Track> imu = session.track("robot/imu");
  if (!imu) return tl::unexpected(imu.error());
  const double sway = std::sin(kTurn * 1.7 * t);
  return imu->append({{"ax", -0.02 * sway},
                      {"ay", 0.1974 + 0.05 * sway},
                      {"az", 9.81 + 0.1 * std::sin(kTurn * 11.0 * t)},
                      {"gx", 0.01 * sway},
                      {"gy", 0.012 * std::cos(kTurn * 1.7 * t)},
                      {"gz", kTurn / 20.0}});
}

Status publish_joints(Session& session, double t) {
  Result<Track> joints = session.track("robot/joints");
  if (!joints) return tl::unexpected(joints.error());
  std::vector<double> q;
  std::vector<double> v;
  for (int i = 0; i < 6; ++i) {
    const double w = kTurn * (0.2 + 0.05 * i);
    q.push_back(0.6 * std::sin(w * t));
    v.push_back(0.6 * w * std::cos(w * t));
  }
  return joints->append({{"position", q}, {"velocity", v}});
}

// What a laser scanner sees from the circle's inside: the walls of an 8 m x 6 m room.
Status publish_laser(Session& session, double t) {
  Result<Track> laser = session.track("laser/front");
  if (!laser) return tl::unexpected(laser.error());
  const double x = 2.0 * std::cos(heading(t));
  const double y = 2.0 * std::sin(heading(t));
  std::vector<double> ranges;
  for (int i = 0; i < 181; ++i) {
    const double beam = heading(t) + (i - 90) * std::numbers::pi / 180.0;
    const double to_x =
        std::cos(beam) > 0 ? (4.0 - x) / std::cos(beam) : (-4.0 - x) / std::cos(beam);
    const double to_y =
        std::sin(beam) > 0 ? (3.0 - y) / std::sin(beam) : (-3.0 - y) / std::sin(beam);
    ranges.push_back(std::round(std::min(to_x, to_y) * 1000.0) / 1000.0);
  }
  return laser->append({{"angle_min", -std::numbers::pi / 2},
                        {"angle_max", std::numbers::pi / 2},
                        {"ranges", ranges}});
}

constexpr int kWidth = 320;
constexpr int kHeight = 240;

// A disc on a ground that shades from blue to green, moving as the robot turns.
std::vector<std::uint8_t> draw(double t) {
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(kWidth) * kHeight * 3);
  const double cx = kWidth * (0.5 + 0.35 * std::cos(heading(t) * 4.0));
  const double cy = kHeight * (0.5 + 0.30 * std::sin(heading(t) * 8.0));
  for (int row = 0; row < kHeight; ++row) {
    for (int column = 0; column < kWidth; ++column) {
      std::uint8_t* const pixel =
          &pixels[(static_cast<std::size_t>(row) * kWidth + static_cast<std::size_t>(column)) * 3];
      const bool in_disc = std::hypot(column - cx, row - cy) < 28.0;
      pixel[0] = in_disc ? 235 : 30;
      pixel[1] = static_cast<std::uint8_t>(in_disc ? 120 : 60 + 120 * row / kHeight);
      pixel[2] = static_cast<std::uint8_t>(in_disc ? 40 : 180 - 120 * row / kHeight);
    }
  }
  return pixels;
}

std::vector<std::uint8_t> to_jpeg(std::vector<std::uint8_t>& pixels) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &bytes, &size);
  jpeg.image_width = kWidth;
  jpeg.image_height = kHeight;
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 85, TRUE);
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    JSAMPROW row = &pixels[static_cast<std::size_t>(jpeg.next_scanline) * kWidth * 3];
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  std::vector<std::uint8_t> out(bytes, bytes + size);
  jpeg_destroy_compress(&jpeg);
  std::free(bytes);
  return out;
}

Status publish_camera(Session& session, double t) {
  Result<Track> camera = session.track("camera/front");
  if (!camera) return tl::unexpected(camera.error());
  std::vector<std::uint8_t> pixels = draw(t);
  const std::vector<std::uint8_t> jpeg = to_jpeg(pixels);
  return camera->append({{"format", "jpeg"},
                         {"width", kWidth},
                         {"height", kHeight},
                         {"data", std::span<const std::uint8_t>(jpeg)}});
}

struct Sensor {
  std::string_view name;
  double hz;
  std::function<Status(Session&, double)> publish;
};

int run(const Sensor& sensor, const BusUrls& urls) {
  Context context;
  Result<std::unique_ptr<Session>> session =
      Session::on_bus(context, urls, {.name = std::string(sensor.name)}, {});
  if (!session) {
    fmt::print(stderr, "{}: {}\n", sensor.name, session.error().message);
    return 1;
  }
  // A sensor goes on whether or not anybody listens; waiting a little lets the first frames arrive.
  (*session)->wait_for_listener(std::chrono::milliseconds(2000));
  const auto start = std::chrono::steady_clock::now();
  const auto period = std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>(1.0 / sensor.hz));
  std::uint64_t frames = 0;
  for (; !stopping.load(); ++frames) {
    std::this_thread::sleep_until(start + period * static_cast<std::int64_t>(frames));
    if (Status status = sensor.publish(**session, static_cast<double>(frames) / sensor.hz);
        !status) {
      fmt::print(stderr, "{}: {}\n", sensor.name, status.error().message);
      return 1;
    }
  }
  static_cast<void>((*session)->close());
  fmt::print("sent {} frames\n", frames);
  return 0;
}

}  // namespace
}  // namespace zbag

int main(int argc, char** argv) {
  using namespace zbag;
  const std::array<Sensor, 4> sensors = {{{"imu", 200.0, publish_imu},
                                          {"joints", 100.0, publish_joints},
                                          {"laser", 10.0, publish_laser},
                                          {"camera", 15.0, publish_camera}}};
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  BusUrls urls;
  if (argc == 4 && std::string_view(argv[2]) == "--publish-to") urls.publish_to = argv[3];
  for (const Sensor& sensor : sensors) {
    if ((argc == 2 || argc == 4) && sensor.name == argv[1]) return run(sensor, urls);
  }
  fmt::print(stderr, "usage: demo_sensor imu|joints|laser|camera [--publish-to URL]\n");
  return 2;
}
