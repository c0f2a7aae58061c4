#include "worker/agent/identity.h"

#include "shared/base64.h"
#include "shared/fs.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_AUTH_INFO = 64 * 1024, SUM_BYTES = 32, MOST_SUM_TEXT = 64 };

static bool is_role(const char *role)
{
    return strcmp(role, "viewer") == 0 || strcmp(role, "operator") == 0 || strcmp(role, "approver") == 0;
}

/* ---- the key ---- */

static struct str next_word(struct str *text)
{
    *text = str_trim(*text);
    struct str word = {text->p, 0};
    while (word.n < text->n && word.p[word.n] != ' ' && word.p[word.n] != '\n')
        word.n++;
    *text = (struct str){text->p + word.n, text->n - word.n};
    return word;
}

static struct str print_sum(struct str key, struct arena *arena)
{
    unsigned char sum[SUM_BYTES];
    struct buf text;
    if (EVP_Digest(key.p, key.n, sum, NULL, EVP_sha256(), NULL) != 1)
        return STR("");
    buf_init(&text, MOST_SUM_TEXT);
    buf_add_cstr(&text, "SHA256:");
    base64_encode(&text, (struct str){(const char *)sum, sizeof sum});
    while (str_ends(buf_str(&text), STR("=")))
        text.n--;
    struct str found = arena_str(arena, buf_str(&text));
    buf_dispose(&text);
    return found;
}

struct str identity_fingerprint(struct str auth_info, struct arena *arena)
{
    struct str method = next_word(&auth_info), kind = next_word(&auth_info), key = next_word(&auth_info);
    struct str found = STR("");
    struct buf bytes;
    if (!str_eq(method, STR("publickey")) || !kind.n || !key.n)
        return found;
    buf_init(&bytes, MOST_AUTH_INFO);
    if (base64_decode(&bytes, key))
        found = print_sum(buf_str(&bytes), arena);
    buf_dispose(&bytes);
    return found;
}

static struct str read_auth_info(struct buf *text)
{
    const char *path = getenv("SSH_USER_AUTH");
    struct err unread; /* sshd was not told to expose it */
    buf_init(text, MOST_AUTH_INFO);
    return path && fs_read(path, text, &unread) ? buf_str(text) : STR("");
}

/* "192.0.2.7 SHA256:…" */
static struct str origin(struct arena *arena)
{
    const char *connection = getenv("SSH_CONNECTION");
    struct str rest = str_of(connection ? connection : "");
    struct str address = next_word(&rest);
    struct buf text;
    struct str key = identity_fingerprint(read_auth_info(&text), arena);
    buf_dispose(&text);
    return str_of(
        arena_printf(arena, STR_FMT "%s" STR_FMT, STR_ARG(address), address.n && key.n ? " " : "", STR_ARG(key)));
}

/* ---- who ---- */

static bool owns(const char *lake, uid_t who, bool *does, struct err *err)
{
    struct stat info;
    *does = false;
    if (stat(lake, &info) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return true; /* the first question tells */
    if (stat(lake, &info) != 0)
        return ERR_ERRNO(err, "cannot look at the lake %s", lake);
    *does = info.st_uid == who;
    return true;
}

static bool believe(const char *name, const char *role, bool owner, struct err *err)
{
    if (!name || !*name || !role)
        return ERR(err, ERR_USAGE, "--operator and --role go together");
    if (!is_role(role))
        return ERR(err, ERR_USAGE, "there is no role '%.40s': viewer, operator or approver", role);
    if (owner && getenv("SSH_CONNECTION"))
        return true;
    ERR(err, ERR_USAGE,
        owner ? "--operator is believed only from a forced command of sshd"
              : "--operator is believed only from the account that owns the lake");
    return err_hint(err,
        "In that account's authorized_keys: command=\"sluiced agent --operator %.40s --role %s "
        "--lake DIR\",restrict KEY. Without it you are yourself.",
        name, role);
}

static struct str account(uid_t id, struct arena *arena)
{
    const struct passwd *user = getpwuid(id);
    return user ? arena_str(arena, str_of(user->pw_name)) : str_of(arena_printf(arena, "uid %lu", (unsigned long)id));
}

bool identity_find(const char *name, const char *role, const char *lake, struct identity *identity, struct arena *arena,
    struct err *err)
{
    bool owner, claimed = name || role;
    *identity = (struct identity){.four_eyes = claimed, .from = origin(arena)};
    if (!owns(lake, getuid(), &owner, err) || (claimed && !believe(name, role, owner, err)))
        return false;
    identity->name = claimed ? arena_str(arena, str_of(name)) : account(getuid(), arena);
    identity->role = claimed ? arena_str(arena, str_of(role)) : owner ? STR("approver") : STR("viewer");
    return (identity->name.p && identity->role.p && identity->from.p) ||
           ERR(err, ERR_MEMORY, "no memory for who it is");
}

bool identity_role(const struct option_list *operators, struct str name, struct str *role, struct err *err)
{
    *role = STR("");
    for (size_t i = 0; i < operators->count; i++) {
        struct str item = str_of(operators->items[i]);
        size_t n = str_find_byte(item, '=');
        const char *given = n < item.n ? item.p + n + 1 : "";
        if (!is_role(given)) {
            ERR(err, ERR_USAGE, "operators: '%.80s' gives no role", item.p);
            return err_hint(err, "NAME=viewer, NAME=operator or NAME=approver.");
        }
        if (str_eq((struct str){item.p, n}, name))
            *role = str_of(given);
    }
    return true;
}

bool identity_of_peer(int socket, const struct option_list *operators, const char *lake, struct identity *identity,
    struct arena *arena, struct err *err)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    bool owner;
    *identity = (struct identity){.name = STR("")};
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        ERR(err, ERR_USAGE, "--peer: standard input is no local socket");
        return err_hint(err, "'sluiced watch --socket PATH' starts it.");
    }
    identity->name = account(peer.uid, arena);
    identity->from = str_of(arena_printf(arena, "local uid %lu", (unsigned long)peer.uid));
    if (!identity->name.p || !identity->from.p)
        return ERR(err, ERR_MEMORY, "no memory for who it is");
    if (!identity_role(operators, identity->name, &identity->role, err) || !owns(lake, peer.uid, &owner, err))
        return false;
    bool alone = !identity->role.n && owner;
    identity->four_eyes = !alone;
    if (!identity->role.n)
        identity->role = alone ? STR("approver") : STR("none");
    return true;
}
