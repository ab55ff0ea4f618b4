/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * CRC-32C (Castagnoli), with the processor's instruction where it has one.
 */
#ifndef BENCH_CRC32C_H
#define BENCH_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The CRC of data, or of what came before and data: begin with crc 0. */
uint32_t crc32c(uint32_t crc, const void *data, size_t bytes);
/* The same without the instruction, for tests. */
uint32_t crc32c_table(uint32_t crc, const void *data, size_t bytes);

#endif /* BENCH_CRC32C_H */
