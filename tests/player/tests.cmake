# Tests of player/.
zbag_tests(player_tests USES zbag::player zbag::exports zbag::recorder PkgConfig::lzma SOURCES
  player/playback_clock_test.cpp
  player/formats/neutral_file_test.cpp
  player/player_test.cpp
  player/columns/cells_test.cpp
  player/exports/export_source_test.cpp
  player/exports/exporter_test.cpp
  player/formats/importer_test.cpp
  player/exports/output_file_test.cpp
  player/exports/output_tree_test.cpp
  player/exports/mcap/mcap_writer_test.cpp
  player/exports/messages/message_form_test.cpp
  support/disk_calls.cpp)
zbag_tests(player_query_tests USES zbag::query zbag::recorder SOURCES
  player/query/sql_text_test.cpp
  player/query/bag_database_test.cpp
  player/query/parquet_writer_test.cpp)
