/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Between the two halves of the fake: fake_pci.c is the device, fake_pci_kernel.c the kernel.
 */
#ifndef TESTS_FAKES_FAKE_PCI_KERNEL_H
#define TESTS_FAKES_FAKE_PCI_KERNEL_H

#include <stddef.h>
#include <stdint.h>

void fake_pci_read_bar(uint64_t at, uint8_t *buf, size_t len);
void fake_pci_write_bar(uint64_t at, const uint8_t *buf, size_t len);
void fake_pci_write_config(uint64_t at, const uint8_t *buf, size_t len);

#endif
