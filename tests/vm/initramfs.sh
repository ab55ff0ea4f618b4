# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# An initramfs with busybox, modules of a kernel, and programs with the libraries they need. To be
# sourced.
#
#	initramfs_make KERNEL-DIR IMAGE TESTS-DIR PROGRAM...
#	initramfs_append IMAGE NAME TEXT

initramfs_modules="nvme vfio_iommu_type1 vfio-pci virtio_blk vduse vhost_vdpa virtio_vdpa null_blk loop"

# The files of a module and of those that it needs, in order; none if it is built in.
initramfs_module_files() {
	modprobe -d "$1" -S "$(cat "$1/version")" --show-depends "$2" 2>/dev/null |
		awk '$1 == "insmod" { print $2 }'
}

# The list of each module has the names and files of what it needs, for the guest has no modprobe.
# initramfs_unpack_modules KERNEL-DIR DIR
initramfs_unpack_modules() {
	for initramfs_module in $initramfs_modules; do
		: >"$2/$initramfs_module.list" || return 1
		for initramfs_file in $(initramfs_module_files "$1" "$initramfs_module"); do
			initramfs_base=$(basename "$initramfs_file" .xz)
			echo "$(echo "${initramfs_base%.ko}" | tr - _) $initramfs_base" >>"$2/$initramfs_module.list"
			[ ! -e "$2/$initramfs_base" ] || continue
			case $initramfs_file in
			*.xz) xz -dc "$initramfs_file" >"$2/$initramfs_base" || return 1 ;;
			*) cp "$initramfs_file" "$2/" || return 1 ;;
			esac
		done
	done
	echo "$initramfs_modules" >"$2/unpacked"
}

# Another run may do the same at this time: whoever is first.
initramfs_keep_modules() {
	initramfs_new=$(mktemp -d "$1/guest-modules.XXXXXX") || return 1
	chmod 755 "$initramfs_new" && initramfs_unpack_modules "$1" "$initramfs_new" &&
		rm -rf "$1/guest-modules" && mv -T "$initramfs_new" "$1/guest-modules" 2>/dev/null
	rm -rf "$initramfs_new"
	[ -e "$1/guest-modules/unpacked" ]
}

# initramfs_add_modules KERNEL-DIR ROOT: they are unpacked once, and kept with the kernel.
initramfs_add_modules() {
	[ "$(cat "$1/guest-modules/unpacked" 2>/dev/null)" = "$initramfs_modules" ] ||
		initramfs_keep_modules "$1" || return 1
	cp -r "$1/guest-modules" "$2/lib/modules"
}

# PROGRAM ROOT
initramfs_add_program() {
	install -m 755 "$1" "$2/bin/$(basename "$1")" || return 1
	for initramfs_library in $(ldd "$1" 2>/dev/null | awk '/=> \// { print $3 } $1 ~ /^\// { print $1 }'); do
		[ -e "$2/lib/$(basename "$initramfs_library")" ] ||
			cp -L "$initramfs_library" "$2/lib/" || return 1
	done
}

# ROOT PROGRAM...
initramfs_add_programs() {
	initramfs_to=$1
	shift
	for initramfs_program; do
		initramfs_add_program "$initramfs_program" "$initramfs_to" || return 1
	done
}

# IMAGE NAME TEXT: one more file for an image that is there. The kernel unpacks archive after archive.
initramfs_append() {
	initramfs_root=$(mktemp -d) &&
		printf '%s\n' "$3" >"$initramfs_root/$2" &&
		(cd "$initramfs_root" && echo "$2" | cpio -o -H newc --quiet -R 0:0) >>"$1"
	initramfs_result=$?
	rm -rf "$initramfs_root"
	return $initramfs_result
}

initramfs_make() {
	initramfs_kernel=$1 initramfs_image=$2 initramfs_tests=$3
	shift 3
	initramfs_root=$(mktemp -d) || return 1
	chmod 755 "$initramfs_root" && mkdir -p "$initramfs_root/bin" "$initramfs_root/lib" "$initramfs_root/proc" \
		"$initramfs_root/sys" "$initramfs_root/dev" "$initramfs_root/tmp" &&
		ln -s lib "$initramfs_root/lib64" &&
		cp "$(command -v busybox)" "$initramfs_root/bin/busybox" &&
		cp -r "$initramfs_tests/vm/guest" "$initramfs_tests/vm/suites" "$initramfs_root/" &&
		cp "$initramfs_tests/support/count.sh" "$initramfs_root/guest/" &&
		install -m 755 "$initramfs_tests/vm/guest/init" "$initramfs_root/init" &&
		initramfs_add_modules "$initramfs_kernel" "$initramfs_root" &&
		initramfs_add_programs "$initramfs_root" "$@" &&
		(cd "$initramfs_root" && find . | cpio -o -H newc --quiet -R 0:0) >"$initramfs_image"
	initramfs_result=$?
	rm -rf "$initramfs_root"
	return $initramfs_result
}
