#!/bin/sh
# Takes out of a Debian system what installs, builds or documents, and gives it the user; leaves it in FOLDER. Run by docker/Dockerfile.
# usage: slim_system.sh FOLDER
set -eu

# names of packages as patterns: releases of Debian differ in the numbers
unneeded="adduser apt bsdutils debconf debian-archive-keyring e2fsprogs gpgv install-info libapt-pkg* libcom-err2
  libext2fs* libgdbm* libgnutls* libhogweed* libidn2* libnettle* libp11-kit* libperl* libsemanage* libsepol*
  libss2 libtasn1* libunistring* libxxhash* login logsave mount passwd perl perl-base
  perl-modules* readline-common sysvinit-utils usr-is-merged usrmerge util-linux-extra"

groupadd --gid 50000 airflow
useradd --uid 50000 --gid 0 --home-dir /opt/airflow --no-create-home --shell /bin/bash airflow
mkdir -p /opt/airflow

# without scripts: they would call what is removed with them
rm -f /var/lib/dpkg/info/*.prerm /var/lib/dpkg/info/*.postrm
for pattern in $unneeded; do
  dpkg-query --show --showformat '${binary:Package}\n' "$pattern" 2>/dev/null || true
done | xargs dpkg --purge --force-remove-essential --force-remove-protected --force-depends >/dev/null 2>&1

# what is left of these stays in dpkg's list, which scanners read
rm -rf /usr/bin/su /usr/sbin/runuser /usr/bin/dpkg* /usr/sbin/dpkg* /usr/bin/update-alternatives /usr/sbin/start-stop-daemon /usr/lib/dpkg /etc/alternatives/README \
  /usr/share/dpkg /var/lib/dpkg/info /var/lib/dpkg/alternatives /var/lib/dpkg/triggers /var/lib/dpkg/*-old \
  /etc/apt /etc/dpkg /etc/cron* /etc/pip.conf /etc/*- /var/lib/apt /var/cache/* /var/log/* /var/backups \
  /usr/lib/*/gconv /usr/lib/*/perl* /usr/share/perl* /usr/share/keyrings /usr/share/gcc /usr/share/gdb \
  /usr/share/doc /usr/share/man /usr/share/info /usr/share/locale /usr/share/lintian /usr/share/bug \
  /usr/share/bash-completion /usr/share/pixmaps /usr/share/menu /usr/share/common-licenses

# of Python: no pip, and the standard library compiled
cd /usr/local
rm -rf bin/pip* bin/idle* bin/2to3* bin/pydoc* bin/python*-config include share lib/pkgconfig lib/python3.12/site-packages/* \
  lib/python3.12/ensurepip lib/python3.12/idlelib lib/python3.12/lib2to3 lib/python3.12/test lib/python3.12/tkinter \
  lib/python3.12/turtledemo lib/python3.12/turtle.py lib/python3.12/config-*
# compiled anew (-f): what runs while it compiles has written its own, which knows a time
find /usr -name __pycache__ -prune -exec rm -rf {} +
PYTHONHASHSEED=0 python3 -m compileall -qf --invalidation-mode unchecked-hash lib/python3.12

# nothing that is left misses what went
missing=$(find /usr/bin /usr/sbin /usr/lib /usr/local -type f \( -perm -u+x -o -name '*.so*' \) -exec ldd {} + 2>/dev/null | grep 'not found' | sort -u || true)
if [ -n "$missing" ]; then
  echo "error: libraries that are needed were removed: $missing" >&2
  exit 1
fi

# without what the engine mounts while this runs
mkdir -p "$1/root" "$1/dev" "$1/proc" "$1/sys" "$1/run"
mkdir -m 1777 "$1/tmp"
cp -a --one-file-system /bin /etc /home /lib* /opt /sbin /srv /usr /var "$1/"
for file in hosts hostname resolv.conf; do
  rm -f "$1/etc/$file"
  : >"$1/etc/$file"
done
rm -rf "$1"/var/tmp/*
find "$1" -perm /6000 -type f -exec chmod a-s {} +
