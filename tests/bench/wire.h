/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of a load program: many of them, all on one thread, one request at a time on each. A
 * client library's handle for each would cost more than what is measured. */
#pragma once

#include "base/buf.h"

struct wire {
    int fd;
    struct buf in; /* of the answer, what has come */
};

/* Connected; ends the program when it cannot be. */
void wire_open(struct wire *w, const char *host, int port);
void wire_close(struct wire *w);

/* Send a whole request; forgets the answer before. False: the connection is lost. */
MUST_CHECK bool wire_send(struct wire *w, struct str request);

/* Read what is there. The status of the answer once it is whole, with its body; 0: more is to come;
 * -1: the connection is lost, for what errno says; 0: the other side has closed it. */
int wire_take(struct wire *w, struct str *body);

/* Prints what failed, with errno, and ends the program. */
_Noreturn void wire_die(const char *what);
