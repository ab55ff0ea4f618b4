# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154
# blkio-info. Sourced by programs.sh.

head -c 1048576 /dev/urandom >"$dir/disk"

run "$info"
check "drivers are listed" exits 0
check "io_uring is a driver" grep -qx io_uring "$dir/out"
check "no message" silent

run "$info" --help
check "--help" exits 0
check "--help fits a terminal" fits_80_columns
check "--help has the usage" says "Usage: blkio-info"
run "$info" -h
check "-h is --help" says "Usage: blkio-info"
run "$info" --version
check "--version" grep -qE '^blkio-info [0-9]+\.[0-9]+\.[0-9]+$' "$dir/out"

run "$info" io_uring
check "properties are listed" exits 0
check "types and access are shown" grep -qE '^capacity +uint64 +-- r- r- ' "$dir/out"
check "path can be set when created" grep -qE '^path +str +rw r- r- ' "$dir/out"

run "$info" io_uring "path=$dir/disk" num-entries=32
check "a device is shown" exits 0
check "capacity is the file's size" grep -qE '^capacity +1048576$' "$dir/out"
check "the early property arrived" grep -qF "$dir/disk" "$dir/out"
check "the late property arrived" grep -qE '^num-entries +32$' "$dir/out"
check "the state is named" says "(connected)"
run "$info" --start io_uring "path=$dir/disk"
check "--start" says "(started)"
run "$info" --state created io_uring "path=$dir/disk"
check "--state created" says "(created)"
check "no capacity before connect" sh -c "! grep -q '^capacity' '$dir/out'"

run "$info" --get capacity --get=driver "io_uring" "path=$dir/disk"
check "--get prints only values" [ "$(cat "$dir/out")" = "1048576
io_uring" ]
run "$info" --get=capacity --get=nonsense io_uring "path=$dir/disk"
check "--get of an unknown property fails" exits 1
check "--get names it" complains "nonsense"
check "--get prints the others" says 1048576

if command -v python3 >/dev/null; then
	run "$info" --json
	check "drivers as JSON" json '"io_uring" in d["drivers"] and d["version"]'
	run "$info" --json io_uring
	check "properties as JSON" json 'all(p["name"] and p["summary"] and p["type"] in
		("bool", "int", "uint64", "str") and isinstance(p["writable"], list)
		for p in d["properties"])'
	check "access as JSON" json '[p["readable"] for p in d["properties"]
		if p["name"] == "capacity"] == [["connected", "started"]]'
	run "$info" --json --start io_uring "path=$dir/disk"
	check "values as JSON" json 'd["state"] == "started" and
		d["properties"]["capacity"] == 1048576 and
		d["properties"]["read-only"] is False and
		d["properties"]["num-queues"] == 1'
	check "all that are readable are there" json 'len(d["properties"]) >= 25 and
		None not in d["properties"].values()'
	run "$info" --json --get=nonsense io_uring "path=$dir/disk"
	check "a value that cannot be read is null" json 'd["properties"] == {"nonsense": None}'
	check "and the status says so" exits 1
else
	skip "blkio-info JSON" "python3 is not there"
fi

refused 1 "'nonsense'" "$info" nonsense
refused 1 "nonsense=1" "$info" io_uring nonsense=1
refused 1 "direct=maybe" "$info" io_uring "path=$dir/disk" direct=maybe
refused 1 "$dir/missing" "$info" io_uring "path=$dir/missing"
refused 1 "cannot connect" "$info" io_uring read-only=true
refused 1 "cannot set capacity=1" "$info" io_uring "path=$dir/disk" capacity=1
refused 2 "num-queues=2" "$info" --state=created io_uring num-queues=2
refused 2 "PROP=VALUE" "$info" io_uring "$dir/disk"
refused 2 "'--nonsense'" "$info" --nonsense
refused 2 "'-x'" "$info" -x
refused 2 "--state" "$info" --state=flying io_uring
refused 2 "--get needs a value" "$info" io_uring --get
refused 2 "takes no value" "$info" --json=1
refused 2 "DRIVER is missing" "$info" --start

if [ -e /dev/full ]; then
	"$info" >/dev/full 2>"$dir/err"
	status=$?
	check "a full disk is noticed" exits 1
	check "and told" complains "stdout"
else
	skip "full disk" "/dev/full is not there"
fi
