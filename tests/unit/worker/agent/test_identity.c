/* Who is at the other end. The fingerprint is what ssh-keygen -l prints of the key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "worker/agent/identity.h"

#include <unistd.h>

#define KEY "AAAAC3NzaC1lZDI1NTE5AAAAICyqUWWN7VtXVancLqPX7fAGCKXVrqTGYB0Z87qPlNa0"
#define SUM "SHA256:NESlvhFNuCAt6i9nnj1eDGYiEXV1Vbw0HyVGk3QCpdg"

static void a_key_has_its_fingerprint(void **state)
{
    (void)state;
    static const struct {
        struct str info;
        const char *sum;
    } cases[] = {{STR("publickey ssh-ed25519 " KEY "\n"), SUM}, {STR("publickey ssh-ed25519 " KEY), SUM},
        {STR("publickey ssh-ed25519"), ""}, {STR("publickey ssh-ed25519 !!!!"), ""}, {STR("password"), ""},
        {STR(""), ""}};
    struct arena *arena = arena_new(0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(str_eq(identity_fingerprint(cases[i].info, arena), str_of(cases[i].sum)));
    arena_free(arena);
}

static void ones_own_lake(void **state)
{
    (void)state;
    struct identity who;
    struct err err;
    struct arena *arena = arena_new(0);
    unsetenv("SSH_CONNECTION");
    unsetenv("SSH_USER_AUTH");
    char lake[] = "/tmp/sluice-identity-XXXXXX";
    assert_non_null(mkdtemp(lake));
    assert_true(identity_find(NULL, NULL, lake, &who, arena, &err));
    assert_true(str_eq(who.role, STR("approver")) && !who.four_eyes && !who.from.n);
    assert_false(identity_find("alice", "operator", lake, &who, arena, &err));
    assert_string_equal(err.message, "--operator is believed only from a forced command of sshd");
    setenv("SSH_CONNECTION", "192.0.2.7 50000 192.0.2.1 22", 1);
    assert_true(identity_find("alice", "operator", lake, &who, arena, &err));
    assert_true(str_eq(who.name, STR("alice")) && str_eq(who.role, STR("operator")) && who.four_eyes);
    assert_true(str_eq(who.from, STR("192.0.2.7")));
    assert_false(identity_find("alice", "king", lake, &who, arena, &err));
    assert_false(identity_find("alice", NULL, lake, &who, arena, &err));
    rmdir(lake);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_key_has_its_fingerprint), cmocka_unit_test(ones_own_lake)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
