/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From now on jansson takes its memory from room.c. Before the first value is made. */
void json_room_use(void);
