/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c -- ferryd: reads its configuration, starts, runs until it is told to end.
 *
 * SIGTERM and SIGINT end it in good order: moves that can still be called off are, the others come
 * back with the next start, and guests run on. Errors of the configuration are all told, each with its place, before
 * anything is touched.
 */
#include "engine/host/base/log.h"
#include "engine/host/config/config.h"
#include "engine/host/daemon/daemon.h"
#include "engine/host/loop/loop.h"

#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#define CONFIG_DEFAULT "/etc/ferry/ferryd.conf"

struct options {
    const char *config;
    const char *log;
    bool check;
};

static const struct argp_option option_table[] = {
    {"config",                              'c', "FILE", 0, "Configuration (" CONFIG_DEFAULT ")", 0},
    {"check",                               'k', NULL, 0, "Only read the configuration, and say what is wrong", 0},
    {"log", 'l', "LEVEL", 0, "error, warning, notice, info or debug", 0},
    {0                                    },
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct options *options = state->input;
    enum host_log_level level = HOST_LOG_NOTICE;

    if (key == 'c') {
        options->config = value;
    } else if (key == 'k') {
        options->check = true;
    } else if (key == 'l') {
        if (!host_log_level_parse(value, &level)) {
            argp_error(state, "there is no log level %s", value);
        }
        options->log = value;
    } else if (key == ARGP_KEY_ARG) {
        argp_error(state, "%s is one word too many", value);
    } else {
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static struct host_config *read_config(const struct options *options)
{
    struct host_config *config = NULL;
    struct config_errors errors = {0};
    struct host_error error;

    if (config_load_file(options->config, &config, &errors, &error) != HOST_OK) {
        for (size_t i = 0; i < errors.count; i++) {
            (void)fprintf(stderr, "%s\n", errors.items[i].message);
        }
        if (errors.count == 0) {
            host_log_error(HOST_LOG_ERROR, "ferryd", &error);
        }
        config_errors_release(&errors);
        return NULL;
    }
    config_errors_release(&errors);
    return config;
}

static void stop(void *context, int number)
{
    (void)number;
    daemon_wind_down(context);
}

static enum host_code take_signals(struct daemon *daemon, struct host_error *error)
{
    HOST_TRY(loop_signal(daemon->loop, SIGTERM, stop, daemon, error));
    return loop_signal(daemon->loop, SIGINT, stop, daemon, error);
}

static enum host_code
run(struct daemon *daemon, struct host_config *config, struct host_error *error)
{
    enum host_code code = loop_create(&daemon->loop, error);

    if (code != HOST_OK) {
        config_destroy(config);
        return code;
    }
    struct loop *loop = daemon->loop;
    code = take_signals(daemon, error);
    if (code == HOST_OK) {
        code = daemon_start(daemon, config, error);
        if (code == HOST_OK) {
            code = loop_run(loop, error);
        }
        if (code == HOST_OK && daemon->failed) {
            code = host_fail(error, HOST_FAILED, "the daemon could not start: see the log");
        }
        (void)sd_notify(0, "STOPPING=1");
        daemon_stop(daemon);
    } else {
        config_destroy(config);
    }
    loop_destroy(loop);
    return code;
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .doc = "The daemon of a ferry host: runs its guests, and moves them to other hosts.",
    };
    struct options options = {.config = CONFIG_DEFAULT};
    struct host_error error = {.code = HOST_OK};
    struct daemon daemon = {.failed = false};

    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0) {
        return EXIT_FAILURE;
    }
    (void)signal(SIGPIPE, SIG_IGN); /* a peer that goes is told by the call that writes to it */
    struct host_config *config = read_config(&options);
    if (config == NULL) {
        return 2;
    }
    if (options.check) {
        config_destroy(config);
        return EXIT_SUCCESS;
    }
    enum host_log_level level = config->log;
    if (options.log != NULL) {
        (void)host_log_level_parse(options.log, &level);
    }
    host_log_set_level(level);
    if (run(&daemon, config, &error) != HOST_OK) {
        host_log_error(HOST_LOG_ERROR, "ferryd", &error);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
