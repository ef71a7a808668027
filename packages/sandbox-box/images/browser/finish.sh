#!/bin/sh
# What Debian's packages do when they are installed, for a system that debian-rootfs.sh unpacked. Does no harm elsewhere.
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
link() { [ -e "$2" ] || { [ -e "$1" ] && ln -s "$1" "$2"; } || true; }

ldconfig
link /usr/bin/Xtigervnc /usr/bin/Xvnc
link /usr/bin/xterm /usr/bin/x-terminal-emulator
link /usr/bin/chromium /usr/bin/x-www-browser

# Without it each program that draws reads every font.
fc-cache -f

# Debian's switches for machines that this is not.
rm -f /etc/chromium.d/dev-shm

# A window manager that neither looks for a wallpaper nor asks.
mkdir -p /opt/agentscope/home/.fluxbox
printf 'background: none\n' >/opt/agentscope/home/.fluxbox/overlay
: >/opt/agentscope/home/.fluxbox/startup

# No program may raise its rights, Chromium's own included: its sandbox uses user namespaces.
find / -xdev -perm /6000 -type f -exec chmod a-s {} +
