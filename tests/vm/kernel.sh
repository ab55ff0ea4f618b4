# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# A kernel of Debian's as plain files: nothing is installed, and the user's package sources stay as
# they are. To be sourced.
#
#	kernel_fetch SUITE PACKAGE DIR	DIR/vmlinuz, DIR/version and DIR/lib/modules, unless they are there

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
