#include "shared/secret.h"

#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* Beyond so many the oldest are forgotten: rotation brings new ones for as long as a process lives. */
enum { HIDDEN_MAX = 256 };

static struct hidden {
    char *p;
    size_t n;
} hidden[HIDDEN_MAX];
static size_t next;
static atomic_size_t count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void secret_init(struct secret *secret)
{
    buf_init(&secret->text, SECRET_MAX);
    (void)buf_reserve(&secret->text, SECRET_MAX);
}

void secret_wipe(struct buf *buf)
{
    if (buf->p)
        explicit_bzero(buf->p, buf->capacity);
    buf_dispose(buf);
}

void secret_dispose(struct secret *secret)
{
    secret_wipe(&secret->text);
}

void secret_guard(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__ /* its search for leaks attaches to the process */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

static void hide_form(struct str form)
{
    char *copy = NULL;
    pthread_mutex_lock(&lock);
    bool known = form.n < SECRET_SHORTEST;
    for (size_t i = 0; i < atomic_load(&count) && !known; i++)
        known = str_eq((struct str){hidden[i].p, hidden[i].n}, form);
    if (!known)
        copy = malloc(form.n);
    if (copy) {
        memcpy(copy, form.p, form.n);
        if (hidden[next].p) {
            explicit_bzero(hidden[next].p, hidden[next].n);
            free(hidden[next].p);
        }
        hidden[next] = (struct hidden){copy, form.n};
        next = (next + 1) % HIDDEN_MAX;
        if (atomic_load(&count) < HIDDEN_MAX)
            atomic_fetch_add(&count, 1);
    }
    pthread_mutex_unlock(&lock);
}

void secret_hide(struct str value)
{
    struct buf encoded, escaped;
    secret_guard();
    buf_init(&encoded, 3 * SECRET_MAX);
    buf_init(&escaped, 2 * SECRET_MAX);
    (void)(buf_reserve(&encoded, 3 * value.n) && buf_reserve(&escaped, 2 * value.n));
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (isalnum((unsigned char)c) || strchr("-._~", c))
            buf_add_byte(&encoded, c);
        else
            buf_printf(&encoded, "%%%02X", (unsigned)(unsigned char)c);
        if (c == '"' || c == '\\')
            buf_add_byte(&escaped, '\\');
        buf_add_byte(&escaped, c);
    }
    hide_form(value);
    hide_form(buf_str(&encoded));
    hide_form(buf_str(&escaped));
    secret_wipe(&encoded);
    secret_wipe(&escaped);
}

static void mask_one(char *text, size_t size, const struct hidden *h)
{
    size_t n = strlen(text);
    for (char *at = memmem(text, n, h->p, h->n); at; at = memmem(at + 3, strlen(at + 3), h->p, h->n)) {
        memcpy(at, "***", 3);
        memmove(at + 3, at + h->n, strlen(at + h->n) + 1);
    }
    /* Its beginning, where the text was cut. */
    for (size_t k = h->n - 1; n + 1 == size && k >= SECRET_SHORTEST; k--)
        if (k < n && memcmp(text + n - k, h->p, k) == 0) {
            memcpy(text + n - k, "***", 4);
            return;
        }
}

void secret_mask(char *text, size_t size)
{
    if (!atomic_load(&count))
        return;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < atomic_load(&count); i++)
        mask_one(text, size, &hidden[i]);
    pthread_mutex_unlock(&lock);
}
