# Tests of player/.
zbag_test(player/playback_clock_test.cpp USES zbag::player)
zbag_test(player/formats/neutral_file_test.cpp USES zbag::player PkgConfig::lzma)
zbag_test(player/player_test.cpp USES zbag::player zbag::recorder)
zbag_test(player/formats/exporter_test.cpp USES zbag::player zbag::recorder)
zbag_test(player/formats/importer_test.cpp USES zbag::player)
