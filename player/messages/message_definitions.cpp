#include "player/messages/message_definitions.hpp"

#include <array>

namespace zbag {
namespace {

constexpr std::array kDefinitions{
    MessageDefinition{"geometry_msgs/Vector3", "float64 x\nfloat64 y\nfloat64 z"},
    MessageDefinition{"geometry_msgs/Point", "float64 x\nfloat64 y\nfloat64 z"},
    MessageDefinition{"geometry_msgs/Quaternion", "float64 x\nfloat64 y\nfloat64 z\nfloat64 w 1"},
    MessageDefinition{"geometry_msgs/Pose",
                      "geometry_msgs/Point position\n"
                      "geometry_msgs/Quaternion orientation"},
    MessageDefinition{"geometry_msgs/Twist",
                      "geometry_msgs/Vector3 linear\n"
                      "geometry_msgs/Vector3 angular"},
    MessageDefinition{"geometry_msgs/Transform",
                      "geometry_msgs/Vector3 translation\n"
                      "geometry_msgs/Quaternion rotation"},

    MessageDefinition{"foxglove.CompressedImage",
                      "builtin_interfaces/Time timestamp\n"
                      "string frame_id\n"
                      "uint8[] data\n"
                      "string format"},
    MessageDefinition{"foxglove.RawImage",
                      "builtin_interfaces/Time timestamp\n"
                      "string frame_id\n"
                      "uint32 width\n"
                      "uint32 height\n"
                      "string encoding\n"
                      "uint32 step rows\n"
                      "uint8[] data"},
    MessageDefinition{"foxglove.PoseInFrame",
                      "builtin_interfaces/Time timestamp\n"
                      "string frame_id\n"
                      "geometry_msgs/Pose pose"},
    MessageDefinition{"foxglove.FrameTransform",
                      "builtin_interfaces/Time timestamp\n"
                      "string parent_frame_id\n"
                      "string child_frame_id\n"
                      "geometry_msgs/Vector3 translation\n"
                      "geometry_msgs/Quaternion rotation"},
    MessageDefinition{"foxglove.FrameTransforms", "foxglove.FrameTransform[] transforms"},
    MessageDefinition{"foxglove.LaserScan",
                      "builtin_interfaces/Time timestamp\n"
                      "string frame_id\n"
                      "geometry_msgs/Pose pose\n"
                      "float64 start_angle right\n"
                      "float64 end_angle left\n"
                      "float64[] ranges\n"
                      "float64[] intensities"},
    MessageDefinition{"foxglove.PackedElementField",
                      "string name\n"
                      "uint32 offset\n"
                      "int32 type"},
    MessageDefinition{"foxglove.PointCloud",
                      "builtin_interfaces/Time timestamp\n"
                      "string frame_id\n"
                      "geometry_msgs/Pose pose\n"
                      "uint32 point_stride\n"
                      "foxglove.PackedElementField[] fields\n"
                      "uint8[] data"},
    MessageDefinition{"foxglove.Log",
                      "builtin_interfaces/Time timestamp\n"
                      "uint8 level\n"
                      "string message\n"
                      "string name\n"
                      "string file\n"
                      "uint32 line"},
    MessageDefinition{"foxglove.LocationFix",
                      "builtin_interfaces/Time timestamp\n"
                      "string frame_id\n"
                      "float64 latitude\n"
                      "float64 longitude\n"
                      "float64 altitude\n"
                      "float64[9] position_covariance\n"
                      "uint8 position_covariance_type"},
    MessageDefinition{"foxglove.JointState",
                      "string name\n"
                      "float64 position optional\n"
                      "float64 velocity optional\n"
                      "float64 acceleration optional\n"
                      "float64 effort optional"},
    MessageDefinition{"foxglove.JointStates",
                      "builtin_interfaces/Time timestamp\n"
                      "foxglove.JointState[] joints"},
    MessageDefinition{"foxglove.Odometry",
                      "builtin_interfaces/Time timestamp\n"
                      "string frame_id\n"
                      "string body_frame_id\n"
                      "geometry_msgs/Pose pose\n"
                      "geometry_msgs/Vector3 linear_velocity\n"
                      "geometry_msgs/Vector3 angular_velocity"},

    MessageDefinition{"std_msgs/Header", "builtin_interfaces/Time stamp\nstring frame_id"},
    MessageDefinition{"geometry_msgs/PoseStamped",
                      "std_msgs/Header header\n"
                      "geometry_msgs/Pose pose"},
    MessageDefinition{"geometry_msgs/PoseWithCovariance",
                      "geometry_msgs/Pose pose\n"
                      "float64[36] covariance"},
    MessageDefinition{"geometry_msgs/TwistWithCovariance",
                      "geometry_msgs/Twist twist\n"
                      "float64[36] covariance"},
    MessageDefinition{"geometry_msgs/TwistStamped",
                      "std_msgs/Header header\n"
                      "geometry_msgs/Twist twist"},
    MessageDefinition{"geometry_msgs/TransformStamped",
                      "std_msgs/Header header\n"
                      "string child_frame_id\n"
                      "geometry_msgs/Transform transform"},
    MessageDefinition{"tf2_msgs/TFMessage", "geometry_msgs/TransformStamped[] transforms"},
    MessageDefinition{"nav_msgs/Odometry",
                      "std_msgs/Header header\n"
                      "string child_frame_id\n"
                      "geometry_msgs/PoseWithCovariance pose\n"
                      "geometry_msgs/TwistWithCovariance twist"},
    MessageDefinition{"sensor_msgs/Imu",
                      "std_msgs/Header header\n"
                      "geometry_msgs/Quaternion orientation\n"
                      "float64[9] orientation_covariance unknown\n"
                      "geometry_msgs/Vector3 angular_velocity\n"
                      "float64[9] angular_velocity_covariance unknown\n"
                      "geometry_msgs/Vector3 linear_acceleration\n"
                      "float64[9] linear_acceleration_covariance unknown"},
    MessageDefinition{"sensor_msgs/Image",
                      "std_msgs/Header header\n"
                      "uint32 height\n"
                      "uint32 width\n"
                      "string encoding\n"
                      "uint8 is_bigendian\n"
                      "uint32 step rows\n"
                      "uint8[] data"},
    MessageDefinition{"sensor_msgs/CompressedImage",
                      "std_msgs/Header header\n"
                      "string format\n"
                      "uint8[] data"},
    MessageDefinition{"sensor_msgs/LaserScan",
                      "std_msgs/Header header\n"
                      "float32 angle_min right\n"
                      "float32 angle_max left\n"
                      "float32 angle_increment beams\n"
                      "float32 time_increment\n"
                      "float32 scan_time\n"
                      "float32 range_min\n"
                      "float32 range_max infinite\n"
                      "float32[] ranges\n"
                      "float32[] intensities"},
    MessageDefinition{"sensor_msgs/PointField",
                      "string name\n"
                      "uint32 offset\n"
                      "uint8 datatype\n"
                      "uint32 count 1"},
    MessageDefinition{"sensor_msgs/PointCloud2",
                      "std_msgs/Header header\n"
                      "uint32 height 1\n"
                      "uint32 width points\n"
                      "sensor_msgs/PointField[] fields\n"
                      "bool is_bigendian\n"
                      "uint32 point_step\n"
                      "uint32 row_step rows\n"
                      "uint8[] data\n"
                      "bool is_dense"},
    MessageDefinition{"rcl_interfaces/Log",
                      "builtin_interfaces/Time stamp\n"
                      "uint8 level\n"
                      "string name\n"
                      "string msg\n"
                      "string file\n"
                      "string function\n"
                      "uint32 line"},
    MessageDefinition{"sensor_msgs/JointState",
                      "std_msgs/Header header\n"
                      "string[] name\n"
                      "float64[] position\n"
                      "float64[] velocity\n"
                      "float64[] effort"},
    MessageDefinition{"sensor_msgs/NavSatStatus", "int8 status\nuint16 service"},
    MessageDefinition{"sensor_msgs/NavSatFix",
                      "std_msgs/Header header\n"
                      "sensor_msgs/NavSatStatus status\n"
                      "float64 latitude\n"
                      "float64 longitude\n"
                      "float64 altitude\n"
                      "float64[9] position_covariance\n"
                      "uint8 position_covariance_type"},
    MessageDefinition{"sensor_msgs/BatteryState",
                      "std_msgs/Header header\n"
                      "float32 voltage nan\n"
                      "float32 temperature nan\n"
                      "float32 current nan\n"
                      "float32 charge nan\n"
                      "float32 capacity nan\n"
                      "float32 design_capacity nan\n"
                      "float32 percentage nan\n"
                      "uint8 power_supply_status\n"
                      "uint8 power_supply_health\n"
                      "uint8 power_supply_technology\n"
                      "bool present 1\n"
                      "float32[] cell_voltage\n"
                      "float32[] cell_temperature\n"
                      "string location\n"
                      "string serial_number"},
};

constexpr std::array kFoxgloveMessages{
    KindMessage{"compressed_image", "foxglove.CompressedImage",
                "timestamp=header.stamp frame_id=header.frame_id format=picture(format)"},
    KindMessage{"image", "foxglove.RawImage", "timestamp=header.stamp frame_id=header.frame_id"},
    KindMessage{"pose", "foxglove.PoseInFrame",
                "timestamp=header.stamp frame_id=header.frame_id pose.position=position "
                "pose.orientation=orientation pose.orientation=yaw(yaw)"},
    KindMessage{"transform", "foxglove.FrameTransforms",
                "transforms=. transforms.timestamp=header.stamp "
                "transforms.parent_frame_id=header.frame_id "
                "transforms.translation=transform.translation "
                "transforms.rotation=transform.rotation"},
    KindMessage{"odometry", "foxglove.Odometry",
                "timestamp=header.stamp frame_id=header.frame_id body_frame_id=child_frame_id "
                "pose.position=pose.pose.position pose.orientation=pose.pose.orientation "
                "pose.orientation=yaw(yaw) linear_velocity=twist.twist.linear "
                "angular_velocity=twist.twist.angular"},
    KindMessage{"laser_scan", "foxglove.LaserScan",
                "timestamp=header.stamp frame_id=header.frame_id start_angle=angle_min "
                "end_angle=angle_max"},
    KindMessage{"point_cloud", "foxglove.PointCloud",
                "timestamp=header.stamp frame_id=header.frame_id point_stride=point_step "
                "fields.type=packed(datatype)"},
    KindMessage{"gps", "foxglove.LocationFix", "timestamp=header.stamp frame_id=header.frame_id"},
    KindMessage{"log", "foxglove.Log", "timestamp=header.stamp level=level(level)"},
    KindMessage{"joint_state", "foxglove.JointStates", "timestamp=header.stamp joints=*"},
};

constexpr std::array kRosMessages{
    KindMessage{"imu", "sensor_msgs/Imu", ""},
    KindMessage{"pose", "geometry_msgs/PoseStamped",
                "pose.position=position pose.orientation=orientation pose.orientation=yaw(yaw)"},
    KindMessage{"transform", "tf2_msgs/TFMessage", "transforms=."},
    KindMessage{"odometry", "nav_msgs/Odometry", "pose.pose.orientation=yaw(yaw)"},
    KindMessage{"image", "sensor_msgs/Image", ""},
    KindMessage{"compressed_image", "sensor_msgs/CompressedImage", ""},
    KindMessage{"laser_scan", "sensor_msgs/LaserScan", ""},
    KindMessage{"point_cloud", "sensor_msgs/PointCloud2", "fields.datatype=packed(type)"},
    KindMessage{"joint_state", "sensor_msgs/JointState", ""},
    KindMessage{"gps", "sensor_msgs/NavSatFix", ""},
    KindMessage{"twist", "geometry_msgs/TwistStamped", "twist.linear=linear twist.angular=angular"},
    KindMessage{"battery", "sensor_msgs/BatteryState", ""},
    KindMessage{"log", "rcl_interfaces/Log", "level=ros_level(level) msg=message"},
};

}  // namespace

std::span<const MessageDefinition> message_definitions() { return kDefinitions; }
std::span<const KindMessage> foxglove_messages() { return kFoxgloveMessages; }
std::span<const KindMessage> ros_messages() { return kRosMessages; }

}  // namespace zbag
