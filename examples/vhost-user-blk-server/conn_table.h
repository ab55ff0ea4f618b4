/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The handlers of conn.c, for the table of all messages.
 */
#ifndef SERVER_CONN_TABLE_H
#define SERVER_CONN_TABLE_H

#include "conn.h"

enum conn_result conn_get_features(struct conn *c, struct vu_msg *m);
enum conn_result conn_set_features(struct conn *c, struct vu_msg *m);
enum conn_result conn_get_protocol_features(struct conn *c, struct vu_msg *m);
enum conn_result conn_set_protocol_features(struct conn *c, struct vu_msg *m);
enum conn_result conn_ignore(struct conn *c, struct vu_msg *m);
enum conn_result conn_get_queue_num(struct conn *c, struct vu_msg *m);
enum conn_result conn_get_max_mem_slots(struct conn *c, struct vu_msg *m);
enum conn_result conn_set_backend_req_fd(struct conn *c, struct vu_msg *m);
enum conn_result conn_get_config(struct conn *c, struct vu_msg *m);
enum conn_result conn_set_config(struct conn *c, struct vu_msg *m);
enum conn_result conn_get_status(struct conn *c, struct vu_msg *m);
enum conn_result conn_set_status(struct conn *c, struct vu_msg *m);
enum conn_result conn_do_reset_device(struct conn *c, struct vu_msg *m);

#endif /* SERVER_CONN_TABLE_H */
