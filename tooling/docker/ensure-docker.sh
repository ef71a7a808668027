#!/usr/bin/env bash
# Makes a Docker engine answer on its usual socket, and gives it gVisor where Debian has it. Installs and starts what is missing
# when it runs as root, and leaves alone what is there. Ends with 1 when there is no engine afterwards.
set -uo pipefail
socket=/var/run/docker.sock
answers() { curl -fsS -m 2 --unix-socket "$socket" http://docker/_ping >/dev/null 2>&1; }
info() { curl -fsS -m 5 --unix-socket "$socket" http://docker/info 2>/dev/null; }

start() {
  if ! command -v dockerd >/dev/null; then
    apt-get update -qq && apt-get install -y -qq --no-install-recommends docker.io cgroupfs-mount >/dev/null
    answers && return # Its package has started it.
  fi
  # What a killed engine left keeps the next from starting.
  if [ -f /var/run/docker.pid ] && ! kill -0 "$(cat /var/run/docker.pid)" 2>/dev/null; then rm -f /var/run/docker.pid; fi
  if [ ! -f /sys/fs/cgroup/cgroup.controllers ] && ! mountpoint -q /sys/fs/cgroup/memory; then cgroupfs-mount; fi
  setsid nohup dockerd >/var/log/dockerd.log 2>&1 </dev/null &
  for _ in $(seq 300); do
    answers && return
    sleep 0.1
  done
  tail -20 /var/log/dockerd.log >&2
}

# One static program in a package of Debian 13; that of Debian 12 cannot run on new kernels.
add_gvisor() {
  local place=/opt/gvisor lists mirror settings=/etc/docker/daemon.json
  if [ ! -x "$place/usr/bin/runsc" ]; then
    # From wherever this machine has its packages.
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/*$') || return
    lists=$(mktemp -d) && mkdir -p "$lists/lists/partial" "$place" || return
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$lists/trixie.list"
    local options=(-qq -o "Dir::Etc::SourceList=$lists/trixie.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$lists/lists" \
      -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root)
    (cd "$lists" && apt-get "${options[@]}" update && apt-get "${options[@]}" download runsc && dpkg-deb -x runsc_*.deb "$place") || return
    rm -rf "$lists"
  fi
  [ ! -e "$settings" ] || return # Somebody's own.
  mkdir -p /etc/docker
  cat >"$settings" <<JSON
{"experimental":true,"runtimes":{"runsc":{"path":"$place/usr/bin/runsc","runtimeArgs":["--platform=systrap","--network=none","--host-uds=all","--overlay2=none"]}}}
JSON
  # A new runtime is read while it runs; that it may experiment, which snapshots of memory need, only when it begins. An engine that
  # was there before may have somebody's containers.
  pid=$(cat /var/run/docker.pid 2>/dev/null || pidof -s dockerd) || return
  if [ -z "$ours" ]; then
    kill -HUP "$pid"
    echo "Start Docker again for snapshots of gVisor's memory." >&2
  else
    kill "$pid"
    for _ in $(seq 100); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    start
  fi
  for _ in $(seq 50); do
    info | grep -q '"runsc"' && return
    sleep 0.1
  done
}

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  ours=
  answers || { ours=yes && start; }
  if answers && ! info | grep -q '"runsc"'; then add_gvisor || echo "No gVisor here." >&2; fi
fi
answers
