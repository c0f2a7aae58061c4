#include "worker/net/smtp.h"

#include "worker/net/libcurl.h"

#include <string.h>

struct sending {
    struct str rest;
};

static size_t give(char *p, size_t size, size_t n, void *context)
{
    struct sending *s = context;
    size_t wanted = s->rest.n < size * n ? s->rest.n : size * n;
    memcpy(p, s->rest.p, wanted);
    s->rest = (struct str){s->rest.p + wanted, s->rest.n - wanted};
    return wanted;
}

static struct curl_slist *recipients(const struct smtp_mail *mail)
{
    struct curl_slist *list = NULL;
    for (size_t i = 0; i < mail->to_count; i++) {
        struct curl_slist *more = libcurl.slist_append(list, mail->to[i]);
        if (!more) {
            libcurl.slist_free_all(list);
            return NULL;
        }
        list = more;
    }
    return list;
}

static void set_options(CURL *curl, const struct smtp_mail *mail, struct sending *sending)
{
    libcurl.easy_setopt(curl, CURLOPT_URL, mail->server);
    libcurl.easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    libcurl.easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    libcurl.easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)(mail->limit_us / 1000));
    libcurl.easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(mail->limit_us / 1000));
    /* A password never goes in the clear. */
    libcurl.easy_setopt(curl, CURLOPT_USE_SSL, (long)(mail->user ? CURLUSESSL_ALL : CURLUSESSL_TRY));
    if (mail->ca_bundle)
        libcurl.easy_setopt(curl, CURLOPT_CAINFO, mail->ca_bundle);
    if (mail->user) {
        libcurl.easy_setopt(curl, CURLOPT_USERNAME, mail->user);
        libcurl.easy_setopt(curl, CURLOPT_PASSWORD, mail->password ? mail->password : "");
    }
    libcurl.easy_setopt(curl, CURLOPT_MAIL_FROM, mail->from);
    libcurl.easy_setopt(curl, CURLOPT_READFUNCTION, give);
    libcurl.easy_setopt(curl, CURLOPT_READDATA, sending);
    libcurl.easy_setopt(curl, CURLOPT_UPLOAD, 1L);
}

bool smtp_send(const struct smtp_mail *mail, struct err *err)
{
    char detail[CURL_ERROR_SIZE] = "";
    struct sending sending = {mail->message};
    if (!libcurl_load(err))
        return false;
    CURL *curl = libcurl.easy_init();
    struct curl_slist *to = curl ? recipients(mail) : NULL;
    if (!to) {
        libcurl.easy_cleanup(curl);
        return ERR(err, ERR_MEMORY, "no memory for a mail");
    }
    set_options(curl, mail, &sending);
    libcurl.easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
    libcurl.easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
    CURLcode code = libcurl.easy_perform(curl);
    libcurl.slist_free_all(to);
    libcurl.easy_cleanup(curl);
    if (code == CURLE_OK)
        return true;
    return ERR(err, code == CURLE_LOGIN_DENIED ? ERR_CONFIG : ERR_UNAVAILABLE, "%s",
        *detail ? detail : libcurl.easy_strerror(code));
}
