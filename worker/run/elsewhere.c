#include "worker/run/elsewhere.h"

bool elsewhere_is(struct str key)
{
    return str_starts(key, STR("s3://")) || str_starts(key, STR("file://"));
}

/* s3://bucket/key is cut after the bucket, file:///folder/name before the name. */
static size_t end_of_lake(struct str url)
{
    size_t at = url.n;
    if (str_starts(url, STR("s3://")))
        return 5 + str_find_byte((struct str){url.p + 5, url.n - 5}, '/');
    while (at && url.p[at - 1] != '/')
        at--;
    return at ? at - 1 : 0;
}

bool elsewhere_open(struct storage *own, struct str key, struct storage **storage, struct str *there,
    struct arena *arena, struct err *err)
{
    *storage = own;
    *there = key;
    if (!elsewhere_is(key))
        return true;
    size_t n = end_of_lake(key);
    struct str lake = arena_str(arena, (struct str){key.p, n});
    *there = n < key.n ? arena_str(arena, (struct str){key.p + n + 1, key.n - n - 1}) : STR("");
    if (!lake.p || !there->p)
        return ERR(err, ERR_MEMORY, "no memory for the name of a lake");
    return storage_key_ok(*there, err) && storage_open(lake, own->drivers, arena, storage, err);
}

struct str elsewhere_folder(
    const struct storage *own, struct str key, struct str dataset, struct str run_folder, struct arena *arena)
{
    if (!elsewhere_is(key))
        return run_folder;
    return str_of(arena_printf(arena, ".sluice/staging/%s-" STR_FMT, own->lake_id, STR_ARG(dataset)));
}

bool elsewhere_clear(struct storage *own, struct str key, struct str dataset, struct arena *arena, struct err *err)
{
    struct storage *storage;
    struct str there, folder = elsewhere_folder(own, key, dataset, STR(""), arena);
    if (!elsewhere_is(key))
        return true;
    return (folder.p || ERR(err, ERR_MEMORY, "no memory for a key")) &&
           elsewhere_open(own, key, &storage, &there, arena, err) && storage->driver->remove_tree(storage, folder, err);
}
