# Tests of player/.
if(HDF5_INCLUDE)
  set(hdf5_import_tests player/imports/hdf5/arena_test.cpp player/imports/hdf5/stored_set_test.cpp)
endif()
zbag_tests(player_tests USES zbag::player zbag::imports zbag::exports zbag::recorder PkgConfig::lzma SOURCES
  player/playback_clock_test.cpp
  player/imports/neutral_file_test.cpp
  player/imports/quick_line_test.cpp
  player/player_test.cpp
  player/columns/cells_test.cpp
  player/columns/table_metadata_test.cpp
  player/exports/export_source_test.cpp
  player/exports/remarks_test.cpp
  player/exports/aligned_points_test.cpp
  player/exports/exporter_test.cpp
  player/exports/export_records_test.cpp
  player/imports/importer_test.cpp
  player/imports/input_file_test.cpp
  player/imports/text_lines_test.cpp
  ${hdf5_import_tests}
  player/imports/lerobot/path_template_test.cpp
  player/imports/lerobot/set_info_test.cpp
  player/imports/lerobot/feature_tracks_test.cpp
  player/imports/messages/message_layout_test.cpp
  player/imports/messages/message_decoder_test.cpp
  player/imports/messages/protobuf_messages_test.cpp
  player/exports/output_file_test.cpp
  player/exports/output_tree_test.cpp
  player/exports/motion/rotation_test.cpp
  player/exports/motion/even_rows_test.cpp
  player/exports/lerobot/frame_clock_test.cpp
  player/exports/hdf5/dataset_names_test.cpp
  player/exports/hdf5/column_form_test.cpp
  player/exports/mcap/mcap_writer_test.cpp
  player/exports/messages/message_form_test.cpp
  support/disk_calls.cpp)
zbag_tests(player_timings_tests USES zbag::timings SOURCES
  player/timings/timing_file_test.cpp
  player/timings/timing_table_test.cpp)
zbag_tests(player_query_tests USES zbag::query zbag::recorder SOURCES
  player/query/sql_text_test.cpp
  player/query/bag_database_test.cpp
  player/query/parquet_writer_test.cpp
  player/query/aside_folder_test.cpp)
zbag_tests(player_query_analytics_tests USES zbag::analytics zbag::recorder SOURCES
  player/query/analytics/moments_test.cpp
  player/query/analytics/moving_average_test.cpp
  player/query/analytics/anomalies_test.cpp
  player/query/analytics/trends_test.cpp
  player/query/analytics/percentiles_test.cpp
  player/query/analytics/correlation_test.cpp
  player/query/analytics/distribution_test.cpp
  player/query/analytics/top_values_test.cpp
  player/query/analytics/number_column_test.cpp
  player/query/analytics/track_analytics_test.cpp
  player/query/analytics/analytics_names_test.cpp)
zbag_tests(player_query_diff_tests USES zbag::diff zbag::kinds fmt::fmt SOURCES
  player/query/diff/likeness_test.cpp
  player/query/diff/map_leaves_test.cpp
  player/query/diff/bag_diff_test.cpp
  player/query/diff/diff_model_test.cpp)
zbag_tests(player_query_plot_tests USES zbag::plot zbag::recorder SOURCES
  player/query/plot/gnuplot_test.cpp
  player/query/plot/envelope_test.cpp
  player/query/plot/track_envelopes_test.cpp)
