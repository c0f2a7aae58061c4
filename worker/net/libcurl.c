#include "worker/net/libcurl.h"

#include "shared/library.h"

#include <pthread.h>
#include <signal.h>

struct libcurl libcurl;

static const struct library_row rows[] = {
#define LIBCURL_ROW(name) {"curl_" #name, offsetof(struct libcurl, name)},
    LIBCURL_FUNCTIONS(LIBCURL_ROW)
#undef LIBCURL_ROW
};

/* Without handlers of its own (CURLOPT_NOSIGNAL, for threads) libcurl lets a TLS connection that was cut raise SIGPIPE.
 */
static void start(void)
{
    signal(SIGPIPE, SIG_IGN);
    libcurl.global_init(CURL_GLOBAL_DEFAULT);
}

bool libcurl_load(struct err *err)
{
    static struct library library = {"libcurl.so.4", rows, sizeof rows / sizeof *rows, &libcurl, false};
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (!library_load(&library, err))
        return false;
    pthread_once(&once, start);
    return true;
}
