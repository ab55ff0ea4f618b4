# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# The devices of the guest (qemu.sh), found by what they are: names differ from boot to boot. To be
# sourced; "run.sh --command" and the shell have it as well.

# Processes are dear here: what is looked for often is found without any.

# wait_for FILE: ten seconds at most.
wait_for() {
	wait_tries=0
	while [ ! -e "$1" ]; do
		[ $wait_tries -lt 1000 ] || return 1
		wait_tries=$((wait_tries + 1))
		usleep 10000
	done
}

# nvme_disk NSID: the block device of a namespace, waited for. The scan of the kernel goes on while
# the first processes run.
nvme_disk() {
	nvme_tries=0
	while [ $nvme_tries -lt 1000 ]; do
		for nvme_entry in /sys/block/nvme0n*; do
			[ -e "$nvme_entry/nsid" ] || continue
			read -r nvme_nsid <"$nvme_entry/nsid"
			[ "$nvme_nsid" = "$1" ] || continue
			wait_for "/dev/${nvme_entry##*/}" && echo "/dev/${nvme_entry##*/}"
			return
		done
		nvme_tries=$((nvme_tries + 1))
		usleep 10000
	done
	return 1
}

# nvme_char NSID: the same namespace for passthrough.
nvme_char() {
	nvme_name=$(nvme_disk "$1") || return 1
	nvme_name=/dev/ng${nvme_name#/dev/nvme}
	wait_for "$nvme_name" && echo "$nvme_name"
}

# null_blk_make SETTING=VALUE...: /dev/nullb0.
null_blk_make() {
	null_blk=/sys/kernel/config/nullb/nullb0
	mount -t configfs config /sys/kernel/config 2>/dev/null
	mkdir "$null_blk" 2>/dev/null || return 1
	for null_blk_setting in memory_backed=1 blocksize=512 irqmode=0 poll_queues=1 "$@" power=1; do
		echo "${null_blk_setting#*=}" >"$null_blk/${null_blk_setting%%=*}"
	done
}

# Settings for zones, conventional ones too. With a limit of active ones as well it would refuse what it
# could do by closing a zone that a write has opened.
# shellcheck disable=SC2034 # for suites
null_blk_zones="size=48 zoned=1 zone_size=4 zone_capacity=3 zone_nr_conv=2 zone_max_open=4"

null_blk_remove() {
	echo 0 >"$null_blk/power"
	rmdir "$null_blk"
}

# vduse_start NAME FILE [QUEUES [option of the export]]: qemu-storage-daemon serves the file as the
# vDPA device NAME, with 2 queues, which vhost-vdpa has. Its process is $vduse_pid.
vduse_start() {
	mkfifo "/tmp/vduse-$1"
	# Opened for writing as well: it is not at its end between two commands.
	qemu-storage-daemon --blockdev "file,node-name=f,filename=$2,discard=unmap" \
		--export "vduse-blk,id=e,node-name=f,name=$1,writable=on,num-queues=${3:-2}${4:+,$4}" \
		--chardev stdio,id=m --monitor m <>"/tmp/vduse-$1" >"/tmp/vduse-$1.answers" &
	vduse_pid=$!
	vduse_tell "$1" '{ "execute": "qmp_capabilities" }'
	wait_for "/dev/vduse/$1" && vdpa dev add name "$1" mgmtdev vduse && vdpa_to vhost_vdpa "$1"
}

# vduse_tell NAME COMMAND: of QMP.
vduse_tell() {
	echo "$2" >"/tmp/vduse-$1"
}

vduse_stop() {
	vdpa dev del "$1"
	kill "$vduse_pid" && wait "$vduse_pid"
}

# vdpa_to DRIVER NAME: bind the device to vhost_vdpa or virtio_vdpa.
vdpa_to() {
	vdpa_bus=/sys/bus/vdpa
	load "$1"
	if [ -e "$vdpa_bus/devices/$2/driver" ]; then
		[ "$(basename "$(readlink "$vdpa_bus/devices/$2/driver")")" != "$1" ] || return 0
		echo "$2" >"$vdpa_bus/devices/$2/driver/unbind"
	fi
	echo "$2" >"$vdpa_bus/drivers/$1/bind"
}

# vdpa_char NAME: the node of vhost-vdpa.
vdpa_char() {
	for vdpa_entry in /sys/bus/vdpa/devices/"$1"/vhost-vdpa-*; do
		wait_for "/dev/${vdpa_entry##*/}" && echo "/dev/${vdpa_entry##*/}"
		return
	done
}

# vdpa_disk NAME: the kernel's disk, while virtio_vdpa has the device.
vdpa_disk() {
	for _ in $(seq 1000); do
		for vdpa_entry in /sys/bus/vdpa/devices/"$1"/virtio*/block/*; do
			[ ! -b "/dev/${vdpa_entry##*/}" ] || {
				echo "/dev/${vdpa_entry##*/}"
				return
			}
		done
		usleep 10000
	done
	return 1
}

pci_devices=/sys/bus/pci/devices

pci_unbind() {
	[ ! -e "$pci_devices/$1/driver" ] || echo "$1" >"$pci_devices/$1/driver/unbind"
}

# virtio_find: note the PCI address of each virtio-blk under its serial number. Which it is shows while the
# kernel has it; from then on a file tells, also other suites.
virtio_find() {
	[ -e /tmp/virtio ] || : >/tmp/virtio
	for virtio_disk in /sys/block/vd*; do
		[ -e "$virtio_disk/serial" ] || continue
		virtio_name=$(basename "$(readlink -f "$virtio_disk/device/..")")
		echo "virtio_address_$(cat "$virtio_disk/serial")=$virtio_name" >>/tmp/virtio
	done
	# shellcheck source=/dev/null
	. /tmp/virtio
}

# virtio_address SERIAL: nothing if there is no such device.
virtio_address() {
	eval "echo \${virtio_address_$1-}"
}

# virtio_to_vfio ADDRESS
virtio_to_vfio() {
	echo vfio-pci >"$pci_devices/$1/driver_override"
	pci_unbind "$1"
	echo "$1" >/sys/bus/pci/drivers_probe
}

# virtio_to_kernel ADDRESS: prints the kernel's disk.
virtio_to_kernel() {
	echo >"$pci_devices/$1/driver_override"
	pci_unbind "$1"
	echo "$1" >/sys/bus/pci/drivers_probe
	for _ in $(seq 1000); do
		for virtio_disk in "$pci_devices/$1"/virtio*/block/*; do
			[ ! -e "$virtio_disk" ] || {
				echo "/dev/$(basename "$virtio_disk")"
				return
			}
		done
		usleep 10000
	done
}
