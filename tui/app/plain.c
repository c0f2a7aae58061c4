#include "tui/app/plain.h"

#include "shared/utf8.h"
#include "tui/app/ask.h"
#include "tui/core/overrides.h"
#include "tui/core/targets.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_WORDS = 256, MOST_TEXT = 1024 * 1024, COMMANDS_COLUMN = 14 };

struct lines {
    struct session *session;
    char *line;
    size_t capacity;
    bool asks;    /* somebody is there to be asked */
    json_t *last; /* the words of the last question that only looked */
};

static volatile sig_atomic_t ends;

static void on_signal(int number)
{
    (void)number;
    ends = 1;
}

bool plain_wanted(void)
{
    const char *terminal = getenv("TERM");
    return terminal && strcmp(terminal, "dumb") == 0 && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* False: the input is over. */
static bool read_line(struct lines *lines, const char *prompt)
{
    if (lines->asks) {
        fputs(prompt, stdout);
        fflush(stdout);
    }
    ssize_t n = ends ? -1 : getline(&lines->line, &lines->capacity, stdin);
    if (n < 0 && lines->asks)
        puts("");
    return n >= 0 && !ends;
}

static void say(struct str text)
{
    struct buf clean;
    buf_init(&clean, MOST_TEXT);
    utf8_sanitise(&clean, text);
    fputs(clean.p ? clean.p : "", stdout);
    buf_dispose(&clean);
}

/* ---- who and where ---- */

static void say_member(const json_t *hello, const char *name, const char *before)
{
    const char *text = json_string_value(json_object_get(hello, name));
    fputs(before, stdout);
    say(str_of(text ? text : "?"));
}

static void say_who(const json_t *hello)
{
    say_member(hello, "operator", "");
    say_member(json_object_get(hello, "environment"), "name", "@");
    say_member(hello, "role", ", ");
}

static int greet(struct session *session, const struct link_options *options, struct err *err)
{
    struct link *link = session_take(session, options, err);
    json_t *hello = link ? link_call(link, "hello", NULL, err) : NULL;
    if (hello) {
        say_who(hello);
        say_member(hello, "lake", ": ");
        puts("");
    }
    json_decref(hello);
    if (link)
        session_give(session, link);
    return hello ? 0 : ask_complain(err);
}

/* Each target on a line. */
static int greet_all(struct session *session, struct err *err)
{
    struct arena *arena = arena_new(0);
    int worst = 0;
    if (session->targets.count < 2) {
        arena_free(arena);
        return greet(session, &session->link, err);
    }
    for (size_t i = 0; arena && i < session->targets.count; i++) {
        struct link_options options = session->link;
        say(str_of(session->targets.items[i]));
        fputs("  ", stdout);
        options.target = target_named(session->targets.items[i], options.config, arena, err);
        int code = options.target ? greet(session, &options, err) : ask_complain(err);
        worst = code > worst ? code : worst;
    }
    arena_free(arena);
    return worst;
}

/* As whom and where it would be done; anything but yes leaves it. */
static bool confirm(void *context, struct link *link, const char *verb)
{
    struct lines *lines = context;
    struct err unknown; /* what is asked next tells */
    json_t *hello = link_call(link, "hello", NULL, &unknown);
    if (!hello)
        return true;
    printf("%s as ", verb);
    say_who(hello);
    json_decref(hello);
    puts(": only yes does it");
    return read_line(lines, "yes or no? ") && str_eq(str_trim(str_of(lines->line)), STR("yes"));
}

/* ---- words ---- */

static const struct {
    const char *typed, *verb, *help;
} names[] = {
    {"1", "overview", "the overview"},
    {"2", "runs", "runs"},
    {"3", "causes", "rejects, by cause"},
    {"4", "requests", "requests"},
    {"5", "audit", "the audit"},
    {"run", "show", "one run, as in run 8841"},
};

static void help(void)
{
    size_t count;
    const struct verb *verbs = verb_list(&count);
    puts("A line is what would stand behind 'sluice'; a ':' before it may stay.\n");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        printf("%-*s%s\n", COMMANDS_COLUMN, names[i].typed, names[i].help);
    puts("r             asks the last question again\n"
         "n             the next page of its answer\n"
         "targets       who one is at each\n"
         "help VERB     what a verb takes\n"
         "q             ends\n");
    for (size_t i = 0; i < count; i++)
        printf("%-*s%s%s%s\n", COMMANDS_COLUMN, verbs[i].name, verbs[i].argument, verbs[i].argument[0] ? ": " : "",
            verbs[i].summary);
    puts("\nWhat acts is asked for once more; only yes does it.");
}

static json_t *words_of(struct str line, struct err *err)
{
    json_t *words = json_array();
    struct buf word;
    bool ok = true;
    buf_init(&word, MOST_TEXT);
    for (line = str_trim(line); line.n && *line.p == ':'; line.n--)
        line.p++;
    while (ok && str_trim(line).n) {
        ok = overrides_next_word(&line, &word) || ERR(err, ERR_USAGE, "a quote is not closed");
        ok = ok && ((json_array_size(words) < MOST_WORDS &&
                        json_array_append_new(words, json_stringn(word.p ? word.p : "", word.n)) == 0) ||
                       ERR(err, ERR_USAGE, "there is a word too many, or one that is no UTF-8"));
    }
    buf_dispose(&word);
    for (size_t i = 0; ok && i < sizeof names / sizeof *names; i++)
        if (json_array_size(words) && strcmp(json_string_value(json_array_get(words, 0)), names[i].typed) == 0)
            json_array_set_new(words, 0, json_string(names[i].verb));
    if (ok)
        return words;
    json_decref(words);
    return NULL;
}

static int run_words(const struct plain *plain, const json_t *words)
{
    char *argv[MOST_WORDS + 2] = {NULL};
    int argc = 0;
    for (size_t i = 0; i < json_array_size(words); i++)
        argv[argc++] = (char *)json_string_value(json_array_get(words, i));
    int code = plain->run(plain->context, argc, argv);
    fflush(stdout);
    return code;
}

/* The last question, from where its answer went on. */
static int run_next(struct lines *lines, const struct plain *plain)
{
    const json_t *next = lines->session->next;
    json_t *words = json_array(), *word;
    size_t i;
    json_array_foreach(lines->last, i, word)
    {
        if (strcmp(json_string_value(word), "--after") == 0)
            i++;
        else
            json_array_append(words, word);
    }
    json_array_append_new(words, json_string("--after"));
    json_array_append_new(words, json_is_integer(next) ? json_sprintf("%lld", (long long)json_integer_value(next))
                                                       : json_incref((json_t *)next));
    json_decref(lines->last);
    lines->last = words;
    return run_words(plain, words);
}

static bool is_word(const json_t *words, const char *one, const char *other)
{
    const char *first = json_string_value(json_array_get(words, 0));
    return first && (strcmp(first, one) == 0 || strcmp(first, other) == 0);
}

/* ---- a line ---- */

static int run_verb(struct lines *lines, const struct plain *plain, json_t *words)
{
    const struct verb *verb = verb_find(json_string_value(json_array_get(words, 0)));
    json_decref(lines->session->next);
    lines->session->next = NULL;
    if (verb && !(verb->takes & ACTS)) {
        json_decref(lines->last);
        lines->last = json_incref(words);
    }
    return run_words(plain, words);
}

static int run_help(const struct plain *plain, json_t *words)
{
    if (json_array_size(words) < 2) {
        help();
        return 0;
    }
    json_array_remove(words, 0);
    json_array_append_new(words, json_string("--help"));
    return run_words(plain, words);
}

static int tell(const char *text)
{
    puts(text);
    return 0;
}

/* -1: that was the last. */
static int run_line(struct lines *lines, const struct plain *plain, struct str line, struct err *err)
{
    json_t *words = words_of(line, err);
    int code = 0;
    if (!words)
        return ask_complain(err);
    if (is_word(words, "q", "quit") || is_word(words, "Q", "exit"))
        code = -1;
    else if (is_word(words, "?", "help"))
        code = run_help(plain, words);
    else if (is_word(words, "targets", "targets"))
        code = greet_all(lines->session, err);
    else if (is_word(words, "n", "next"))
        code = lines->session->next ? run_next(lines, plain) : tell("there is no more");
    else if (is_word(words, "r", "refresh"))
        code = lines->last ? run_words(plain, lines->last) : tell("nothing was asked yet");
    else if (json_array_size(words))
        code = run_verb(lines, plain, words);
    json_decref(words);
    return code;
}

static void take_signals(void)
{
    static const int numbers[] = {SIGHUP, SIGTERM, SIGINT};
    struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: reading a line ends */
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &action, NULL);
}

int plain_run(struct session *session, const struct plain *plain, struct err *err)
{
    struct lines lines = {.session = session, .asks = isatty(STDIN_FILENO)};
    take_signals();
    session->confirm = confirm;
    session->context = &lines;
    int worst = greet_all(session, err), code = worst;
    if (!worst || session->targets.count > 1) {
        puts("");
        code = run_line(&lines, plain, str_of(plain->go ? plain->go : "overview"), err);
    }
    if (lines.asks)
        puts("\n? lists what can be typed, q ends.");
    for (; code >= 0 && read_line(&lines, "sluice> "); code = run_line(&lines, plain, str_of(lines.line), err))
        worst = code > worst ? code : worst;
    worst = code > worst ? code : worst;
    json_decref(lines.last);
    free(lines.line);
    return lines.asks ? 0 : worst;
}
