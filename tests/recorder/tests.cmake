# Tests of recorder/, a program a room of the bag.
zbag_tests(recorder_bag_pages_tests USES zbag::bag fmt::fmt SOURCES
  recorder/bag/pages/lmdb_test.cpp
  recorder/bag/pages/lock_file_test.cpp
  recorder/bag/pages/meta_pages_test.cpp recorder/bag/pages/overlay_test.cpp
  recorder/bag/pages/cache_keeper_test.cpp)
zbag_tests(recorder_bag_records_tests USES zbag::bag SOURCES
  recorder/bag/records/layout_test.cpp)
zbag_tests(recorder_bag_block_tests USES zbag::bag zbag::imports PkgConfig::xxhash SOURCES
  recorder/bag/block/block_summary_test.cpp
  recorder/bag/block/block_test.cpp
  recorder/bag/block/block_cache_test.cpp
  recorder/bag/block/recorded_columns_test.cpp
  recorder/bag/block/columns/byte_planes_test.cpp
  recorder/bag/block/columns/record_planes_test.cpp
  recorder/bag/block/columns/int_stream_test.cpp
  recorder/bag/block/columns/float_stream_test.cpp
  recorder/bag/block/columns/point_streams_test.cpp
  recorder/bag/block/columns/column_summary_test.cpp
  recorder/bag/block/columns/columns_body_test.cpp
  recorder/bag/block/columns/golden_columns_test.cpp)
zbag_tests(recorder_bag_journal_tests USES zbag::bag SOURCES
  recorder/bag/journal/journal_record_test.cpp
  recorder/bag/journal/journal_layer_test.cpp)
zbag_tests(recorder_bag_write_tests USES zbag::bag SOURCES
  recorder/bag/write/journal_ledger_test.cpp
  recorder/bag/write/encode_pool_test.cpp
  recorder/bag/write/full_blocks_test.cpp
  recorder/bag/write/tail_order_test.cpp
  recorder/bag/write/tail_test.cpp
  recorder/bag/write/track_writer_test.cpp
  recorder/bag/write/bag_writer_test.cpp
  recorder/bag/write/write_amplification_test.cpp)
zbag_tests(recorder_bag_read_tests USES zbag::recorder zbag::kinds SOURCES
  recorder/bag/read/bag_reader_test.cpp
  recorder/bag/read/block_spread_test.cpp
  recorder/bag/read/loser_tree_test.cpp
  recorder/bag/read/column_reader_test.cpp
  recorder/bag/read/track_fields_test.cpp
  recorder/bag/read/field_values_test.cpp
  recorder/bag/read/track_schema_test.cpp
  recorder/bag/read/track_split_test.cpp
  recorder/bag/read/track_summaries_test.cpp
  recorder/bag/read/playlist_test.cpp)
zbag_tests(recorder_bag_upkeep_tests USES zbag::recorder SOURCES
  recorder/bag/upkeep/check_test.cpp
  recorder/bag/upkeep/lying_records_test.cpp
  recorder/bag/upkeep/compact_test.cpp
  recorder/bag/upkeep/cut_test.cpp
  recorder/bag/upkeep/recover_test.cpp
  recorder/bag/upkeep/bit_flip_test.cpp
  recorder/bag/upkeep/recover_newest_test.cpp
  recorder/bag/upkeep/recover_sectors_test.cpp
  recorder/bag/upkeep/merge_test.cpp)
zbag_tests(recorder_bag_tests USES zbag::bag SOURCES
  recorder/bag/bag_file_test.cpp
  recorder/bag/lock_race_test.cpp
  recorder/bag/squeeze_test.cpp
  recorder/bag/bag_model_test.cpp
  recorder/bag/damage_test.cpp)
zbag_tests(recorder_timings_tests USES zbag::recorder SOURCES
  recorder/timings/timing_log_test.cpp)
zbag_tests(recorder_tests USES zbag::recorder zbag::kinds SOURCES
  recorder/losses_test.cpp
  recorder/offenders_test.cpp
  recorder/refusal_text_test.cpp
  recorder/totals_test.cpp
  recorder/intake_test.cpp
  recorder/merge_buffer_test.cpp
  recorder/overflow_queue_test.cpp
  recorder/storage/storage_test.cpp recorder/storage/schema_storage_test.cpp
  recorder/store_thread_test.cpp
  recorder/bag_series_test.cpp
  recorder/bag_remover_test.cpp
  recorder/recording_test.cpp
  recorder/batch_insert_test.cpp
  recorder/recording_split_test.cpp
  recorder/recording_rescue_test.cpp
  recorder/bag_session_test.cpp
  recorder/bag_session_sync_test.cpp
  recorder/bag_crash_test.cpp
  recorder/golden_test.cpp)

# Programs of their own, because they bring calls of the system or operator new for the whole
# program; the last not under a sanitizer, which brings its own.
zbag_tests(power_loss_tests USES zbag::recorder SOURCES
  recorder/power_loss_test.cpp
  support/disk_calls.cpp)
zbag_tests(disk_full_tests USES zbag::recorder SOURCES
  recorder/disk_full_test.cpp
  support/disk_calls.cpp)
zbag_tests(clock_step_tests USES zbag::recorder SOURCES
  recorder/clock_step_test.cpp
  support/wall_clock.cpp)
if(NOT ZBAG_SANITIZE)
  zbag_tests(allocation_tests USES zbag::recorder SOURCES
    recorder/allocation_test.cpp)
endif()

# Makes a golden bag; run by hand, once a format version.
add_executable(golden_make EXCLUDE_FROM_ALL golden/golden_make.cpp)
target_include_directories(golden_make PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(golden_make PRIVATE zbag::bag)
set_target_properties(golden_make PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
