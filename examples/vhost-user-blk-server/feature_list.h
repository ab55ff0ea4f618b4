/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The features by name, and which of them are offered.
 */
#ifndef SERVER_FEATURE_LIST_H
#define SERVER_FEATURE_LIST_H

#include <stdint.h>

struct options;

/* What these options offer. The result is a status: --no can name a feature that there is not. */
int features_offered(const struct options *o, uint64_t *features, uint64_t *protocol_features);
/* The names for --help. */
void features_print_names(void);

#endif /* SERVER_FEATURE_LIST_H */
