/* SPDX-License-Identifier: Apache-2.0 */
#include "docker/reasons.h"

#include <string.h>

struct word {
    const char *text;
    enum engine_result meaning;
};

/* The first that occurs decides; FAILED if none does. */
static enum engine_result meaning(struct str message, const struct word *words, size_t n,
                                  enum engine_result otherwise)
{
    for (size_t i = 0; i < n; i++)
        if (message.n > 0 && memmem(message.p, message.n, words[i].text, strlen(words[i].text)))
            return words[i].meaning;
    return otherwise;
}

enum engine_result start_failure(struct str message)
{
    static const struct word words[] = {
        { "exec format error", ENGINE_BAD_IMAGE },
        { "no space left on device", ENGINE_FAILED },
        { "executable file not found", ENGINE_BAD_COMMAND },
        { "unable to start container process: exec:", ENGINE_BAD_COMMAND },
        { "starting container process caused: exec:", ENGINE_BAD_COMMAND },
        { "attempted to invoke a command that was not found", ENGINE_BAD_COMMAND },
        { "argument list too long", ENGINE_BAD_COMMAND },
        { "chdir to cwd", ENGINE_BAD_COMMAND },
        { "Cwd must be an absolute path", ENGINE_BAD_COMMAND },
        { "invalid environment variable", ENGINE_BAD_COMMAND },
        { "No command specified", ENGINE_BAD_COMMAND },
        { "no command or entrypoint", ENGINE_BAD_COMMAND },
        { "does not exist on container", ENGINE_BAD_COMMAND }, /* the working directory */
        { "is not a directory", ENGINE_BAD_COMMAND },
    };
    return meaning(message, words, ARRAY_LEN(words), ENGINE_FAILED);
}

enum engine_result pull_failure(struct str message)
{
    static const struct word words[] = {
        { "no space left on device", ENGINE_FAILED },
        { "no matching manifest", ENGINE_BAD_IMAGE },
        { "no image found in manifest list", ENGINE_BAD_IMAGE },
        { "no image found in image index", ENGINE_BAD_IMAGE },
        { "does not match target platform", ENGINE_BAD_IMAGE },
        { "unsupported manifest", ENGINE_BAD_IMAGE },
        { "mediaType in manifest", ENGINE_BAD_IMAGE },
        { "invalid reference format", ENGINE_BAD_IMAGE },
        { "manifest unknown", ENGINE_NO_SUCH },
        { "manifest for", ENGINE_NO_SUCH },
        { "not found", ENGINE_NO_SUCH },
        { "name unknown", ENGINE_NO_SUCH },
        { "denied", ENGINE_NO_SUCH },
        { "unauthorized", ENGINE_NO_SUCH },
        { "authentication required", ENGINE_NO_SUCH },
        { "no basic auth credentials", ENGINE_NO_SUCH },
    };
    return meaning(message, words, ARRAY_LEN(words), ENGINE_FAILED);
}

enum engine_result load_failure(struct str message)
{
    static const struct word words[] = {
        { "no space left on device", ENGINE_FAILED }, { "cannot allocate memory", ENGINE_FAILED },
        { "permission denied", ENGINE_FAILED },       { "read-only file system", ENGINE_FAILED },
        { "input/output error", ENGINE_FAILED },
    };
    return meaning(message, words, ARRAY_LEN(words), ENGINE_BAD_IMAGE);
}
