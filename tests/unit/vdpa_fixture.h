/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An instance of virtio-blk-vhost-vdpa on the fake device, for tests of that driver.
 */
#ifndef TESTS_UNIT_VDPA_FIXTURE_H
#define TESTS_UNIT_VDPA_FIXTURE_H

#include "tests/fakes/fake_vdpa.h"
#include "tests/unit/unit.h"

extern struct blkio *b; /* created, with a path */

void vdpa_set_up(void);
/* Nothing is open and running any more. */
void vdpa_tear_down(void);
/* Report an error of the device: nobody waits any more for what it does not answer, such as the
 * request for its serial number. */
void vdpa_give_up(void);
void vdpa_connect_fails(int ret, const char *text);
void vdpa_start_fails(int ret, const char *text);
void vdpa_connect(void);
void vdpa_start(int num_queues, int num_poll_queues);

#endif
