/* SPDX-License-Identifier: Apache-2.0 */
/* command.c -- child processes and a scratch folder. FERRY_SIM is the path of the program. */
#include "command.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char scratch[32];
static char home[4096];

int scratch_make(void **state)
{
    (void)state;
    (void)snprintf(scratch, sizeof scratch, "/tmp/ferry-cli-XXXXXX");
    if (getcwd(home, sizeof home) == NULL || mkdtemp(scratch) == NULL) {
        return -1;
    }
    return chdir(scratch);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

int scratch_remove(void **state)
{
    (void)state;
    if (chdir(home) != 0) {
        return -1;
    }
    return nftw(scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void write_scenario(const char *path, const char *name)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    (void)fprintf(
        file,
        "version: 1\n"
        "name: \"%s\"\n"
        "hosts: {h1: {memory: 64 GiB}, h2: {memory: 64 GiB}}\n"
        "networks: {mig: {hosts: [h1, h2], bandwidth: 10 Gbit/s, latency: 50 us}}\n"
        "guests: {g: {host: h1, memory: 1 GiB, clients: {rate: 100 /s, timeout: 1 s}}}\n"
        "steps: [{at: 1 s, move: g, to: h2}]\n",
        name);
    assert_int_equal(fclose(file), 0);
}

static char *read_stream(FILE *file)
{
    char *text = NULL;
    size_t size = 0;

    rewind(file);
    if (getdelim(&text, &size, '\0', file) < 0) {
        free(text);
        text = strdup("");
    }
    return text;
}

char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        return NULL;
    }
    char *text = read_stream(file);

    (void)fclose(file);
    return text;
}

size_t count_entries(const char *folder)
{
    size_t count = 0;
    DIR *stream = opendir(folder);

    assert_non_null(stream);
    while (readdir(stream) != NULL) {
        count++;
    }
    (void)closedir(stream);
    return count - 2;
}

struct ran run_line(const char *line)
{
    struct ran ran = {.status = 0};
    FILE *out = tmpfile();
    FILE *err = tmpfile();
    char script[4096];

    assert_non_null(out);
    assert_non_null(err);
    (void)snprintf(script, sizeof script, "ferry-sim() { %s \"$@\"; }\n%s\n", FERRY_SIM, line);
    const pid_t pid = fork();

    if (pid == 0) {
        (void)dup2(fileno(out), STDOUT_FILENO);
        (void)dup2(fileno(err), STDERR_FILENO);
        (void)execl("/bin/bash", "bash", "-c", script, (char *)NULL);
        _exit(127);
    }
    int status = 0;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    ran.out = read_stream(out);
    ran.err = read_stream(err);
    (void)fclose(out);
    (void)fclose(err);
    return ran;
}

void ran_free(struct ran *ran)
{
    free(ran->out);
    free(ran->err);
}

pid_t start_program(char *const arguments[])
{
    char *argv[16] = {FERRY_SIM};
    const pid_t pid = fork();

    for (size_t i = 0; i < 14 && arguments[i] != NULL; i++) {
        argv[i + 1] = arguments[i];
    }
    if (pid == 0) {
        const int nothing = open("/dev/null", O_WRONLY);

        (void)dup2(nothing, STDOUT_FILENO);
        (void)dup2(nothing, STDERR_FILENO);
        (void)execv(FERRY_SIM, argv);
        _exit(127);
    }
    return pid;
}
