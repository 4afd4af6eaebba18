#include "player/messages/ros2_types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace zbag {
namespace {

// Members are "TYPE NAME", with "; " between them; a type without a package is of the same one.
struct Ros2Type {
  std::string_view name;
  std::string_view members;
  std::string_view before_humble = {};  // where they were others
};
constexpr auto kTypes = std::to_array<Ros2Type>({
    {"action_msgs/GoalInfo", "unique_identifier_msgs/UUID goal_id; builtin_interfaces/Time stamp"},
    {"action_msgs/GoalStatus", "GoalInfo goal_info; int8 status"},
    {"action_msgs/GoalStatusArray", "GoalStatus[] status_list"},
    {"actionlib_msgs/GoalID", "builtin_interfaces/Time stamp; string id"},
    {"actionlib_msgs/GoalStatus", "GoalID goal_id; uint8 status; string text"},
    {"actionlib_msgs/GoalStatusArray", "std_msgs/Header header; GoalStatus[] status_list"},
    {"builtin_interfaces/Duration", "int32 sec; uint32 nanosec"},
    {"builtin_interfaces/Time", "int32 sec; uint32 nanosec"},
    {"diagnostic_msgs/DiagnosticArray", "std_msgs/Header header; DiagnosticStatus[] status"},
    {"diagnostic_msgs/DiagnosticStatus",
     "byte level; string name; string message; string hardware_id; KeyValue[] values"},
    {"diagnostic_msgs/KeyValue", "string key; string value"},
    {"geometry_msgs/Accel", "Vector3 linear; Vector3 angular"},
    {"geometry_msgs/AccelStamped", "std_msgs/Header header; Accel accel"},
    {"geometry_msgs/AccelWithCovariance", "Accel accel; float64[36] covariance"},
    {"geometry_msgs/AccelWithCovarianceStamped",
     "std_msgs/Header header; AccelWithCovariance accel"},
    {"geometry_msgs/Inertia",
     "float64 m; Vector3 com; float64 ixx; float64 ixy; float64 ixz; float64 iyy; float64 iyz; "
     "float64 izz"},
    {"geometry_msgs/InertiaStamped", "std_msgs/Header header; Inertia inertia"},
    {"geometry_msgs/Point", "float64 x; float64 y; float64 z"},
    {"geometry_msgs/Point32", "float32 x; float32 y; float32 z"},
    {"geometry_msgs/PointStamped", "std_msgs/Header header; Point point"},
    {"geometry_msgs/Polygon", "Point32[] points"},
    {"geometry_msgs/PolygonStamped", "std_msgs/Header header; Polygon polygon"},
    {"geometry_msgs/Pose", "Point position; Quaternion orientation"},
    {"geometry_msgs/Pose2D", "float64 x; float64 y; float64 theta"},
    {"geometry_msgs/PoseArray", "std_msgs/Header header; Pose[] poses"},
    {"geometry_msgs/PoseStamped", "std_msgs/Header header; Pose pose"},
    {"geometry_msgs/PoseWithCovariance", "Pose pose; float64[36] covariance"},
    {"geometry_msgs/PoseWithCovarianceStamped", "std_msgs/Header header; PoseWithCovariance pose"},
    {"geometry_msgs/Quaternion", "float64 x; float64 y; float64 z; float64 w"},
    {"geometry_msgs/QuaternionStamped", "std_msgs/Header header; Quaternion quaternion"},
    {"geometry_msgs/Transform", "Vector3 translation; Quaternion rotation"},
    {"geometry_msgs/TransformStamped",
     "std_msgs/Header header; string child_frame_id; Transform transform"},
    {"geometry_msgs/Twist", "Vector3 linear; Vector3 angular"},
    {"geometry_msgs/TwistStamped", "std_msgs/Header header; Twist twist"},
    {"geometry_msgs/TwistWithCovariance", "Twist twist; float64[36] covariance"},
    {"geometry_msgs/TwistWithCovarianceStamped",
     "std_msgs/Header header; TwistWithCovariance twist"},
    {"geometry_msgs/Vector3", "float64 x; float64 y; float64 z"},
    {"geometry_msgs/Vector3Stamped", "std_msgs/Header header; Vector3 vector"},
    {"geometry_msgs/VelocityStamped",
     "std_msgs/Header header; string body_frame_id; string reference_frame_id; Twist velocity"},
    {"geometry_msgs/Wrench", "Vector3 force; Vector3 torque"},
    {"geometry_msgs/WrenchStamped", "std_msgs/Header header; Wrench wrench"},
    {"lifecycle_msgs/State", "uint8 id; string label"},
    {"lifecycle_msgs/Transition", "uint8 id; string label"},
    {"lifecycle_msgs/TransitionDescription",
     "Transition transition; State start_state; State goal_state"},
    {"lifecycle_msgs/TransitionEvent",
     "uint64 timestamp; Transition transition; State start_state; State goal_state"},
    {"nav_msgs/GridCells",
     "std_msgs/Header header; float32 cell_width; float32 cell_height; geometry_msgs/Point[] "
     "cells"},
    {"nav_msgs/MapMetaData",
     "builtin_interfaces/Time map_load_time; float32 resolution; uint32 width; uint32 height; "
     "geometry_msgs/Pose origin"},
    {"nav_msgs/OccupancyGrid", "std_msgs/Header header; MapMetaData info; int8[] data"},
    {"nav_msgs/Odometry",
     "std_msgs/Header header; string child_frame_id; geometry_msgs/PoseWithCovariance pose; "
     "geometry_msgs/TwistWithCovariance twist"},
    {"nav_msgs/Path", "std_msgs/Header header; geometry_msgs/PoseStamped[] poses"},
    {"rcl_interfaces/FloatingPointRange", "float64 from_value; float64 to_value; float64 step"},
    {"rcl_interfaces/IntegerRange", "int64 from_value; int64 to_value; uint64 step"},
    {"rcl_interfaces/ListParametersResult", "string[] names; string[] prefixes"},
    {"rcl_interfaces/Log",
     "builtin_interfaces/Time stamp; uint8 level; string name; string msg; string file; string "
     "function; uint32 line"},
    {"rcl_interfaces/Parameter", "string name; ParameterValue value"},
    {"rcl_interfaces/ParameterDescriptor",
     "string name; uint8 type; string description; string additional_constraints; bool read_only; "
     "bool dynamic_typing; FloatingPointRange[<=1] floating_point_range; IntegerRange[<=1] "
     "integer_range",
     "string name; uint8 type; string description; string additional_constraints; bool read_only; "
     "FloatingPointRange[<=1] floating_point_range; IntegerRange[<=1] integer_range"},
    {"rcl_interfaces/ParameterEvent",
     "builtin_interfaces/Time stamp; string node; Parameter[] new_parameters; Parameter[] "
     "changed_parameters; Parameter[] deleted_parameters"},
    {"rcl_interfaces/ParameterEventDescriptors",
     "ParameterDescriptor[] new_parameters; ParameterDescriptor[] changed_parameters; "
     "ParameterDescriptor[] deleted_parameters"},
    {"rcl_interfaces/ParameterType", ""},
    {"rcl_interfaces/ParameterValue",
     "uint8 type; bool bool_value; int64 integer_value; float64 double_value; string string_value; "
     "byte[] byte_array_value; bool[] bool_array_value; int64[] integer_array_value; float64[] "
     "double_array_value; string[] string_array_value"},
    {"rcl_interfaces/SetParametersResult", "bool successful; string reason"},
    {"rmw_dds_common/Gid", "char[24] data"},
    {"rmw_dds_common/NodeEntitiesInfo",
     "string<=256 node_namespace; string<=256 node_name; Gid[] reader_gid_seq; Gid[] "
     "writer_gid_seq"},
    {"rmw_dds_common/ParticipantEntitiesInfo",
     "Gid gid; NodeEntitiesInfo[] node_entities_info_seq"},
    {"rosbag2_interfaces/ReadSplitEvent", "string closed_file; string opened_file"},
    {"rosbag2_interfaces/WriteSplitEvent", "string closed_file; string opened_file"},
    {"rosgraph_msgs/Clock", "builtin_interfaces/Time clock"},
    {"sensor_msgs/BatteryState",
     "std_msgs/Header header; float32 voltage; float32 temperature; float32 current; float32 "
     "charge; float32 capacity; float32 design_capacity; float32 percentage; uint8 "
     "power_supply_status; uint8 power_supply_health; uint8 power_supply_technology; bool present; "
     "float32[] cell_voltage; float32[] cell_temperature; string location; string serial_number"},
    {"sensor_msgs/CameraInfo",
     "std_msgs/Header header; uint32 height; uint32 width; string distortion_model; float64[] d; "
     "float64[9] k; float64[9] r; float64[12] p; uint32 binning_x; uint32 binning_y; "
     "RegionOfInterest roi"},
    {"sensor_msgs/ChannelFloat32", "string name; float32[] values"},
    {"sensor_msgs/CompressedImage", "std_msgs/Header header; string format; uint8[] data"},
    {"sensor_msgs/FluidPressure",
     "std_msgs/Header header; float64 fluid_pressure; float64 variance"},
    {"sensor_msgs/Illuminance", "std_msgs/Header header; float64 illuminance; float64 variance"},
    {"sensor_msgs/Image",
     "std_msgs/Header header; uint32 height; uint32 width; string encoding; uint8 is_bigendian; "
     "uint32 step; uint8[] data"},
    {"sensor_msgs/Imu",
     "std_msgs/Header header; geometry_msgs/Quaternion orientation; float64[9] "
     "orientation_covariance; geometry_msgs/Vector3 angular_velocity; float64[9] "
     "angular_velocity_covariance; geometry_msgs/Vector3 linear_acceleration; float64[9] "
     "linear_acceleration_covariance"},
    {"sensor_msgs/JointState",
     "std_msgs/Header header; string[] name; float64[] position; float64[] velocity; float64[] "
     "effort"},
    {"sensor_msgs/Joy", "std_msgs/Header header; float32[] axes; int32[] buttons"},
    {"sensor_msgs/JoyFeedback", "uint8 type; uint8 id; float32 intensity"},
    {"sensor_msgs/JoyFeedbackArray", "JoyFeedback[] array"},
    {"sensor_msgs/LaserEcho", "float32[] echoes"},
    {"sensor_msgs/LaserScan",
     "std_msgs/Header header; float32 angle_min; float32 angle_max; float32 angle_increment; "
     "float32 time_increment; float32 scan_time; float32 range_min; float32 range_max; float32[] "
     "ranges; float32[] intensities"},
    {"sensor_msgs/MagneticField",
     "std_msgs/Header header; geometry_msgs/Vector3 magnetic_field; float64[9] "
     "magnetic_field_covariance"},
    {"sensor_msgs/MultiDOFJointState",
     "std_msgs/Header header; string[] joint_names; geometry_msgs/Transform[] transforms; "
     "geometry_msgs/Twist[] twist; geometry_msgs/Wrench[] wrench"},
    {"sensor_msgs/MultiEchoLaserScan",
     "std_msgs/Header header; float32 angle_min; float32 angle_max; float32 angle_increment; "
     "float32 time_increment; float32 scan_time; float32 range_min; float32 range_max; LaserEcho[] "
     "ranges; LaserEcho[] intensities"},
    {"sensor_msgs/NavSatFix",
     "std_msgs/Header header; NavSatStatus status; float64 latitude; float64 longitude; float64 "
     "altitude; float64[9] position_covariance; uint8 position_covariance_type"},
    {"sensor_msgs/NavSatStatus", "int8 status; uint16 service"},
    {"sensor_msgs/PointCloud",
     "std_msgs/Header header; geometry_msgs/Point32[] points; ChannelFloat32[] channels"},
    {"sensor_msgs/PointCloud2",
     "std_msgs/Header header; uint32 height; uint32 width; PointField[] fields; bool is_bigendian; "
     "uint32 point_step; uint32 row_step; uint8[] data; bool is_dense"},
    {"sensor_msgs/PointField", "string name; uint32 offset; uint8 datatype; uint32 count"},
    {"sensor_msgs/Range",
     "std_msgs/Header header; uint8 radiation_type; float32 field_of_view; float32 min_range; "
     "float32 max_range; float32 range"},
    {"sensor_msgs/RegionOfInterest",
     "uint32 x_offset; uint32 y_offset; uint32 height; uint32 width; bool do_rectify"},
    {"sensor_msgs/RelativeHumidity",
     "std_msgs/Header header; float64 relative_humidity; float64 variance"},
    {"sensor_msgs/Temperature", "std_msgs/Header header; float64 temperature; float64 variance"},
    {"sensor_msgs/TimeReference",
     "std_msgs/Header header; builtin_interfaces/Time time_ref; string source"},
    {"shape_msgs/Mesh", "MeshTriangle[] triangles; geometry_msgs/Point[] vertices"},
    {"shape_msgs/MeshTriangle", "uint32[3] vertex_indices"},
    {"shape_msgs/Plane", "float64[4] coef"},
    {"shape_msgs/SolidPrimitive",
     "uint8 type; float64[<=3] dimensions; geometry_msgs/Polygon polygon",
     "uint8 type; float64[<=3] dimensions"},
    {"statistics_msgs/MetricsMessage",
     "string measurement_source_name; string metrics_source; string unit; builtin_interfaces/Time "
     "window_start; builtin_interfaces/Time window_stop; StatisticDataPoint[] statistics"},
    {"statistics_msgs/StatisticDataPoint", "uint8 data_type; float64 data"},
    {"statistics_msgs/StatisticDataType", ""},
    {"std_msgs/Bool", "bool data"},
    {"std_msgs/Byte", "byte data"},
    {"std_msgs/ByteMultiArray", "MultiArrayLayout layout; byte[] data"},
    {"std_msgs/Char", "char data"},
    {"std_msgs/ColorRGBA", "float32 r; float32 g; float32 b; float32 a"},
    {"std_msgs/Empty", ""},
    {"std_msgs/Float32", "float32 data"},
    {"std_msgs/Float32MultiArray", "MultiArrayLayout layout; float32[] data"},
    {"std_msgs/Float64", "float64 data"},
    {"std_msgs/Float64MultiArray", "MultiArrayLayout layout; float64[] data"},
    {"std_msgs/Header", "builtin_interfaces/Time stamp; string frame_id"},
    {"std_msgs/Int16", "int16 data"},
    {"std_msgs/Int16MultiArray", "MultiArrayLayout layout; int16[] data"},
    {"std_msgs/Int32", "int32 data"},
    {"std_msgs/Int32MultiArray", "MultiArrayLayout layout; int32[] data"},
    {"std_msgs/Int64", "int64 data"},
    {"std_msgs/Int64MultiArray", "MultiArrayLayout layout; int64[] data"},
    {"std_msgs/Int8", "int8 data"},
    {"std_msgs/Int8MultiArray", "MultiArrayLayout layout; int8[] data"},
    {"std_msgs/MultiArrayDimension", "string label; uint32 size; uint32 stride"},
    {"std_msgs/MultiArrayLayout", "MultiArrayDimension[] dim; uint32 data_offset"},
    {"std_msgs/String", "string data"},
    {"std_msgs/UInt16", "uint16 data"},
    {"std_msgs/UInt16MultiArray", "MultiArrayLayout layout; uint16[] data"},
    {"std_msgs/UInt32", "uint32 data"},
    {"std_msgs/UInt32MultiArray", "MultiArrayLayout layout; uint32[] data"},
    {"std_msgs/UInt64", "uint64 data"},
    {"std_msgs/UInt64MultiArray", "MultiArrayLayout layout; uint64[] data"},
    {"std_msgs/UInt8", "uint8 data"},
    {"std_msgs/UInt8MultiArray", "MultiArrayLayout layout; uint8[] data"},
    {"stereo_msgs/DisparityImage",
     "std_msgs/Header header; sensor_msgs/Image image; float32 f; float32 t; "
     "sensor_msgs/RegionOfInterest valid_window; float32 min_disparity; float32 max_disparity; "
     "float32 delta_d"},
    {"tf2_msgs/TF2Error", "uint8 error; string error_string"},
    {"tf2_msgs/TFMessage", "geometry_msgs/TransformStamped[] transforms"},
    {"trajectory_msgs/JointTrajectory",
     "std_msgs/Header header; string[] joint_names; JointTrajectoryPoint[] points"},
    {"trajectory_msgs/JointTrajectoryPoint",
     "float64[] positions; float64[] velocities; float64[] accelerations; float64[] effort; "
     "builtin_interfaces/Duration time_from_start"},
    {"trajectory_msgs/MultiDOFJointTrajectory",
     "std_msgs/Header header; string[] joint_names; MultiDOFJointTrajectoryPoint[] points"},
    {"trajectory_msgs/MultiDOFJointTrajectoryPoint",
     "geometry_msgs/Transform[] transforms; geometry_msgs/Twist[] velocities; "
     "geometry_msgs/Twist[] accelerations; builtin_interfaces/Duration time_from_start"},
    {"unique_identifier_msgs/UUID", "uint8[16] uuid"},
    {"visualization_msgs/ImageMarker",
     "std_msgs/Header header; string ns; int32 id; int32 type; int32 action; geometry_msgs/Point "
     "position; float32 scale; std_msgs/ColorRGBA outline_color; uint8 filled; std_msgs/ColorRGBA "
     "fill_color; builtin_interfaces/Duration lifetime; geometry_msgs/Point[] points; "
     "std_msgs/ColorRGBA[] outline_colors"},
    {"visualization_msgs/InteractiveMarker",
     "std_msgs/Header header; geometry_msgs/Pose pose; string name; string description; float32 "
     "scale; MenuEntry[] menu_entries; InteractiveMarkerControl[] controls"},
    {"visualization_msgs/InteractiveMarkerControl",
     "string name; geometry_msgs/Quaternion orientation; uint8 orientation_mode; uint8 "
     "interaction_mode; bool always_visible; Marker[] markers; bool "
     "independent_marker_orientation; string description"},
    {"visualization_msgs/InteractiveMarkerFeedback",
     "std_msgs/Header header; string client_id; string marker_name; string control_name; uint8 "
     "event_type; geometry_msgs/Pose pose; uint32 menu_entry_id; geometry_msgs/Point mouse_point; "
     "bool mouse_point_valid"},
    {"visualization_msgs/InteractiveMarkerInit",
     "string server_id; uint64 seq_num; InteractiveMarker[] markers"},
    {"visualization_msgs/InteractiveMarkerPose",
     "std_msgs/Header header; geometry_msgs/Pose pose; string name"},
    {"visualization_msgs/InteractiveMarkerUpdate",
     "string server_id; uint64 seq_num; uint8 type; InteractiveMarker[] markers; "
     "InteractiveMarkerPose[] poses; string[] erases"},
    {"visualization_msgs/Marker",
     "std_msgs/Header header; string ns; int32 id; int32 type; int32 action; geometry_msgs/Pose "
     "pose; geometry_msgs/Vector3 scale; std_msgs/ColorRGBA color; builtin_interfaces/Duration "
     "lifetime; bool frame_locked; geometry_msgs/Point[] points; std_msgs/ColorRGBA[] colors; "
     "string texture_resource; sensor_msgs/CompressedImage texture; UVCoordinate[] uv_coordinates; "
     "string text; string mesh_resource; MeshFile mesh_file; bool mesh_use_embedded_materials",
     "std_msgs/Header header; string ns; int32 id; int32 type; int32 action; geometry_msgs/Pose "
     "pose; geometry_msgs/Vector3 scale; std_msgs/ColorRGBA color; builtin_interfaces/Duration "
     "lifetime; bool frame_locked; geometry_msgs/Point[] points; std_msgs/ColorRGBA[] colors; "
     "string text; string mesh_resource; bool mesh_use_embedded_materials"},
    {"visualization_msgs/MarkerArray", "Marker[] markers"},
    {"visualization_msgs/MenuEntry",
     "uint32 id; uint32 parent_id; string title; string command; uint8 command_type"},
    {"visualization_msgs/MeshFile", "string filename; uint8[] data"},
    {"visualization_msgs/UVCoordinate", "float32 u; float32 v"},
});

const Ros2Type* find_type(std::string_view name) {
  const auto* const found = std::ranges::find(kTypes, name, &Ros2Type::name);
  return found == kTypes.end() ? nullptr : found;
}

// nullptr: it is a number or a text.
const Ros2Type* find_part(const Ros2Type& around, std::string_view name) {
  if (name.find('/') != std::string_view::npos) return find_type(name);
  const std::string_view package = around.name.substr(0, around.name.find('/'));
  return find_type(fmt::format("{}/{}", package, name));
}

// One a line, types with their packages; the types are added to `parts`, each once.
std::string members_text(const Ros2Type& type, std::string_view members,
                         std::vector<const Ros2Type*>& parts) {
  std::string text;
  while (!members.empty()) {
    constexpr std::string_view kBetween = "; ";
    const std::size_t end = std::min(members.find(kBetween), members.size());
    const std::string_view member = members.substr(0, end);
    members.remove_prefix(std::min(end + kBetween.size(), members.size()));
    const std::size_t behind_type = member.find_first_of("[< ");
    const std::string_view of = member.substr(0, behind_type);
    const Ros2Type* const part = find_part(type, of);
    if (part != nullptr && std::ranges::find(parts, part) == parts.end()) parts.push_back(part);
    text += fmt::format("{}{}\n", part == nullptr ? of : part->name, member.substr(behind_type));
  }
  return text;
}

std::string definition_of(const Ros2Type& type, bool is_before_humble) {
  const std::string border(80, '=');
  std::vector<const Ros2Type*> parts{&type};
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Ros2Type& part = *parts[i];
    const bool is_other = is_before_humble && !part.before_humble.empty();
    if (i > 0) text += fmt::format("{}\nMSG: {}\n", border, part.name);
    text += members_text(part, is_other ? part.before_humble : part.members, parts);
  }
  return text;
}

}  // namespace

std::vector<std::string> ros2_definitions(std::string_view name) {
  constexpr std::string_view kMsg = "/msg/";
  const std::size_t at = name.find(kMsg);
  const Ros2Type* const type =
      at == std::string_view::npos
          ? find_type(name)
          : find_type(fmt::format("{}/{}", name.substr(0, at), name.substr(at + kMsg.size())));
  if (type == nullptr) return {};
  std::vector<std::string> definitions{definition_of(*type, false)};
  std::string before = definition_of(*type, true);
  if (before != definitions.front()) definitions.push_back(std::move(before));
  return definitions;
}

}  // namespace zbag
