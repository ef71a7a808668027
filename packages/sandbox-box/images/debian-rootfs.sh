#!/bin/sh
# Makes a Debian root directory where no image can be pulled: apt, on a Debian host, names every package that is needed
# and downloads it; each is unpacked, and nothing of it is run. Needs no root.
# usage: debian-rootfs.sh DIRECTORY PACKAGE...
set -eu
out=$1
shift

# What only compiles or debugs, what graphics cards and system services need, and what noVNC's own server would: its pages are
# all that is taken of it.
skip="binutils.* cpp.* g\\+\\+.* gcc gcc-12 gdb .*-dev libc-dev-bin lib(asan8|cc1-0|ctf.*|gprofng0|isl23|itm1|lsan0|mpc3|mpfr6|tsan2|ubsan1) \
lib(babeltrace1|debuginfod.*|dw1|ipt2|source-highlight.*) linux-libc-dev perl perl-modules-.* libperl.* python3-pythran rpcsvc-proto \
unicode-data blt tk8.* python3-tk usrmerge ucf sensible-utils adduser passwd wget menu xdg-utils ieee-data poppler-data docutils-common \
libllvm.* libz3-4 libgl1-mesa-dri libdrm-(amdgpu1|nouveau2|radeon1) .*-icon-theme gtk-update-icon-cache at-spi2-common \
systemd.* libpam-.* libsystemd-shared dbus-user-session dconf-.* dmsetup libcryptsetup12 libdevmapper.* libargon2-1 \
libgs(10.*|-common) libijs-.* libspectre1 libjbig2dec0 fonts-urw-base35 libx265-.* libheif1 libde265-0 xfonts-.* \
nodejs libnode.* node-.* websockify net-tools python3-(cryptography|debtcollector|deprecated|docutils|iso8601|jwcrypto|msgpack) \
python3-(netaddr|netifaces|novnc|oslo.*|pbr|pyinotify|rfc3986|roman|stevedore|websockify|wrapt)"
skip="^($(echo $skip | tr ' ' '|'))\$"

rm -rf "$out"
debs=$out.debs
mkdir -p "$out" "$debs/partial"
: >"$debs/status"
apt() {
  apt-get -q -o "Dir::State::status=$debs/status" -o APT::Install-Recommends=false -o Debug::NoLocking=1 \
    -o APT::Sandbox::User= -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache=" "$@"
}

echo "Asking apt what is needed"
# Against an empty system, so that nothing counts as installed. The essential packages come by name.
apt install -s base-files base-passwd libc-bin mawk ncurses-base ncurses-bin sysvinit-utils "$@" >"$debs/plan"
awk -v skip="$skip" '/^Inst/ && $2 !~ skip { sub(/^\(/, "", $3); print $2 "=" $3 }' "$debs/plan" >"$debs/list"

echo "Downloading $(wc -l <"$debs/list") packages"
(cd "$debs" && xargs -r apt-get -q -o APT::Sandbox::User= download <list >/dev/null)

echo "Unpacking"
for folder in bin sbin lib lib64; do
  mkdir -p "$out/usr/$folder"
  ln -s "usr/$folder" "$out/$folder"
done
# Two at a time: what takes long is the decompression.
find "$debs" -name '*.deb' -print0 | OUT=$out xargs -0 -P 2 -n 8 sh -c '
  for deb in "$@"; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$OUT" --keep-directory-symlink --no-same-owner \
      --exclude=./usr/share/doc --exclude=./usr/share/man --exclude=./usr/share/info --exclude=./usr/share/locale \
      --exclude=./usr/share/lintian --exclude=./usr/share/bug --exclude="./usr/lib/python3/dist-packages/*/tests" || exit 255
  done' unpack
mkdir -p "$out/dev" "$out/etc/ssl/certs" "$out/home" "$out/proc" "$out/run" "$out/sys" "$out/tmp" "$out/var/tmp"
chmod 1777 "$out/tmp" "$out/var/tmp"
cp "$out/usr/share/base-passwd/passwd.master" "$out/etc/passwd"
cp "$out/usr/share/base-passwd/group.master" "$out/etc/group"
cat "$out"/usr/share/ca-certificates/mozilla/*.crt >"$out/etc/ssl/certs/ca-certificates.crt"
ln -sf dash "$out/usr/bin/sh"
rm -rf "$debs"
