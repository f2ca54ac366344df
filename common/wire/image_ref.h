/* SPDX-License-Identifier: Apache-2.0 */
/* References of images, "registry.example.org:5000/team/model:1": which registry is meant. Pure.
 *
 * As the engines read them: what stands before the first slash is a registry when it has a dot or a
 * colon, or is "localhost"; else the image is Docker Hub's, which is called docker.io. */
#pragma once

#include "base/str.h"

#define REGISTRY_MAX 255 /* bytes of a registry's name with its port */
#define DOCKER_HUB   "docker.io"

/* Borrowed from `ref`, or docker.io. n 0: an image of the blob store has no registry. */
struct str image_registry(struct str ref);

/* Is it the name of a registry: lower-case letters, digits, dots and dashes, and perhaps a port,
 * as it stands in front of an image? */
bool is_registry(struct str name);
