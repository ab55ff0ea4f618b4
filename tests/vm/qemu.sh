# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# The guest and its devices. To be sourced.
#
#	qemu_make_disks DIR
#	qemu_probe KERNEL-DIR INITRAMFS DISKS-DIR
#	qemu_run SECONDS KERNEL-DIR INITRAMFS DISKS-DIR COMMAND-LINE [option of QEMU ...]

qemu_make_disks() {
	for qemu_disk in ns512 ns4096 zoned meta; do
		truncate -s 64M "$1/$qemu_disk" || return 1
	done
	for qemu_disk in split packed single b4k ro nodis direct; do
		truncate -s 16M "$1/$qemu_disk" || return 1
	done
}

# TCG works everywhere. Without cmpxchg16b in the guest and with one thread: with them, this emulation
# kills kernels now and then. Without erms: it copies byte by byte for that, and in longer steps without.
qemu_accelerator="tcg,thread=single -cpu max,-cx16,-erms"

# KVM is much faster, but on some machines it hangs stock kernels: only if asked for, and only where a
# guest that does nothing comes to its end with it.
qemu_probe() {
	[ "${VM_KVM-}" = 1 ] || return 0
	qemu_tcg=$qemu_accelerator
	qemu_accelerator="kvm -cpu host"
	qemu_run 20 "$@" run=none -serial null </dev/null >/dev/null 2>&1
	[ $? -ne 65 ] || return 0
	echo "vm: no guest comes up with KVM here; without it"
	qemu_accelerator=$qemu_tcg
}

# NAMESPACE NUMBER [property ...]
qemu_nvme_ns() {
	echo "-drive file=$qemu_disks/$1,format=raw,if=none,id=$1,discard=unmap"
	echo "-device nvme-ns,drive=$1,bus=nvme0,nsid=$2${3:+,$3}"
}

# SERIAL [property ...] [option of the drive ...]
qemu_virtio_blk() {
	echo "-drive file=$qemu_disks/$1,format=raw,if=none,id=$1,discard=unmap${3:+,$3}"
	echo "-device virtio-blk-pci,drive=$1,serial=$1,disable-legacy=on${2:+,$2}"
}

qemu_devices() {
	qemu_disks=$1
	echo "-device intel-iommu,intremap=on"
	echo "-device nvme,serial=blkio-nvme,id=nvme0,max_ioqpairs=8,msix_qsize=9"
	qemu_nvme_ns ns512 1
	qemu_nvme_ns ns4096 2 logical_block_size=4096,physical_block_size=4096
	qemu_nvme_ns zoned 3 \
		zoned=true,zoned.zone_size=4M,zoned.zone_capacity=3M,zoned.max_open=4,zoned.max_active=6
	qemu_nvme_ns meta 4 ms=8
	qemu_virtio_blk split iommu_platform=on,num-queues=4
	qemu_virtio_blk packed iommu_platform=on,num-queues=4,packed=on
	qemu_virtio_blk single iommu_platform=on,num-queues=1
	qemu_virtio_blk b4k \
		iommu_platform=on,num-queues=2,packed=on,logical_block_size=4096,physical_block_size=4096
	qemu_virtio_blk ro iommu_platform=on,num-queues=2 read-only=on
	qemu_virtio_blk nodis iommu_platform=on,num-queues=4,discard=off,write-zeroes=off,vectors=3
	qemu_virtio_blk direct iommu_platform=off
}

# A firmware that starts the kernel and does nothing else takes half a second less than one that looks
# at each device.
qemu_firmware=
for qemu_path in /usr/share/qemu /usr/share/qboot /usr/local/share/qemu; do
	[ ! -e $qemu_path/qboot.rom ] || qemu_firmware="-bios $qemu_path/qboot.rom"
done

# What the guest's kernel leaves out, for it costs a tenth of what runs in it and is not what the tests
# are about: hardening, auditing and accounting.
qemu_plain="mitigations=off init_on_alloc=0 hardened_usercopy=off randomize_kstack_offset=off lsm= audit=0"
qemu_plain="$qemu_plain cgroup_disable=memory psi=0 noautogroup rcupdate.rcu_expedited=1"
# And what takes seconds of its start: tests of ciphers, certificates, types for BPF and names for
# tracing, devices of a PC, IPv6.
qemu_plain="$qemu_plain cryptomgr.notests initcall_blacklist=jent_mod_init,load_system_certificate_list"
qemu_plain="$qemu_plain,bpf_tcp_ca_kfunc_init,bpf_dummy_struct_ops_init,bpf_sockmap_iter_init"
qemu_plain="$qemu_plain,trace_eval_init,crypto_kdf108_init,slab_sysfs_init,cmos_init,i8042_init ipv6.disable=1"
# No errors on the console, which tests provoke by the hundred, and where each byte is dear. dmesg has
# them, and a kernel that panics shows all.
qemu_line_base="console=ttyS0 quiet loglevel=2 panic=-1 oops=panic intel_iommu=on nvme.poll_queues=2 $qemu_plain"

qemu_run() {
	qemu_seconds=$1 qemu_kernel=$2 qemu_initramfs=$3 qemu_dir=$4 qemu_line=$5
	shift 5
	# The accelerator and the devices are words.
	# shellcheck disable=SC2046,SC2086
	timeout --foreground --kill-after=5 "$qemu_seconds" \
		qemu-system-x86_64 -accel $qemu_accelerator -M q35 $qemu_firmware \
		-smp 2 -m 1024 -nodefaults -no-user-config -display none -no-reboot \
		-device isa-debug-exit,iobase=0x501,iosize=1 \
		-kernel "$(kernel_image "$qemu_kernel")" -initrd "$qemu_initramfs" \
		-append "$qemu_line_base $qemu_line" \
		$(qemu_devices "$qemu_dir") "$@"
}
