// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Error texts: one per thread, kept until the next failure.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "device.h"

static void *expect_no_text(void *arg)
{
	EXPECT_STR(blkio_get_error_msg(), "");
	EXPECT(blkio_create("nobody", arg) < 0);
	EXPECT(blkio_get_error_msg()[0] != '\0');
	return NULL;
}

static void in_new_thread(void *(*fn)(void *arg), void *arg)
{
	pthread_t t;

	MUST(pthread_create(&t, NULL, fn, arg) == 0);
	pthread_join(t, NULL);
}

ALONE_TEST(each_thread_begins_with_an_empty_text_of_its_own)
{
	struct blkio *b;
	char before[256];

	EXPECT_STR(blkio_get_error_msg(), "");
	EXPECT(blkio_create(options.driver, NULL) < 0);
	snprintf(before, sizeof(before), "%s", blkio_get_error_msg());
	EXPECT(before[0] != '\0');
	in_new_thread(expect_no_text, &b);
	EXPECT_STR(blkio_get_error_msg(), before);
}

TEST(a_success_does_not_clear_the_text_and_a_failure_replaces_it)
{
	struct blkio *b;
	char first[256];

	EXPECT(blkio_create(options.driver, NULL) < 0);
	snprintf(first, sizeof(first), "%s", blkio_get_error_msg());
	EXPECT_INT(blkio_create(options.driver, &b), 0);
	EXPECT_STR(blkio_get_error_msg(), first);
	EXPECT_ERROR(blkio_get_bool(b, "no-such-property", &(bool) { false }), -ENOENT);
	EXPECT(strcmp(blkio_get_error_msg(), first) != 0);
	blkio_destroy(&b);
}

TEST(texts_are_cut_off_at_255_bytes)
{
	char path[4000];
	struct blkio *b;

	memset(path, '/', sizeof(path) - 1);
	strcpy(path + sizeof(path) - 8, "missing");
	EXPECT_INT(blkio_create(options.driver, &b), 0);
	EXPECT_INT(blkio_set_str(b, "path", path), 0);
	EXPECT(blkio_connect(b) < 0);
	EXPECT(blkio_get_error_msg()[0] != '\0');
	EXPECT(strlen(blkio_get_error_msg()) <= 255);
	blkio_destroy(&b);
}

TEST(failures_of_the_system_name_the_system_error)
{
	struct blkio *b;

	if (traits->kind == KIND_VIRTIO)
		SKIP("the path is not opened as a file by this driver");
	EXPECT_INT(blkio_create(options.driver, &b), 0);
	EXPECT_INT(blkio_set_str(b, "path", "/nonexistent/device"), 0);
	EXPECT_ERROR(blkio_connect(b), -ENOENT);
	EXPECT(strstr(blkio_get_error_msg(), "No such file or directory") != NULL);
	EXPECT(strstr(blkio_get_error_msg(), "(os error 2)") != NULL);
	blkio_destroy(&b);
}

/* Calls that fail on a created instance, each with a text in a thread that had none. */
static int call_get(struct blkio *b)
{
	return blkio_get_bool(b, "no-such", &(bool) { false });
}

static int call_get_wrong_type(struct blkio *b)
{
	return blkio_get_int(b, "driver", &(int) { 0 });
}

static int call_set(struct blkio *b)
{
	return blkio_set_str(b, "driver", "x");
}

static int call_set_unparsable(struct blkio *b)
{
	return blkio_set_str(b, "read-only", "maybe");
}

static int call_set_too_early(struct blkio *b)
{
	return blkio_set_int(b, "num-queues", 1);
}

static int call_alloc(struct blkio *b)
{
	return blkio_alloc_mem_region(b, &(struct blkio_mem_region) { 0 }, 4096);
}

static int call_map(struct blkio *b)
{
	return blkio_map_mem_region(b, &(struct blkio_mem_region) { .len = 4096 });
}

static int call_remove_queue(struct blkio *b)
{
	return blkio_remove_queue(b, 0);
}

static int call_remove_poll_queue(struct blkio *b)
{
	return blkio_remove_poll_queue(b, 0);
}

static int (*const failing_calls[])(struct blkio *b) = {
	blkio_start,         call_get,
	call_get_wrong_type, call_set,
	call_set_unparsable, call_set_too_early,
	call_alloc,          call_map,
	blkio_add_queue,     blkio_add_poll_queue,
	call_remove_queue,   call_remove_poll_queue,
};

struct failing_call {
	struct blkio *b;
	size_t index;
};

static void *expect_text(void *arg)
{
	struct failing_call *call = arg;
	int ret = failing_calls[call->index](call->b);

	if (ret >= 0 || blkio_get_error_msg()[0] == '\0')
		test_fail(__FILE__, __LINE__, "call %zu returned %d and left the text \"%s\"",
			  call->index, ret, blkio_get_error_msg());
	return NULL;
}

TEST(every_failing_call_leaves_a_text)
{
	struct blkio *b;

	EXPECT_INT(blkio_create(options.driver, &b), 0);
	for (size_t i = 0; i < sizeof(failing_calls) / sizeof(failing_calls[0]); i++)
		in_new_thread(expect_text, &(struct failing_call) { b, i });
	blkio_destroy(&b);
}
