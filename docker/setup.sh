#!/bin/sh
# A Docker engine for subjects in containers, from the distribution's packages, where none runs.
#
#   docker/setup.sh start   installs one (Debian, Ubuntu) and starts it in the background, unless one answers already
#   docker/setup.sh stop    ends the engine that `start` started; one that it found is left alone
#
# Answers 0 once the engine answers, or is gone; 69 where that cannot be had here.
set -eu

socket=/var/run/docker.sock
state=/run/powercut-engine
log=/var/log/powercut-engine.log
patience=30 # seconds, for a start or a stop

# Neither curl nor the docker program need be there.
answers() {
  node -e '
    const request = require("node:http").get({ socketPath: process.argv[1], path: "/_ping", timeout: 2000 });
    request.on("response", ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1));
    request.on("error", () => process.exit(1)).on("timeout", () => process.exit(1));
  ' "$socket"
}

fail() {
  echo "docker/setup.sh: $1" >&2
  exit 69
}

install() {
  command -v apt-get >/dev/null || fail 'there is no dockerd, and no apt-get to install it: install Docker, and start it'
  echo 'docker/setup.sh: installing docker.io'
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q update >"$log" 2>&1 || true # The lists that are there may do.
  # A package must not start what this script starts itself; nor is there always an init system that could.
  apt-get -q -y --no-install-recommends install docker.io </dev/null >>"$log" 2>&1 ||
    fail "apt-get could not install docker.io; $log has what it said"
}

# In a bare container or virtual machine nobody may have mounted them.
mount_control_groups() {
  grep -q ' cgroup2\? ' /proc/mounts && return
  mount -t cgroup2 cgroup2 /sys/fs/cgroup || fail 'control groups cannot be mounted on /sys/fs/cgroup'
  touch "$state/cgroups"
}

start() {
  if answers; then
    echo 'docker/setup.sh: an engine answers already'
    return
  fi
  [ "$(id -u)" = 0 ] || fail 'no engine answers, and only root can start one'
  command -v dockerd >/dev/null || install
  # A package's own service may have come up with it.
  if answers; then
    echo 'docker/setup.sh: an engine answers'
    return
  fi
  mkdir -p "$state"
  mount_control_groups
  setsid dockerd --pidfile "$state/pid" --data-root /var/lib/docker >"$log" 2>&1 </dev/null &
  engine=$!
  waited=0
  until answers; do
    kill -0 "$engine" 2>/dev/null || fail "the engine ended; $log has what it said"
    [ "$waited" -lt "$patience" ] || fail "the engine does not answer; $log has what it said"
    sleep 1
    waited=$((waited + 1))
  done
  echo "docker/setup.sh: started an engine; its log is $log"
}

stop() {
  if [ ! -d "$state" ]; then
    echo 'docker/setup.sh: there is no engine that it started'
    return
  fi
  engine=$(cat "$state/pid" 2>/dev/null || true)
  # An engine that was killed leaves its pid behind, which may be another process's by now.
  if [ "$(cat "/proc/$engine/comm" 2>/dev/null)" = dockerd ] && kill "$engine" 2>/dev/null; then
    waited=0
    while kill -0 "$engine" 2>/dev/null; do
      [ "$waited" -lt "$patience" ] || fail "the engine, process $engine, does not end; $log has what it says"
      sleep 1
      waited=$((waited + 1))
    done
  fi
  [ ! -e "$state/cgroups" ] || umount /sys/fs/cgroup
  rm -r "$state"
  echo 'docker/setup.sh: ended the engine'
}

case "${1:-}" in
  start) start ;;
  stop) stop ;;
  *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
esac
