# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash
#
# Which suites run in which guest: as many guests at a time as there are processors, and all done at
# about the same time. To be sourced.
#
#	suites_named NAME...	the suites with these names, and those of the group NAME: NAME-...
#	kernel_of SUITE		the kernel that it is for
#	suites_for KERNEL SUITE...
#	streams_wanted		how many streams this machine is good for
#	streams_plan N SUITE...	N streams at most; streams[i] becomes a list of suites

# How long a suite takes on an emulated processor, without the start of its guest: seconds, of which
# only the proportions count.
declare -A suite_seconds=(
	[copy]=9
	[io_uring-nvme]=10 [io_uring-modes]=6 [io_uring-null_blk]=5 [io_uring-zones]=6
	[nvme-namespace]=9 [nvme-formats]=5
	[old-files]=5 [old-io_uring]=10 [old-nvme]=5 [old-poll]=4
	[vdpa-data]=7 [vdpa-devices]=9 [vdpa-events]=6 [vdpa-failures]=9
	[vfio-split]=8 [vfio-devices]=11 [vfio-memory]=8 [vfio-packed]=8 [vfio-use]=8
	[vhost-user-daemon]=8 [vhost-user-server]=7
)
suite_seconds_unknown=10
guest_seconds=5 # for the start of one

streams=()

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

suites_for()
{
	local kernel=$1 suite

	shift
	for suite; do
		[ "$(kernel_of "$suite")" != "$kernel" ] || echo "$suite"
	done
}

# One for each processor. More than a few have hardly anything to do; two on one processor take as long as
# one, and each has a time limit.
streams_wanted()
{
	local n

	n=$(nproc)
	echo $((n < 2 ? 2 : n > 6 ? 6 : n))
}

# SECONDS SUITE, the longest first. Of those that take as long, in the order of their names: old-poll, which
# leaves a process behind that the kernel does not let go, is the last one on its kernel.
suites_by_length()
{
	local suite

	for suite; do
		echo "${suite_seconds[$suite]-$suite_seconds_unknown} $suite"
	done | sort -s -r -n
}

# Each to the stream that then has the least. A stream needs a guest for each kernel.
streams_plan()
{
	local n=$1 seconds suite kernel i after best least loads=() booted=()

	shift
	streams=()
	for ((i = 0; i < n && i < $#; i++)); do
		streams[i]='' loads[i]=0 booted[i]=' '
	done
	while read -r seconds suite; do
		kernel=$(kernel_of "$suite")
		least=
		for i in "${!streams[@]}"; do
			after=$((loads[i] + seconds))
			[[ ${booted[i]} == *" $kernel "* ]] || after=$((after + guest_seconds))
			if [ -z "$least" ] || [ $after -lt "$least" ]; then
				least=$after best=$i
			fi
		done
		streams[best]+=" $suite" loads[best]=$least booted[best]+="$kernel "
	done < <(suites_by_length "$@")
}
