/* What starts the agent of a target. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tui/core/target.h"

#include <string.h>

static const char *words(const char *target, struct agent_command *command, char *out, size_t size)
{
    struct link_options options = {.target = target};
    struct err err;
    out[0] = '\0';
    if (!target_command(&options, command, &err))
        return NULL;
    for (unsigned i = 0; command->argv[i]; i++) {
        strncat(out, i ? " " : "", size - strlen(out) - 1);
        strncat(out, command->argv[i], size - strlen(out) - 1);
    }
    return out;
}

#define SSH "ssh -T -o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=15 "

static void targets(void **state)
{
    (void)state;
    static const struct {
        const char *target, *command; /* NULL: refused */
    } cases[] = {
        {"ssh://prod", SSH "-- prod sluiced agent"},
        {"ssh://ann@prod.example:2222/srv/lake", SSH "-p 2222 -- ann@prod.example sluiced agent --lake '/srv/lake'"},
        {"ssh://ann@[2001:db8::1]:22", SSH "-p 22 -- ann@2001:db8::1 sluiced agent"},
        {"ssh://prod/it's here", SSH "-- prod sluiced agent --lake '/it'\\''s here'"},
        {"ssh://prod/$(reboot)", SSH "-- prod sluiced agent --lake '/$(reboot)'"},
        {"ssh://-oProxyCommand=x", NULL},
        {"ssh://ann@-oProxyCommand=x", NULL},
        {"ssh://", NULL},
        {"ssh://prod:ssh", NULL},
        {"ssh://prod:", NULL},
        {"ssh://[::1", NULL},
        {"ssh://a b", NULL},
    };
    struct agent_command command;
    char text[8192];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *found = words(cases[i].target, &command, text, sizeof text);
        if (cases[i].command)
            assert_string_equal(found, cases[i].command);
        else
            assert_null(found);
    }
}

static void a_folder_is_a_lake(void **state)
{
    (void)state;
    struct agent_command command;
    char text[8192];
    const char *found = words("/srv/lake", &command, text, sizeof text);
    assert_non_null(found);
    assert_non_null(strstr(found, " agent --lake /srv/lake"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(targets), cmocka_unit_test(a_folder_is_a_lake)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
