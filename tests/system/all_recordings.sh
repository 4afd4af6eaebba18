#!/bin/bash
# All real recordings whose jsonl is under 25 MB survive pub --burst -> record -> cat (section 6.1
# of the issue): prints one line a set, ends with 1 when one of them did not.
#
#   ZBAG_BIN=build/release/zbag ZBAG_TEST_DATA=../shared/data tests/system/all_recordings.sh
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=/usr/bin/python3

# Without recordings the script says so and ends with 77.
if ! sets=$("$python" "$here/recordings_test.py" --list-sets 25000000); then
  echo "$sets"
  exit 77
fi

failed=0
for name in $sets; do
  began=$SECONDS
  if report=$("$python" "$here/recordings_test.py" --set "$name"); then
    echo "ok      $name: $report, $((SECONDS - began)) s"
  else
    echo "FAILED  $name"
    failed=1
  fi
done
exit $failed
