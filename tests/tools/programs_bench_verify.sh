# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
# shellcheck disable=SC2154
# blkio-bench --verify. Sourced by programs.sh.

# verify OPTION...: a run with checksums.
verify() {
	run "$bench" --verify=crc32c "$@" io_uring "path=$dir/verify-disk"
}

test_written_and_read_back() {
	for rw in write randwrite rw randrw; do
		head -c 1048576 /dev/urandom >"$dir/verify-disk"
		verify --rw=$rw --iodepth=16 --numjobs=2 --io_size=1300k
		check "verify $rw" exits 0
		check "verify $rw says so" says ", all as written"
		verify --rw=$rw --iodepth=3 --numjobs=2 --io_size=1300k --verify_only --readonly
		check "verify_only $rw" exits 0
		verify --rw=$rw --iodepth=3 --numjobs=2 --io_size=1100k --verify_only
		check "verify_only of another amount, $rw" exits 1
		check "says which sequence, $rw" grep -qE \
			"^blkio-bench: $rw, job [01]: verify: the block at offset [0-9]+ is wrong: found sequence [0-9]+, expected [0-9]+\$" "$dir/err"
	done
}

test_faults_are_found() {
	head -c 1048576 /dev/zero >"$dir/verify-disk"
	verify --rw=randwrite
	check "verify randwrite" says "verify  256 blocks checked"
	verify --rw=read --bs=4k
	check "a job that only reads" says "verify  256 blocks checked, all as written"
	printf x | dd of="$dir/verify-disk" bs=1 seek=40961 conv=notrunc 2>/dev/null
	verify --rw=randwrite --verify_only
	check "a changed byte" exits 1
	check "where it is" complains "the block at offset 40960 is wrong"
	printf x | dd of="$dir/verify-disk" bs=1 seek=50000 conv=notrunc 2>/dev/null
	verify --rw=randwrite --verify_only
	check "two of them" says "2 ARE WRONG"
	verify --rw=read --offset=48k --size=4k
	check "the CRCs are told" grep -qE \
		"at offset 49152 is wrong: the CRC of the data is 0x[0-9a-f]{8}, expected 0x[0-9a-f]{8}" "$dir/err"
	dd if="$dir/verify-disk" of="$dir/verify-disk" bs=4k skip=3 seek=5 count=1 conv=notrunc 2>/dev/null
	verify --rw=read --offset=20k --size=4k
	check "a block in the wrong place" complains "found the block of offset 12288"
	verify --rw=randwrite --randseed=9 --verify_only
	check "another seed" complains "another randseed"
	head -c 1048576 /dev/zero >"$dir/verify-disk"
	verify --rw=randwrite --verify_only
	check "nothing but zeroes" complains "found only zeroes"
}

# A write that is lost leaves the block that the same command has written before.
test_lost_writes() {
	verify --rw=randwrite
	cp "$dir/verify-disk" "$dir/old"
	verify --rw=randwrite
	verify --rw=randwrite --verify_only --iodepth=8
	check "the later of two runs" exits 0
	dd if="$dir/old" of="$dir/verify-disk" bs=4k skip=9 seek=9 count=1 conv=notrunc 2>/dev/null
	verify --rw=randwrite --verify_only --iodepth=8
	check "a block of the earlier one" exits 1
	check "is told" grep -qE "at offset 36864 is wrong: found a write of another run \(0x[0-9a-f]{16}, sequence ([0-9]+)\), expected 0x[0-9a-f]{16}, sequence \1\$" "$dir/err"
	check "it is the only one" says "1 ARE WRONG"
	head -c 32768 /dev/zero >"$dir/grown"
	run "$bench" --verify=crc32c --rw=write --size=64k io_uring "path=$dir/grown"
	check "verify writes to a file that grows" exits 0
	truncate -s 32k "$dir/grown"
	run "$bench" --verify=crc32c --rw=write --size=64k --verify_only io_uring "path=$dir/grown"
	check "a file that has lost its end" exits 1
	check "where it ends" complains "at offset 32768"
}

# Reads of one job and --verify_only of another: the total has the reads.
test_total() {
	cat >"$dir/x.fio" <<-EOF
		[global]
		device=io_uring path=$dir/verify-disk
		rw=randwrite
		verify=crc32c
		randseed=3
		[write]
		[check]
		stonewall
		verify_only
	EOF
	run "$bench" --jobfile="$dir/x.fio" --output-format=json
	check "writes before a verify_only are in the total" json \
		'd["total"]["write"]["runtime"] > 0 == d["groups"][1]["write"]["runtime"]'
}

test_with_time() {
	verify --rw=randwrite --runtime=300ms --iodepth=8 --output-format=json
	check "verify after --runtime" json '(v := d["total"]["verify"])["complete"] and
		v["wrong"] == 0 and v["blocks"] > 0'
}

test_written_and_read_back
test_faults_are_found
test_lost_writes
if command -v python3 >/dev/null; then
	test_with_time
	test_total
else
	skip "verify with time" "python3 is not there"
fi
