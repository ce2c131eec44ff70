# Sourced by the scripts beside it: git without the user's configuration, with fixed names and dates, so that each run makes
# the same commits.
export HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null LC_ALL=C
export GIT_AUTHOR_NAME=powercut GIT_AUTHOR_EMAIL=powercut@example.org
export GIT_COMMITTER_NAME=powercut GIT_COMMITTER_EMAIL=powercut@example.org
# The volume may belong to another user than the one who runs this. And no clean-up in the background.
export GIT_CONFIG_COUNT=2 \
  GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*' \
  GIT_CONFIG_KEY_1=maintenance.auto GIT_CONFIG_VALUE_1=false
repository=$POWERCUT_DIR/repository

# commit N: a change to one file, added and committed at the N-th second of 2024.
commit() {
  GIT_AUTHOR_DATE="2024-01-01T00:00:0$1Z" GIT_COMMITTER_DATE="2024-01-01T00:00:0$1Z"
  export GIT_AUTHOR_DATE GIT_COMMITTER_DATE
  echo "line $1" >> file.txt
  git add file.txt
  git commit -q -m "commit $1"
}
