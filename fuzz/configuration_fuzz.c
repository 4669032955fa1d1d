/* SPDX-License-Identifier: Apache-2.0 */
/* configuration_fuzz.c -- whatever text is given as ferryd's configuration, the answer is a configuration that is good as a
 * whole, or errors that each have a place and a sentence, and one sum of them. */
#include "engine/host/config/config.h"
#include "fuzz/claim.h"

#include <string.h>

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's own name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_good(const struct host_config *config)
{
    holds(config_is_name(config->host));
    holds(config->state_dir != NULL && config->run_dir != NULL && config->control.socket != NULL);
    holds(config->listen_count >= 1 && config->listen_count <= CONFIG_LISTEN_MAX);
    holds(config->peer_count <= CONFIG_PEERS_MAX);
    for (size_t i = 0; i < config->peer_count; i++) {
        const struct host_peer *peer = &config->peers[i];
        holds(config_is_name(peer->name));
        holds(peer->address_count >= 1 && peer->address_count <= FERRY_PATHS_MAX);
        holds(config_peer(config, peer->name) == peer);
    }
    const bool tls =
        config->tls.certificate != NULL && config->tls.key != NULL && config->tls.ca != NULL;
    claim(config->unencrypted || tls, "neither TLS nor the words that do without");
    holds(config->limits.streams >= 1 && config->limits.streams <= FERRY_STREAMS_MAX);
    holds(config->defaults.streams >= 1 && config->defaults.streams <= FERRY_STREAMS_MAX);
    holds(config->defaults.blackout_limit >= 0 && config->defaults.give_up_after >= 0);
    holds(config->timeouts.connect > 0 && config->timeouts.silence > 0);
    holds(config->timeouts.reconnect > 0 && config->timeouts.action > 0);
    holds(config->timeouts.unknown_after > 0 && config->timeouts.close > 0);
    holds(config->timeouts.probe_interval > 0 && config->timeouts.orphan > 0);
    holds(config->timeouts.hold > 0 && config->timeouts.preface > 0);
}

static void check_errors(const struct config_errors *errors, const struct host_error *error)
{
    holds(errors->count > 0 && errors->count <= CONFIG_ERRORS_MAX);
    holds(error->code == HOST_CONFIG && error->text[0] != '\0');
    for (size_t i = 0; i < errors->count; i++) {
        const char *message = errors->items[i].message;
        claim(
            message != NULL && strncmp(message, "ferryd.yaml", 11) == 0,
            "an error without a place");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config_errors errors;
    struct host_error error = {.code = HOST_OK};
    struct host_config *config = NULL;
    memset(&errors, 0, sizeof(errors));
    const enum host_code code =
        config_load_memory("ferryd.yaml", (const char *)data, size, &config, &errors, &error);
    if (code == HOST_OK) {
        holds(config != NULL && errors.count == 0 && errors.suppressed == 0);
        check_good(config);
    } else {
        holds(config == NULL && code == HOST_CONFIG);
        check_errors(&errors, &error);
    }
    config_destroy(config);
    config_errors_release(&errors);
    return 0;
}
