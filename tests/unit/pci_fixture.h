/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An instance of virtio-blk-vfio-pci on the fake PCI device, for tests of that driver.
 */
#ifndef TESTS_UNIT_PCI_FIXTURE_H
#define TESTS_UNIT_PCI_FIXTURE_H

#include "tests/fakes/fake_pci.h"
#include "tests/unit/unit.h"

extern struct blkio *b; /* created, with the path of a function in order */

void pci_set_up(void);
void pci_tear_down(void);
/* connect or start fail with that code, and a message that has the text in it. */
void assert_connect_fails(int ret, const char *text);
void assert_start_fails(int ret, const char *text);
void pci_connect(void);
/* Connect and start with so many queues. */
void pci_start(int num_queues, int num_poll_queues);
void pci_set_path(const char *path);

#endif
