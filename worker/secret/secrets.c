#include "worker/secret/secrets.h"

#include "shared/arena.h"
#include "shared/clock.h"
#include "shared/fs.h"
#include "shared/json.h"
#include "shared/log.h"
#include "worker/aws/service.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>

#define SCHEME "secret://"

enum { SECOND = 1000000, KEPT_S = 300, LIMIT_S = 15, ARN_REGION = 3 };

struct kept {
    struct kept *next;
    char *id;
    struct secret value;
    int64_t at; /* monotonic */
};

struct secrets {
    pthread_mutex_t lock;
    struct kept *kept;
};

struct secrets *secrets_new(void)
{
    struct secrets *secrets = calloc(1, sizeof *secrets);
    if (secrets)
        pthread_mutex_init(&secrets->lock, NULL);
    return secrets;
}

static void drop(struct kept *kept)
{
    secret_dispose(&kept->value);
    free(kept->id);
    free(kept);
}

void secrets_free(struct secrets *secrets)
{
    if (!secrets)
        return;
    for (struct kept *kept = secrets->kept, *next; kept; kept = next) {
        next = kept->next;
        drop(kept);
    }
    pthread_mutex_destroy(&secrets->lock);
    free(secrets);
}

bool secrets_in(const char *setting)
{
    return setting && (strncmp(setting, SCHEME, sizeof SCHEME - 1) == 0 || strstr(setting, "${" SCHEME));
}

/* ---- Secrets Manager ---- */

/* Of "arn:aws:secretsmanager:eu-west-1:…"; NULL: the settings'. */
static const char *region_of(const char *id, struct arena *arena)
{
    if (strncmp(id, "arn:", 4) != 0)
        return NULL;
    for (int i = 0; id && i < ARN_REGION; i++)
        id = (id = strchr(id, ':')) ? id + 1 : NULL;
    return id ? arena_printf(arena, "%.*s", (int)strcspn(id, ":"), id) : NULL;
}

static bool take_answer(struct http_response *response, struct secret *out, struct err *err)
{
    json_t *root = json_loadb(response->body.p ? response->body.p : "", response->body.n, 0, NULL);
    json_t *text = json_object_get(root, "SecretString");
    bool binary = json_object_get(root, "SecretBinary") != NULL;
    if (text)
        buf_add(&out->text, json_string_value(text), json_string_length(text));
    json_decref(root);
    if (!text)
        return ERR(err, ERR_CONFIG, binary ? "it is binary: a text is wanted" : "the answer holds no secret");
    return buf_ok(&out->text, "a secret", err);
}

static bool ask_aws(const char *id, struct secret *out, struct err *err)
{
    struct arena *arena = arena_new(0);
    struct buf body;
    struct json json;
    struct http_response response;
    char code[AWS_CODE_SIZE];
    if (!arena)
        return ERR(err, ERR_MEMORY, "no memory to ask for a secret");
    const struct aws_service_options options = {
        .name = "secretsmanager", .setting = "secrets_manager", .region = region_of(id, arena)};
    struct aws_service *service = aws_service_new(&options, err);
    buf_init(&body, SECRET_MAX);
    http_response_init(&response);
    jsonw_init(&json, &body);
    jsonw_object_begin(&json);
    jsonw_put_cstring(&json, "SecretId", id);
    jsonw_object_end(&json);
    const struct aws_call call = {.action = "secretsmanager:GetSecretValue",
        .target = "secretsmanager.GetSecretValue",
        .body = buf_str(&body),
        .limit_us = (int64_t)LIMIT_S * SECOND};
    bool ok = service && buf_ok(&body, "a request", err) && aws_service_send(service, &call, &response, code, err) &&
              take_answer(&response, out, err);
    secret_wipe(&response.body);
    http_response_dispose(&response);
    buf_dispose(&body);
    aws_service_free(service);
    arena_free(arena);
    return ok;
}

static struct kept *find(struct secrets *secrets, const char *id)
{
    struct kept *kept = secrets->kept;
    while (kept && strcmp(kept->id, id) != 0)
        kept = kept->next;
    return kept;
}

static bool keep(struct secrets *secrets, const char *id, struct secret *value, struct err *err)
{
    struct kept *kept = find(secrets, id);
    if (kept)
        secret_dispose(&kept->value);
    else if ((kept = calloc(1, sizeof *kept)) && (kept->id = strdup(id))) {
        kept->next = secrets->kept;
        secrets->kept = kept;
    } else {
        free(kept);
        return ERR(err, ERR_MEMORY, "no memory for a secret");
    }
    kept->value = *value;
    kept->at = clock_monotonic();
    return true;
}

/* What was kept too long still serves while Secrets Manager cannot be reached. */
static bool read_aws(struct secrets *secrets, const char *id, bool fresh, struct secret *out, struct err *err)
{
    const struct kept *kept = find(secrets, id);
    bool good = kept && !fresh && clock_monotonic() - kept->at < (int64_t)KEPT_S * SECOND;
    struct secret value;
    if (!good) {
        secret_init(&value);
        if (!ask_aws(id, &value, err) || !keep(secrets, id, &value, err)) {
            secret_dispose(&value);
            if (!kept || fresh || err->kind != ERR_UNAVAILABLE)
                return false;
            log_err(LOG_WARN, "secret-not-renewed", err);
        }
        kept = find(secrets, id);
    }
    buf_add_str(&out->text, buf_str(&kept->value.text));
    return buf_ok(&out->text, "a secret", err);
}

/* ---- the other places ---- */

static bool read_env(const char *name, struct secret *out, struct err *err)
{
    const char *value = getenv(name);
    if (!value || !*value)
        return ERR(err, ERR_CONFIG, "the variable is not set");
    buf_add_cstr(&out->text, value);
    return buf_ok(&out->text, "a secret", err);
}

/* Without the line end that an editor, or echo, leaves behind it. */
static bool read_file(const char *path, struct secret *out, struct err *err)
{
    if (!fs_read(path, &out->text, err)) {
        err->kind = ERR_CONFIG;
        return false;
    }
    while (out->text.n && (out->text.p[out->text.n - 1] == '\n' || out->text.p[out->text.n - 1] == '\r'))
        out->text.p[--out->text.n] = '\0';
    return true;
}

/* ---- a reference ---- */

static bool take_field(struct secret *whole, const char *field, struct secret *out, struct err *err)
{
    json_error_t fault;
    json_t *root = json_loadb(whole->text.p, whole->text.n, JSON_DECODE_ANY, &fault);
    json_t *value = json_object_get(root, field);
    bool ok = json_is_string(value) || json_is_integer(value);
    if (!json_is_object(root))
        ERR(err, ERR_CONFIG, "it is no JSON object, so it has no field %s", field);
    else if (!ok)
        ERR(err, ERR_CONFIG, "it has no field %s with a text or an integer", field);
    else if (json_is_string(value))
        buf_add(&out->text, json_string_value(value), json_string_length(value));
    else
        buf_add_i64(&out->text, json_integer_value(value));
    json_decref(root);
    return ok && buf_ok(&out->text, "a secret", err);
}

static bool read_place(
    struct secrets *secrets, const char *place, const char *name, bool fresh, struct secret *out, struct err *err)
{
    if (!*name)
        return ERR(err, ERR_CONFIG, "it names nothing");
    if (strcmp(place, "aws") == 0)
        return read_aws(secrets, name, fresh, out, err);
    if (strcmp(place, "env") == 0)
        return read_env(name, out, err);
    if (strcmp(place, "file") == 0)
        return read_file(name, out, err);
    return ERR(err, ERR_CONFIG, "there is no such place: secret://aws/ID#FIELD, secret://env/NAME, secret://file/PATH");
}

static bool read_reference(
    struct secrets *secrets, struct str reference, bool fresh, struct secret *out, struct err *err)
{
    struct arena *arena = arena_new(0);
    struct secret whole;
    char *text = arena ? arena_printf(arena, STR_FMT, STR_ARG(reference)) : NULL;
    if (!text) {
        arena_free(arena);
        return ERR(err, ERR_MEMORY, "no memory for a secret");
    }
    char *place = text + sizeof SCHEME - 1, *slash = strchr(place, '/'), *field = strchr(place, '#');
    char *name = slash ? slash + 1 : place + strlen(place);
    if (slash)
        *slash = '\0';
    if (field)
        *field++ = '\0';
    if (slash && strcmp(place, "file") == 0 && *name != '/')
        name = arena_printf(arena, "/%s", name);
    secret_init(&whole);
    bool ok = name && read_place(secrets, place, name, fresh, &whole, err);
    if (ok && field)
        ok = take_field(&whole, field, out, err);
    else if (ok)
        buf_add_str(&out->text, buf_str(&whole.text));
    secret_dispose(&whole);
    arena_free(arena);
    return ok ? buf_ok(&out->text, "a secret", err) : err_context(err, STR_FMT, STR_ARG(reference));
}

/* ---- a setting ---- */

static void add_encoded(struct secret *out, struct str value)
{
    for (size_t i = 0; i < value.n; i++)
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", value.p[i]) && value.p[i])
            buf_add_byte(&out->text, value.p[i]);
        else
            buf_printf(&out->text, "%%%02X", (unsigned)(unsigned char)value.p[i]);
}

/* Appends what stands before the next ${…} and what it stands for; *setting is behind it. */
static bool read_part(
    struct secrets *secrets, const char *whole, const char **setting, bool fresh, struct secret *out, struct err *err)
{
    const char *begin = strstr(*setting, "${" SCHEME), *end = begin ? strchr(begin, '}') : NULL;
    struct secret value;
    if (!begin) {
        buf_add_cstr(&out->text, *setting);
        *setting += strlen(*setting);
        return true;
    }
    if (!end)
        return ERR(err, ERR_CONFIG, "a ${" SCHEME "…} has no end");
    buf_add(&out->text, *setting, (size_t)(begin - *setting));
    secret_init(&value);
    bool ok = read_reference(secrets, (struct str){begin + 2, (size_t)(end - begin) - 2}, fresh, &value, err);
    if (ok) {
        const char *url = strstr(whole, "://");
        secret_hide(buf_str(&value.text));
        if (url && url < begin)
            add_encoded(out, buf_str(&value.text));
        else
            buf_add_str(&out->text, buf_str(&value.text));
    }
    secret_dispose(&value);
    *setting = end + 1;
    return ok;
}

bool secrets_read(struct secrets *secrets, const char *setting, bool fresh, struct secret *out, struct err *err)
{
    const char *rest = setting;
    bool ok = true, whole = strncmp(setting, SCHEME, sizeof SCHEME - 1) == 0;
    pthread_mutex_lock(&secrets->lock);
    if (whole) {
        ok = read_reference(secrets, str_of(setting), fresh, out, err);
        if (ok)
            secret_hide(buf_str(&out->text));
    }
    while (ok && !whole && *rest)
        ok = read_part(secrets, setting, &rest, fresh, out, err);
    pthread_mutex_unlock(&secrets->lock);
    return ok && buf_ok(&out->text, "a setting", err);
}
