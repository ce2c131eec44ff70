#!/bin/sh
# Looks at what a power cut left in $POWERCUT_DIR. $POWERCUT_ACKED is a file with exactly the lines that the workload had
# printed before the power went. Let your program recover here first, as it would after a restart; then compare.
set -eu
cd "$POWERCUT_DIR"

while IFS= read -r line; do
  if ! grep -qxF -- "$line" journal 2>/dev/null; then
    echo "violated: durability \"$line\" was promised, and is not in the journal"
    exit 1
  fi
done < "$POWERCUT_ACKED"
