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

# The window manager asks for a picture to hang up, and asks people where no program can do it.
printf '#!/bin/sh\nexec xsetroot -solid "#3b4252"\n' >/usr/bin/fbsetbg
chmod 755 /usr/bin/fbsetbg
mkdir -p /opt/agentscope/home/.fluxbox
: >/opt/agentscope/home/.fluxbox/startup

# A browser that belongs to nobody offers nobody an account.
mkdir -p /etc/chromium/policies/managed
cat >/etc/chromium/policies/managed/sandbox.json <<JSON
{ "BrowserSignin": 0, "SyncDisabled": true, "MetricsReportingEnabled": false, "PasswordManagerEnabled": false,
  "DefaultBrowserSettingEnabled": false, "TranslateEnabled": false, "PromotionsEnabled": false }
JSON

# No program may raise its rights, Chromium's own included: its sandbox uses user namespaces.
find / -xdev -perm /6000 -type f -exec chmod a-s {} +
