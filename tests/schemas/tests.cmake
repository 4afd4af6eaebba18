# Tests of schemas/.
zbag_test(schemas/timestamp_test.cpp USES zbag::schemas)
zbag_test(schemas/track_name_test.cpp USES zbag::schemas)
zbag_test(schemas/json_text_test.cpp USES zbag::schemas)
zbag_test(schemas/frame_test.cpp USES zbag::schemas)
zbag_test(schemas/frame_scan_test.cpp USES zbag::schemas)
zbag_test(schemas/frame_layout_test.cpp USES zbag::schemas)
zbag_test(schemas/frame_fields_test.cpp USES zbag::schemas)
zbag_test(schemas/merge_pairs_test.cpp USES zbag::schemas)
