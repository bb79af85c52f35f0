#!/bin/sh
# Starts a Docker Engine in another root file system. Runs in mount, network and pid namespaces of its own, so nothing of
# it outlasts its first process.
#
#   enter.sh ROOT SHARED     SHARED becomes /shared in ROOT
#
# pivot_root rather than chroot: `docker exec` enters the root of the mount namespace, so with a chroot health checks
# would run outside their containers.
set -eu
root=$1
shared=$2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mkdir -p "$root/shared" "$root/outside"
mount --bind "$shared" "$root/shared"
ulimit -n "$(ulimit -H -n)"
cd "$root"
pivot_root . outside
umount -l /outside
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
ip link set lo up
# What is left of an engine that was killed.
rm -f /var/run/docker.pid
exec tini -s -- dockerd --cgroup-parent=/watchtogether-containers --exec-opt native.cgroupdriver=cgroupfs
