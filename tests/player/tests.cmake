# Tests of player/.
zbag_tests(player_tests USES zbag::player zbag::recorder PkgConfig::lzma SOURCES
  player/playback_clock_test.cpp
  player/neutral_file_test.cpp
  player/playlist_test.cpp
  player/player_test.cpp
  player/exporter_test.cpp)
