/* Where settings come from, and which of them wins. */
#include "worker/config/settings.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

#include "shared/err.h"
#include "shared/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char home[] = "/tmp/sluice-settings-XXXXXX";
static char config[128], own[128], contracts[128];

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

struct parsed {
    struct settings settings;
    struct option_list rest;
    struct err err;
    struct arena *arena;
    bool ok;
};

/* words: the command line, split at spaces. */
static void parse(struct parsed *p, const char *words, const struct option_set *extra)
{
    char *argv[32], *text;
    int argc = 0;
    *p = (struct parsed){.arena = arena_new(0)};
    text = arena_cstr(p->arena, words);
    for (char *at = text; *at;) {
        argv[argc++] = at;
        at += strcspn(at, " ");
        if (*at)
            *at++ = 0;
    }
    p->ok = settings_parse(argc, argv, extra, &p->settings, &p->rest, p->arena, &p->err);
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(home))
        return 1;
    snprintf(config, sizeof config, "%s/other.yaml", home);
    snprintf(own, sizeof own, "%s/sluice/sluice.yaml", home);
    snprintf(contracts, sizeof contracts, "%s/sluice/datasets", home);
    char folder[128];
    snprintf(folder, sizeof folder, "%s/sluice", home);
    return mkdir(folder, 0700) || mkdir(contracts, 0700) || setenv("XDG_CONFIG_HOME", home, 1);
}

static int tear_down(void **state)
{
    char folder[128];
    (void)state;
    snprintf(folder, sizeof folder, "%s/sluice", home);
    unlink(own);
    unlink(config);
    return rmdir(contracts) || rmdir(folder) || rmdir(home);
}

static int clean(void **state)
{
    static const char *const names[] = {"SLUICE_LAKE", "SLUICE_MEMORY", "SLUICE_CONFIG", "SLUICE_FAIL_ON"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    unlink(own);
    unlink(config);
    return 0;
}

static void defaults(void **state)
{
    struct parsed p;
    (void)state;
    parse(&p, "", NULL);
    assert_true(p.ok);
    assert_string_equal(p.settings.lake, ".");
    assert_null(p.settings.journal);
    assert_string_equal(p.settings.datasets, contracts);
    assert_int_equal(p.settings.memory, 268435456);
    assert_int_equal(p.settings.workers, 0);
    assert_int_equal(p.settings.lease, 60000000);
    assert_int_equal(p.settings.every, 60000000);
    assert_int_equal(p.settings.fail_on, FAIL_ON_QUARANTINE);
    assert_int_equal(p.settings.log_level, LOG_INFO);
    assert_int_equal(p.rest.count, 0);
    arena_free(p.arena);
}

static void flag_over_environment_over_file(void **state)
{
    struct parsed p;
    char lake[160];
    (void)state;
    write_file(own, "lake: here\nmemory: 512MB\nfail_on: never\nworkers: 3\ntargets: {a: b}\n");
    setenv("SLUICE_MEMORY", "1GiB", 1);
    setenv("SLUICE_FAIL_ON", "reject", 1);
    parse(&p, "run --fail-on=quarantine --every 5m raw/x -- --raw/y", NULL);
    assert_true(p.ok);
    snprintf(lake, sizeof lake, "%s/sluice/here", home);
    assert_string_equal(p.settings.lake, lake); /* a file's paths are beside it */
    assert_int_equal(p.settings.memory, 1073741824);
    assert_int_equal(p.settings.fail_on, FAIL_ON_QUARANTINE);
    assert_int_equal(p.settings.workers, 3);
    assert_int_equal(p.settings.every, 300000000);
    assert_int_equal(p.rest.count, 3);
    assert_string_equal(p.rest.items[0], "run");
    assert_string_equal(p.rest.items[1], "raw/x");
    assert_string_equal(p.rest.items[2], "--raw/y");
    arena_free(p.arena);
}

static void config_stands_alone(void **state)
{
    struct parsed p;
    char words[200];
    (void)state;
    write_file(own, "workers: 3\n");
    write_file(config, "lake: s3://bucket/prefix\n");
    snprintf(words, sizeof words, "--config %s", config);
    parse(&p, words, NULL);
    assert_true(p.ok);
    assert_int_equal(p.settings.workers, 0);
    assert_string_equal(p.settings.lake, "s3://bucket/prefix");
    assert_string_equal(p.settings.config_dir, home);
    assert_string_equal(p.settings.datasets, "s3://bucket/prefix/datasets");
    arena_free(p.arena);
    setenv("SLUICE_CONFIG", config, 1);
    parse(&p, "", NULL);
    assert_true(p.ok);
    assert_string_equal(p.settings.lake, "s3://bucket/prefix");
    arena_free(p.arena);
}

struct own_options {
    bool explain;
    struct option_list sets;
    const char *dataset;
};

static const struct option_row own_rows[] = {
    {.name = "explain", .kind = OPTION_FLAG, .offset = offsetof(struct own_options, explain), .help = "why"},
    {.name = "set",
        .kind = OPTION_LIST,
        .offset = offsetof(struct own_options, sets),
        .value = "K=V",
        .help = "override"},
    {.name = "dataset",
        .kind = OPTION_TEXT,
        .offset = offsetof(struct own_options, dataset),
        .letter = 'd',
        .value = "NAME",
        .help = "one dataset",
        .flag_only = true},
};

static void a_command_has_its_own(void **state)
{
    struct own_options options = {0};
    const struct option_set extra = OPTION_SET(own_rows, &options);
    struct parsed p;
    (void)state;
    parse(&p, "gold --explain --set a=b -dsales --set=c=d --lake /l", &extra);
    assert_true(p.ok);
    assert_true(options.explain);
    assert_int_equal(options.sets.count, 2);
    assert_string_equal(options.sets.items[0], "a=b");
    assert_string_equal(options.sets.items[1], "c=d");
    assert_string_equal(options.dataset, "sales");
    assert_string_equal(p.settings.lake, "/l");
    assert_int_equal(p.rest.count, 1);
    arena_free(p.arena);
}

static const struct {
    const char *words, *file; /* of the own configuration */
    enum err_kind kind;
    const char *message, *hint;
} faults[] = {
    {"--memroy 1GB", NULL, ERR_USAGE, "unknown option --memroy", "did you mean --memory?"},
    {"-x", NULL, ERR_USAGE, "unknown option -x", ""},
    {"--memory", NULL, ERR_USAGE, "--memory wants SIZE", ""},
    {"--memory lots", NULL, ERR_USAGE, "--memory: 'lots' is not a size such as 256MB", ""},
    {"--memory 1MB", NULL, ERR_USAGE, "--memory: '1MB' is not large enough", ""},
    {"--workers -1", NULL, ERR_USAGE, "--workers: '-1' is not a whole number", ""},
    {"--every soon", NULL, ERR_USAGE, "--every: 'soon' is not a duration such as 30s, 5m or 1d", ""},
    {"--fail-on sometimes", NULL, ERR_USAGE, "--fail-on: 'sometimes' is not reject, quarantine or never", ""},
    {"--lake=", NULL, ERR_USAGE, "--lake: '' is not allowed: it is empty", ""},
    {"--config /nowhere/sluice.yaml", NULL, ERR_CONFIG, "there is no /nowhere/sluice.yaml", ""},
    {"", "lake: a\nlaek: b\n", ERR_CONFIG, ":2:1: unknown key 'laek'", "did you mean 'lake'?"},
    {"", "memory: [1]\n", ERR_CONFIG, ":1:9: 'memory' wants a value", ""},
    {"", "memory: much\n", ERR_CONFIG, ":1:9: memory: 'much' is not a size such as 256MB", ""},
    {"", "help: true\n", ERR_CONFIG, ":1:1: unknown key 'help'", ""},
    {"", "- a\n", ERR_CONFIG, ":1:1: a map of settings is wanted", ""},
    {"", "a: {\n", ERR_CONFIG, ":2:1: while parsing a flow node, did not find expected node content", ""},
};

static void says_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct parsed p;
        char expected[300];
        clean(NULL);
        if (faults[i].file)
            write_file(own, faults[i].file);
        snprintf(expected, sizeof expected, "%s%s", faults[i].file ? own : "", faults[i].message);
        parse(&p, faults[i].words, NULL);
        assert_false(p.ok);
        assert_string_equal(p.err.message, expected);
        assert_string_equal(p.err.hint, faults[i].hint);
        assert_int_equal(p.err.kind, faults[i].kind);
        arena_free(p.arena);
    }
}

static void finds_the_command(void **state)
{
    static char *argv[] = {"--lake", "run", "--memory=1GB", "gold", "--explain", "x"};
    (void)state;
    assert_int_equal(settings_command(6, argv), 3);
    assert_int_equal(settings_command(3, argv), 3);
    assert_int_equal(settings_command(0, argv), 0);
}

static void help_comes_from_the_table(void **state)
{
    struct buf out;
    (void)state;
    buf_init(&out, 1 << 16);
    settings_help(&out);
    assert_non_null(
        strstr(out.p, "      --memory SIZE         peak resident memory of the whole process (default 256MB)\n"));
    assert_non_null(strstr(out.p, "      --fail-on reject|quarantine|never\n"));
    assert_non_null(strstr(out.p, "  -h, --help                this text\n"));
    buf_dispose(&out);
}

/* Whatever the files say. */
static void help_is_always_given(void **state)
{
    struct parsed p;
    (void)state;
    write_file(own, "nonsense: [\n");
    parse(&p, "--help", NULL);
    assert_true(p.ok);
    assert_true(p.settings.help);
    arena_free(p.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults, clean, clean),
        cmocka_unit_test_setup_teardown(flag_over_environment_over_file, clean, clean),
        cmocka_unit_test_setup_teardown(config_stands_alone, clean, clean),
        cmocka_unit_test_setup_teardown(a_command_has_its_own, clean, clean),
        cmocka_unit_test_setup_teardown(says_what_is_wrong, clean, clean),
        cmocka_unit_test_setup_teardown(finds_the_command, clean, clean),
        cmocka_unit_test_setup_teardown(help_comes_from_the_table, clean, clean),
        cmocka_unit_test_setup_teardown(help_is_always_given, clean, clean),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
