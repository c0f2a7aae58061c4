#include "shared/library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

static bool load(const struct library *library, struct err *err)
{
    void *handle = dlopen(library->name, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        ERR(err, ERR_CONFIG, "cannot load %s: %s", library->name, dlerror());
        return err_hint(err, "Install the package that brings %s.", library->name);
    }
    for (size_t i = 0; i < library->count; i++) {
        void *symbol = dlsym(handle, library->rows[i].symbol);
        if (!symbol) {
            dlclose(handle);
            return ERR(err, ERR_CONFIG, "%s has no %s", library->name, library->rows[i].symbol);
        }
        memcpy((char *)library->table + library->rows[i].offset, &symbol, sizeof symbol);
    }
    return true;
}

bool library_load(struct library *library, struct err *err)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    if (__atomic_load_n(&library->loaded, __ATOMIC_ACQUIRE))
        return true;
    pthread_mutex_lock(&lock);
    bool ok = library->loaded || load(library, err);
    __atomic_store_n(&library->loaded, ok, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&lock);
    return ok;
}
