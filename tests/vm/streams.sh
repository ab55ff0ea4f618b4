# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash
#
# Which suites run in which guest: as many guests at a time as there are processors, and all done at
# about the same time. To be sourced.
#
#	suites_named NAME...	the suites with these names, and those of the group NAME: NAME-...
#	kernel_of SUITE		the kernel that it is for
#	streams_plan N SUITE...	N streams at most; streams[i] becomes a list of suites

streams=()
streams_boot=5 # seconds, as below

# How long a suite takes on an emulated processor, without the start of its guest: seconds, of which
# only the proportions count.
suite_weight()
{
	case $1 in
	copy) echo 9 ;;
	io_uring) echo 15 ;;
	io_uring-zones) echo 12 ;;
	nvme) echo 10 ;;
	nvme-formats) echo 5 ;;
	old-files) echo 4 ;;
	old-io_uring) echo 13 ;;
	old-nvme) echo 5 ;;
	vdpa) echo 11 ;;
	vdpa-devices) echo 13 ;;
	vfio) echo 23 ;;
	vfio-devices) echo 23 ;;
	vhost-user) echo 7 ;;
	vhost-user-server) echo 7 ;;
	*) echo 15 ;;
	esac
}

kernel_of()
{
	case $1 in
	old-*) echo 6.1 ;;
	*) echo 6.12 ;;
	esac
}

suites_named()
{
	local name file

	for name; do
		# shellcheck disable=SC2154 # of run.sh
		for file in "$here/suites/$name.sh" "$here/suites/$name"-*.sh; do
			[ ! -e "$file" ] || basename "$file" .sh
		done
	done | awk '!seen[$0]++'
}

# What a suite adds to a stream: a guest of its own if that has none with this kernel.
streams_added()
{
	local suite=$1 other boot=$streams_boot

	shift
	for other; do
		[ "$(kernel_of "$other")" != "$(kernel_of "$suite")" ] || boot=0
	done
	echo $(($(suite_weight "$suite") + boot))
}

suites_by_weight()
{
	local suite

	for suite; do
		echo "$(suite_weight "$suite") $suite"
	done | sort -s -r -n | cut -d ' ' -f 2
}

# The longest first, each to the stream that then has the least.
streams_plan()
{
	local n=$1 suite i best load least loads=()

	shift
	streams=()
	for ((i = 0; i < n && i < $#; i++)); do
		streams[i]='' loads[i]=0
	done
	for suite in $(suites_by_weight "$@"); do
		least=
		for i in "${!streams[@]}"; do
			# shellcheck disable=SC2086 # suites are words
			load=$((loads[i] + $(streams_added "$suite" ${streams[i]})))
			if [ -z "$least" ] || [ $load -lt $least ]; then
				least=$load best=$i
			fi
		done
		streams[best]+=" $suite" loads[best]=$least
	done
}
