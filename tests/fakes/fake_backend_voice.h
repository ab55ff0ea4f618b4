/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the fake back-end has to say of its own accord (enum fake_command).
 */
#ifndef TESTS_FAKES_FAKE_BACKEND_VOICE_H
#define TESTS_FAKES_FAKE_BACKEND_VOICE_H

#include <stddef.h>

#include "tests/fakes/fake_backend.h"

struct fake_voice {
	int backend_fd; /* -1: the client has given none */
	int err_fd;
};

/* Bytes with descriptors. */
bool fake_send_fds(int to, const void *buf, size_t bytes, const int *fds, unsigned int n);

/* Do what the test has told us to, if it has. */
void fake_voice_obey(struct fake_voice *v, struct virtio_blk_config *config,
		     struct fake_stats *stats);

#endif
