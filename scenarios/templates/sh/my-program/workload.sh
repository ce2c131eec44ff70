#!/bin/sh
# The work of your program. It starts in an empty directory; what it does there is recorded.
# Put your program's commands here. To see a finding, take out one of the `sync` lines and run again.
set -eu

: > journal
sync journal # fsync(2) of the file
sync .       # fsync(2) of the directory: without it, the new file's name is not durable

for number in 1 2 3 4 5 6; do
  echo "entry $number" >> journal
  sync journal
  echo "entry $number" # the promise: from here on this entry must survive
done
