/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that do not exist here, each with what to use instead. tools/check_floors.py refuses
 * their names in our sources; this page says why.
 *
 *   strcpy strcat strncpy strncat sprintf vsprintf  buf_add, buf_fmt, arena_fmt, snprintf
 *   strtok                                          str_cut
 *   atoi atol atoll strtol strtoll sscanf           str_i64
 *   gets                                            file_read
 *   alloca                                          an arena
 *   localtime gmtime ctime asctime                  rfc3339_format
 *   rand srand random                               random_bytes; in tests a seeded generator
 *   time gettimeofday                               clock_wall_us
 *   malloc calloc realloc                           outside common/base: arena, buf, mem_zalloc
 */
#pragma once
