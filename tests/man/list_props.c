// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Prints what the library says of its drivers' properties, for props.sh to compare with the manual:
 * a line "<driver> <name> <type> <readable> <writable> <default>" for each.
 */
#include <blkio.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char *type_name(int type)
{
	switch (type) {
	case BLKIO_PROP_BOOL:
		return "bool";
	case BLKIO_PROP_INT:
		return "int";
	case BLKIO_PROP_UINT64:
		return "uint64";
	case BLKIO_PROP_STR:
		return "str";
	default:
		return "unknown";
	}
}

/* The states by name; "-" if there is none. */
static void print_states(uint32_t states)
{
	static const char *const names[] = { "created", "connected", "started" };
	const char *sep = " ";

	if (!states)
		printf(" -");
	for (int i = 0; i < 3; i++) {
		if (states & 1u << i) {
			printf("%s%s", sep, names[i]);
			sep = ",";
		}
	}
}

/* The value in a new instance; "." if there is none yet. */
static int print_default(struct blkio *b, const struct blkio_prop_info *info)
{
	char *value;

	if (!(info->readable & BLKIO_STATE_CREATED)) {
		puts(" .");
		return 0;
	}
	if (blkio_get_str(b, info->name, &value) < 0)
		return -1;
	printf(" %s\n", *value ? value : "\"\"");
	free(value);
	return 0;
}

static int print_props(const char *driver, struct blkio *b)
{
	struct blkio_prop_info info;
	int ret;

	for (int i = 0; !(ret = blkio_get_prop_info(driver, i, &info)); i++) {
		printf("%s %s %s", driver, info.name, type_name(info.type));
		print_states(info.readable);
		print_states(info.writable);
		if (print_default(b, &info) < 0)
			return -1;
	}
	return ret == -ENOENT ? 0 : -1;
}

int main(void)
{
	for (const char *const *driver = blkio_driver_names(); *driver; driver++) {
		struct blkio *b;
		int ret = blkio_create(*driver, &b);

		if (ret == 0) {
			ret = print_props(*driver, b);
			blkio_destroy(&b);
		}
		if (ret < 0) {
			fprintf(stderr, "%s: %s\n", *driver, blkio_get_error_msg());
			return 1;
		}
	}
	return 0;
}
