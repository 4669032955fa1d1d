/* SPDX-License-Identifier: Apache-2.0 */
/* transcript_test.c -- whole conversations as text: transcript [--accept] FILE...
 *
 * A file has comments (#), orders (>) and what came out of them. The program carries the orders out
 * again and compares; --accept writes the file anew, and review shows the difference. The orders
 * are in script.c, the lines in support/pair_log.c. An order `expect` that does not hold fails in
 * both cases. */
#include "transcripts/script.h"

#include <stdlib.h>
#include <string.h>

static char *read_whole(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return NULL;
    }
    char *text = NULL;
    size_t size = 0;
    const ssize_t got = getdelim(&text, &size, '\0', file);
    (void)fclose(file);
    if (got < 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* Comments and orders of the old text, with what comes out now. NULL: an order was not understood,
 * or did not hold. */
static char *play(const char *path, const char *old)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    char *copy = strdup(old);
    struct script *script = script_create(out);
    bool good = out != NULL && copy != NULL;
    int number = 0;
    char *rest = copy;
    for (char *line = strsep(&rest, "\n"); good && line != NULL; line = strsep(&rest, "\n")) {
        number++;
        if (line[0] == '#') {
            fprintf(out, "%s\n", line);
        } else if (line[0] == '>') {
            fprintf(out, "%s%s\n", number > 1 && script_spoke(script) ? "\n" : "", line);
            const char *wrong = script_order(script, line + 1);
            if (wrong != NULL) {
                fprintf(stderr, "%s:%d: %s: %s\n", path, number, line, wrong);
                good = false;
            }
        }
    }
    script_destroy(script);
    free(copy);
    (void)fclose(out);
    if (good && strstr(old, "\n>") == NULL) {
        fprintf(stderr, "%s: there is no order in it\n", path);
        good = false;
    }
    if (!good) {
        fputs(text, stderr);
        free(text);
        return NULL;
    }
    return text;
}

static void show_first_difference(const char *path, const char *old, const char *new)
{
    int line = 1;
    const char *old_line = old;
    const char *new_line = new;
    while (*old != '\0' && *old == *new) {
        if (*old == '\n') {
            line++;
            old_line = old + 1;
            new_line = new + 1;
        }
        old++;
        new ++;
    }
    fprintf(
        stderr,
        "%s:%d: was: %.*s\n%s:%d: is:  %.*s\n",
        path,
        line,
        (int)strcspn(old_line, "\n"),
        old_line,
        path,
        line,
        (int)strcspn(new_line, "\n"),
        new_line);
}

static bool check(const char *path, bool accept)
{
    char *old = read_whole(path);
    if (old == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return false;
    }
    char *new = play(path, old);
    bool good = new != NULL;
    if (good && accept) {
        FILE *file = fopen(path, "w");
        good = file != NULL && fputs(new, file) >= 0;
        good = file != NULL && fclose(file) == 0 && good;
    } else if (good && strcmp(old, new) != 0) {
        show_first_difference(path, old, new);
        good = false;
    }
    free(old);
    free(new);
    return good;
}

int main(int argc, char **argv)
{
    const bool accept = argc > 1 && strcmp(argv[1], "--accept") == 0;
    bool good = argc > (accept ? 2 : 1);
    for (int i = accept ? 2 : 1; i < argc; i++) {
        good = check(argv[i], accept) && good;
    }
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
