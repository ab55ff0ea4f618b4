/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The zones of fake_backend.h: all empty and of FAKE_ZONE_SECTORS, unless the script says
 * otherwise.
 */
#ifndef TESTS_FAKES_FAKE_BACKEND_ZONES_H
#define TESTS_FAKES_FAKE_BACKEND_ZONES_H

#include "tests/fakes/fake_backend.h"

enum {
	FAKE_ZONE_SECTORS = 128,
	FAKE_NR_ZONES = 512, /* with the capacity of fake_script_for() */
};

/* Make a script that of a zoned device. */
void fake_zones_script(struct fake_script *script, enum fake_zones zones);

void fake_zones_report(enum fake_zones zones, uint64_t sector, uint8_t *report, uint64_t bytes);
void fake_zones_append(enum fake_zones zones, uint64_t sector, uint8_t *where);

#endif
