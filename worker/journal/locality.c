#include "worker/journal/internal.h"

#include "shared/buf.h"
#include "shared/fs.h"

#include <stdlib.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

/* linux/magic.h and the file systems' own sources. WAL needs memory shared by all processes, which these lack. */
static const struct {
    unsigned long magic;
    const char *name;
} networks[] = {
    {0x6969, "NFS"},
    {0x517B, "SMB"},
    {0xFE534D42, "SMB"},
    {0xFF534D42, "CIFS"},
    {0x564C, "NCP"},
    {0x73757245, "Coda"},
    {0x5346414F, "AFS"},
    {0x6B414653, "AFS"},
    {0x00C36400, "Ceph"},
    {0x0BD00BD0, "Lustre"},
    {0x01161970, "GFS2"},
    {0x7461636F, "OCFS2"},
    {0x47504653, "GPFS"},
    {0xAAD7AAEA, "PanFS"},
    {0x19830326, "BeeGFS"},
};
enum { FUSE_MAGIC = 0x65735546, MOUNTINFO_MAX = 4 * 1024 * 1024 };

/* The ones behind FUSE's one magic number that serve a local disk. */
static const char *const local_fuses[] = {
    "fuseblk", "fuse.ntfs-3g", "fuse.ntfs", "fuse.exfat", "fuse.fuse-overlayfs", "fuse.bindfs", "virtiofs"};

static bool is_local_fuse(struct str type)
{
    for (size_t i = 0; i < sizeof local_fuses / sizeof *local_fuses; i++)
        if (str_eq(type, str_of(local_fuses[i])))
            return true;
    return false;
}

static struct str cut_before(struct str *rest, char c)
{
    size_t n = str_find_byte(*rest, c);
    struct str head = {rest->p, n};
    size_t used = n < rest->n ? n + 1 : n;
    *rest = (struct str){rest->p + used, rest->n - used};
    return head;
}

/* proc(5), /proc/pid/mountinfo: "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw" */
static struct str type_in_line(struct str line, struct str device)
{
    cut_before(&line, ' ');
    cut_before(&line, ' ');
    if (!str_eq(cut_before(&line, ' '), device))
        return STR("");
    while (line.n && !str_eq(cut_before(&line, ' '), STR("-")))
        ;
    return cut_before(&line, ' ');
}

static bool check_fuse(const char *path, const char *folder, struct err *err)
{
    struct stat status;
    struct buf mounts, device;
    if (stat(folder, &status) != 0)
        return ERR_ERRNO(err, "cannot look at %s", folder);
    buf_init(&mounts, MOUNTINFO_MAX);
    buf_init(&device, 64);
    buf_printf(&device, "%u:%u", major(status.st_dev), minor(status.st_dev));
    bool ok = fs_read("/proc/self/mountinfo", &mounts, err);
    struct str rest = buf_str(&mounts), type = STR("");
    while (ok && rest.n && !type.n)
        type = type_in_line(cut_before(&rest, '\n'), buf_str(&device));
    if (ok && !is_local_fuse(type)) {
        ok = ERR(err, ERR_CONFIG, "the journal %s would lie on a network file system (%.*s)", path,
            (int)(type.n ? type.n : 4), type.n ? type.p : "FUSE");
        err_hint(err, "put it on a local disk with --journal FILE");
    }
    buf_dispose(&mounts);
    buf_dispose(&device);
    return ok;
}

static bool check_folder(const char *path, const char *folder, struct err *err)
{
    struct statfs status;
    if (statfs(folder, &status) != 0)
        return ERR_ERRNO(err, "cannot look at %s", folder);
    unsigned long magic = (unsigned long)status.f_type & 0xFFFFFFFF;
    if (magic == FUSE_MAGIC)
        return check_fuse(path, folder, err);
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        if (networks[i].magic == magic) {
            ERR(err, ERR_CONFIG, "the journal %s would lie on a network file system (%s)", path, networks[i].name);
            err_hint(err, "put it on a local disk with --journal FILE");
            return false;
        }
    return true;
}

bool locality_check(const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    if (!folder)
        return ERR(err, ERR_MEMORY, "no memory for a path");
    bool ok = check_folder(path, folder, err);
    free(folder);
    return ok;
}
