#!/bin/sh
# What Debian's packages do when they are installed, for a system that debian-rootfs.sh unpacked, and what makes a box start
# quickly. Does no harm where it is done already.
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
link() { [ -e "$2" ] || { [ -e "$1" ] && ln -s "$1" "$2"; } || true; }
libraries=/usr/lib/$(uname -m)-linux-gnu

ldconfig
link /usr/bin/mawk /usr/bin/awk
link "$libraries/openblas-pthread/libblas.so.3" "$libraries/libblas.so.3"
link "$libraries/openblas-pthread/liblapack.so.3" "$libraries/liblapack.so.3"
link "$libraries/openblas-pthread/libopenblas.so.0" "$libraries/libopenblas.so.0"
link /usr/bin/python3 /usr/bin/python
ldconfig

grep -q ^agent: /etc/passwd || {
  echo 'agent:x:1000:1000::/home/agent:/bin/bash' >>/etc/passwd
  echo 'agent:x:1000:' >>/etc/group
}
install -d -o 1000 -g 1000 /home/agent /workspace
install -d /opt/agentscope/snapshot

# No program may raise its rights.
find / -xdev -perm /6000 -type f -exec chmod a-s {} +

# Byte code, or each start of Python compiles anew.
python3 -m compileall -q -j 0 -x '/(tests?|lib2to3|idlelib)/' /usr/lib/python3 /usr/lib/python3.* >/dev/null || true

# What matplotlib would look for at its first import, in the home that each box begins with.
home=/opt/agentscope/home
mkdir -p "$home"
HOME=$home python3 -c 'import matplotlib.font_manager'
