#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# fetch-libblkio.sh DEST: put Debian's libblkio.so.1 of libblkio 1.5.0 into the folder DEST.
#
# The library is there to be compared with ours, so it is not installed: apt works on package
# lists, a cache and a source file of its own in a temporary folder, and the system's package
# sources, lists and packages stay as they are. The mirror is the one that the system's own
# configuration names, whatever its format. Exits 77 with the reason where there is nothing to
# fetch from: no apt, no Debian mirror, no network.
set -eu

suite=trixie
package=libblkio1
version=1.5.0

skip()
{
	echo "SKIP fetch-libblkio: $*" >&2
	exit 77
}

if [ $# -ne 1 ]; then
	echo "usage: $0 DEST" >&2
	exit 2
fi
mkdir -p "$1"
dest=$(cd "$1" && pwd)
if [ -e "$dest/libblkio.so.1" ]; then
	echo "$dest/libblkio.so.1"
	exit 0
fi

for tool in apt-get dpkg-deb; do
	command -v $tool >/dev/null || skip "no $tool: not a system with Debian packages"
done

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$tmp/parts" "$tmp/lists/partial" "$tmp/cache/archives/partial" "$tmp/root"

# ReleaseInfo=false: name the targets of the configuration also when no list was fetched yet.
codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
# shellcheck disable=SC2016 # the dollars are apt's
mirror=$(apt-get -o APT::Get::IndexTargets::ReleaseInfo=false indextargets \
	--format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
	awk -v release="$codename" '$1 == release && $2 == "main" { print $3; exit }')
[ -n "$mirror" ] || skip "apt's configuration names no mirror of the release '$codename'"

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
{
	printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n' "$mirror" "$suite"
	[ ! -e "$keyring" ] || printf 'Signed-By: %s\n' "$keyring"
} >"$tmp/parts/fetch.sources"

# A file given with -c is read last. The hooks of the system's configuration are cleared, since
# they are about the system's package cache.
cat >"$tmp/apt.conf" <<END
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
APT::Sandbox::User "";
APT::Default-Release "";
Acquire::Languages "none";
Acquire::Retries "1";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$tmp/parts";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$tmp/none";
Dir::State::lists "$tmp/lists";
Dir::Cache "$tmp/cache";
END

reason()
{
	grep -m 1 -i -e 'could not' -e 'failure' -e '^E: ' "$tmp/log" || tail -n 1 "$tmp/log"
}

apt-get -c "$tmp/apt.conf" -q update --error-on=any >"$tmp/log" 2>&1 ||
	skip "apt-get cannot read the package lists of $suite: $(reason)"
cd "$tmp"
apt-get -c "$tmp/apt.conf" -q download "$package" >"$tmp/log" 2>&1 ||
	skip "apt-get cannot fetch $package: $(reason)"
deb=$(echo "$package"_*.deb)
case $deb in
"$package"_"$version"-*) ;;
*) skip "$suite has ${deb%.deb}, not version $version" ;;
esac

dpkg-deb -x "$deb" "$tmp/root"
library=$(find "$tmp/root" -name 'libblkio.so.1*' -type f | head -n 1)
[ -n "$library" ] || skip "$deb has no libblkio.so.1"
name=$(basename "$library")
cp "$library" "$dest/$name"
ln -sf "$name" "$dest/libblkio.so.1"
echo "$dest/libblkio.so.1"
