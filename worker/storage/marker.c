#include "worker/storage/marker.h"

#include <jansson.h>
#include <stdio.h>

bool marker_read(struct str text, char id[ULID_SIZE], struct err *err)
{
    json_t *marker = json_loadb(text.n ? text.p : "", text.n, 0, NULL);
    struct str found = str_of(json_string_value(json_object_get(marker, "id")));
    bool ok = ulid_valid(found);
    id[0] = '\0';
    if (ok)
        snprintf(id, ULID_SIZE, "%.*s", STR_ARG(found));
    json_decref(marker);
    return ok || ERR(err, ERR_CORRUPT, "the lake's .sluice/lake.json is not what was written there");
}

void marker_make(char text[128])
{
    char id[ULID_SIZE];
    ulid_new(id);
    snprintf(text, 128, "{\"version\": 1, \"id\": \"%s\"}\n", id);
}

bool marker_accept(struct storage *storage, const char id[ULID_SIZE], struct err *err)
{
    if (storage->lake_id[0] && strcmp(storage->lake_id, id) != 0) {
        ERR(err, ERR_UNAVAILABLE, "%s is another lake (%s) than the one expected (%s)", storage->root.p, id,
            storage->lake_id);
        return err_hint(err, "mount the right one, or start with a new --journal");
    }
    memcpy(storage->lake_id, id, ULID_SIZE);
    return true;
}
