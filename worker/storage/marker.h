/* The marker of a lake, .sluice/lake.json: by its id a lake is known again. For drivers. */
#ifndef WORKER_STORAGE_MARKER_H
#define WORKER_STORAGE_MARKER_H

#include "worker/storage/storage.h"

enum { MARKER_MAX = 4096 };
#define MARKER_KEY ".sluice/lake.json"

/* ERR_CORRUPT when the text is not a marker. */
bool marker_read(struct str text, char id[ULID_SIZE], struct err *err) MUST_CHECK;
/* A new one. */
void marker_make(char text[128]);
/* Is it the lake that is expected? It is from now on. ERR_UNAVAILABLE */
bool marker_accept(struct storage *storage, const char id[ULID_SIZE], struct err *err) MUST_CHECK;

#endif
