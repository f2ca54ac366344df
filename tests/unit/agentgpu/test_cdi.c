/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu/cdi.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/t.h"

static char folder[] = "/tmp/bourse-cdi-XXXXXX";
static struct cdi_device v[CDI_DEVICES_MAX];

static void put(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "we");
    CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void drop(const char *name)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    unlink(path);
}

static size_t look(void)
{
    const char *const dirs[] = { "/nonexistent/cdi", folder, NULL };
    return cdi_list(dirs, CDI_KIND, v, CDI_DEVICES_MAX);
}

TEST(yaml_as_the_toolkit_writes_it)
{
    CHECK(mkdtemp(folder) != NULL);
    put("nvidia.yaml",
        "---\ncdiVersion: 0.5.0\nkind: nvidia.com/gpu\ndevices:\n"
        "- containerEdits:\n    deviceNodes:\n    - path: /dev/nvidia0\n  name: \"0\"\n"
        "- containerEdits:\n    deviceNodes:\n    - path: /dev/nvidia0\n"
        "  name: GPU-8f6e2f3c-1111-4222-8333-000000000001\n"
        "- containerEdits:\n    deviceNodes: []\n  name: all\n"
        "containerEdits:\n  hooks:\n  - args:\n    - nvidia-ctk\n    - hook\n"
        "    - update-ldcache\n    hookName: createContainer\n");
    const size_t n = look();
    CHECK_I64(n, 3);
    CHECK(cdi_find(v, n, "0") && cdi_find(v, n, "all"));
    const struct cdi_device *d = cdi_find(v, n, "GPU-8f6e2f3c-1111-4222-8333-000000000001");
    CHECK(d && strstr(d->file, "/nvidia.yaml") && d->changed_us > 0);
    CHECK(!cdi_find(v, n, "GPU-8f6e2f3c"));
    drop("nvidia.yaml");
}

TEST(json_on_one_line)
{
    put("a.json",
        "{\"cdiVersion\":\"0.3.0\",\"kind\":\"nvidia.com/gpu\",\"devices\":[{\"name\":\"GPU-1\","
        "\"containerEdits\":{}},{\"name\" : \"GPU-2\",\"containerEdits\":{}}]}");
    const size_t n = look();
    CHECK_I64(n, 2);
    CHECK(cdi_find(v, n, "GPU-1") && cdi_find(v, n, "GPU-2"));
    drop("a.json");
}

TEST(other_kinds_and_other_files_do_not_count)
{
    put("b.json", "{\"kind\":\"vendor.com/net\",\"devices\":[{\"name\":\"GPU-1\"}]}");
    put("c.txt", "kind: nvidia.com/gpu\ndevices:\n- name: GPU-1\n");
    put("d.yaml", "");
    put("e.yaml", "kind: nvidia.com/gpu-old\ndevices:\n- name: GPU-1\n");
    put("f.yaml", "kind: nvidia.com/gpu\ndevices:\n- nickname: GPU-1\n- filename: x\n");
    CHECK_I64(look(), 0);
    drop("b.json");
    drop("c.txt");
    drop("d.yaml");
    drop("e.yaml");
    drop("f.yaml");
    CHECK(rmdir(folder) == 0);
    CHECK_I64(look(), 0);
}

TESTS(T(yaml_as_the_toolkit_writes_it), T(json_on_one_line),
      T(other_kinds_and_other_files_do_not_count))
