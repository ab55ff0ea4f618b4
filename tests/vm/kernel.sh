# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# A kernel of Debian's as plain files: nothing is installed, and the user's package sources stay as
# they are. To be sourced.
#
#	kernel_fetch SUITE PACKAGE DIR	DIR/vmlinuz, DIR/version and DIR/lib/modules, unless they are there
#	kernel_inflate DIR		DIR/vmlinux, if that can be had from it
#	kernel_image DIR		prints which of the two is to be started

# Where Debian comes from on this machine: "[options] URI" of the source that has the release.
kernel_source() {
	kernel_release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	[ -n "$kernel_release" ] || return 1
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
		sed -n "s/^deb *\(\[[^]]*\]\)\{0,1\} *\([^ ]*\) *$kernel_release main.*/\1 \2/p" | head -n 1 |
		grep . && return
	for kernel_file in /etc/apt/sources.list.d/*.sources; do
		kernel_stanza "$kernel_file" "$kernel_release" | grep . && return
	done
	return 1
}

# The first stanza of a file in the newer form that has the release and the component main.
kernel_stanza() {
	awk -v release="$2" '
		function finish() {
			if (!done && uri && (" " suites " ") ~ (" " release " ") &&
			    (" " components " ") ~ / main /) {
				print (key ~ /^\// ? "[signed-by=" key "] " : "") uri
				done = 1
			}
			uri = suites = components = key = ""
		}
		/^$/ { finish() }
		/^URIs:/ { uri = $2 }
		/^Signed-By:/ { key = $2 }
		/^Suites:/ { sub(/^Suites: */, ""); suites = $0 }
		/^Components:/ { sub(/^Components: */, ""); components = $0 }
		END { finish() }' "$1" 2>/dev/null
}

# apt with folders of its own below $kernel_work.
kernel_apt() {
	kernel_tool=$1
	shift
	"$kernel_tool" -q -o Dir::Etc::sourcelist="$kernel_work/sources.list" \
		-o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$kernel_work/lists" \
		-o Dir::Cache="$kernel_work/cache" -o APT::Sandbox::User="$(id -un)" "$@"
}

# The package that a package like linux-image-amd64 stands for.
kernel_real_name() {
	kernel_apt apt-cache show "$1" |
		sed -n 's/^Depends: \(linux-image-[^ ,]*\).*/\1/p' | head -n 1
}

kernel_unpack() {
	kernel_version=$(cd "$1" && echo boot/vmlinuz-*) && kernel_version=${kernel_version#boot/vmlinuz-}
	[ -d "$1/lib/modules" ] || mv "$1/usr/lib" "$1/lib"
	mv "$1/boot/vmlinuz-$kernel_version" "$1/vmlinuz" &&
		depmod -b "$1" "$kernel_version" && echo "$kernel_version" >"$1/version"
}

kernel_download() {
	mkdir -p "$kernel_work/lists/partial" "$kernel_work/cache/archives/partial" "$kernel_work/root" &&
		echo "deb $1 $2 main" >"$kernel_work/sources.list" &&
		kernel_apt apt-get update &&
		kernel_name=$(kernel_real_name "$3") && [ -n "$kernel_name" ] &&
		(cd "$kernel_work" && kernel_apt apt-get download "$kernel_name") &&
		dpkg-deb -x "$kernel_work/$kernel_name"_*.deb "$kernel_work/root" &&
		kernel_unpack "$kernel_work/root"
}

kernel_fetch() {
	[ ! -e "$3/version" ] || return 0
	kernel_from=$(kernel_source) || {
		echo "no package source of this machine has a kernel"
		return 1
	}
	mkdir -p "$(dirname "$3")" && kernel_work=$(mktemp -d "$3.XXXXXX") || return 1
	if kernel_download "$kernel_from" "$1" "$2" >"$kernel_work/log" 2>&1; then
		rm -rf "$3" && mv "$kernel_work/root" "$3"
		kernel_result=$?
	else
		echo "the package $2 of $1 could not be had: $(tail -n 2 "$kernel_work/log" | tr '\n' ' ')"
		kernel_result=1
	fi
	rm -rf "$kernel_work"
	return $kernel_result
}

# FILE OFFSET: a little-endian number of 32 bits.
kernel_number() {
	od -A n -t u4 -j "$2" -N 4 "$1" | tr -d ' '
}

# The compressed kernel inside of a bzImage: behind the sectors of its set-up (Documentation/arch/x86/boot.rst:
# setup_sects, payload_offset, payload_length), without the size at its end that tools do not know.
kernel_payload() {
	kernel_sectors=$(od -A n -t u1 -j 497 -N 1 "$1" | tr -d ' ')
	kernel_at=$(((kernel_sectors + 1) * 512 + $(kernel_number "$1" 584)))
	tail -c +$((kernel_at + 1)) "$1" | head -c $(($(kernel_number "$1" 588) - 4))
}

# The host inflates a kernel in no time, an emulated processor takes one to two seconds. QEMU starts it
# by its PVH entry. Without the tool for this format the guest does it.
kernel_inflate() {
	[ ! -e "$1/vmlinux" ] || return 0
	kernel_raw=$(mktemp "$1/vmlinux.XXXXXX") || return 0
	for kernel_tool in zstd lz4 xz gzip; do
		command -v $kernel_tool >/dev/null || continue
		kernel_payload "$1/vmlinuz" | $kernel_tool -dcq >"$kernel_raw" 2>/dev/null || continue
		[ "$(head -c 4 "$kernel_raw" | tail -c 3)" = ELF ] || continue
		chmod 644 "$kernel_raw" && mv "$kernel_raw" "$1/vmlinux"
		return
	done
	rm -f "$kernel_raw"
}

kernel_image() {
	if [ -e "$1/vmlinux" ]; then echo "$1/vmlinux"; else echo "$1/vmlinuz"; fi
}
