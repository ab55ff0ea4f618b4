# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Input: source files, named relative to the current folder, which is the source root. Output: a
# line for each #include that goes against the direction driver -> shared room -> lib -> include.
#
# The library names its headers from the source root. Examples and tests may climb to theirs
# ("../common/x.h"): they are built without the source root in their include path, as a user would
# build them.
#
# A file belongs to a room: "include", "lib", "shared NAME", "driver NAME", "examples",
# "conformance", or "tests" (the other tests, which may look into every room).

function room(path,    part)
{
	split(path, part, "/")
	if (part[1] == "drivers")
		return (part[2] ~ /^(file|uring|virtio)$/ ? "shared " : "driver ") part[2]
	if (path ~ /^tests\/conformance\//)
		return "conformance"
	return part[1]
}

function exists(path,    line, found)
{
	if (!(path in known)) {
		found = (getline line < path) >= 0
		if (found)
			close(path)
		known[path] = found
	}
	return known[path]
}

# Where a quoted name leads: a neighbour of the file, or a path from the source root, or nowhere.
function resolve(file, name,    folder)
{
	folder = file
	sub(/[^\/]*$/, "", folder)
	if (exists(folder name))
		return straight(folder name)
	return exists(name) ? name : ""
}

# The path without its "folder/.." pairs.
function straight(path)
{
	while (path ~ /\.\.\//)
		if (!sub(/[^\/]+\/\.\.\//, "", path))
			return path
	return path
}

function may_include(file, from, to)
{
	if (from == to || from == "tests")
		return 1
	if (file == "lib/driver_list.c")
		return to ~ /^driver /
	if (from ~ /^shared /)
		return to == "lib"
	if (from ~ /^driver /)
		return to == "lib" || to ~ /^shared /
	return 0
}

function violation(text)
{
	print FILENAME ":" FNR ": " text
}

function check_quoted(name,    from, target)
{
	from = room(FILENAME)
	target = resolve(FILENAME, name)
	if (name == "blkio.h")
		violation("the public header is <blkio.h>")
	else if (name ~ /\.\.\// && from ~ /^(include|lib|driver|shared)/)
		violation("\"" name "\" climbs; name it from the source root")
	else if (target == "" && from != "tests")
		violation("\"" name "\" is neither a neighbour nor a path from the source root")
	else if (target != "" && !may_include(FILENAME, from, room(target)))
		violation(from " must not include \"" name "\" (" room(target) ")")
}

function check_angled(name)
{
	if (name ~ /^(lib|drivers|examples|tests)\//)
		violation("<" name "> is ours: use quotes")
	else if (name ~ /^(liburing|libnvme)/ && room(FILENAME) !~ /^(driver|shared|tests)/)
		violation(room(FILENAME) " must not use <" name ">")
	else if (name ~ /^blkio/ && name != "blkio.h")
		violation("<" name "> is not a public header")
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, part, "\"")
	check_quoted(part[2])
}

/^[ \t]*#[ \t]*include[ \t]*</ {
	name = $0
	sub(/^[^<]*</, "", name)
	sub(/>.*/, "", name)
	check_angled(name)
}
