/* SPDX-License-Identifier: Apache-2.0 */
/* support.c -- see support.h. */
#include "tests/host/journal/support.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bench *bench_create(void)
{
    struct bench *bench = calloc(1, sizeof *bench);

    assert_non_null(bench);
    disk_init(&bench->disk);
    assert_int_equal(loop_create(&bench->loop, NULL), HOST_OK);
    return bench;
}

void bench_close(struct bench *bench)
{
    journal_close(bench->journal);
    bench->journal = NULL;
}

void bench_destroy(struct bench *bench)
{
    bench_close(bench);
    loop_destroy(bench->loop);
    disk_deinit(&bench->disk);
    free(bench);
}

enum host_code bench_open(struct bench *bench)
{
    const struct journal_options options = {
        .loop = bench->loop,
        .folder = "/nowhere",
        .io = &bench->disk.io,
        .log_size = BENCH_LOG_SIZE,
    };

    bench_close(bench);
    return journal_open(&options, &bench->journal, &bench->error);
}

void bench_settle(struct bench *bench)
{
    while (!journal_idle(bench->journal)) {
        assert_int_equal(loop_turn(bench->loop, FERRY_TIME_NEVER, NULL), HOST_OK);
    }
}

static void on_done(void *context, enum host_code code, const struct host_error *error)
{
    struct bench *bench = context;

    assert_int_equal(error == NULL, code == HOST_OK);
    bench->last_code = code;
    bench->good += code == HOST_OK && bench->bad == 0;
    bench->bad += code != HOST_OK;
}

struct ferry_session_id bench_session(unsigned n)
{
    return (struct ferry_session_id){.high = 0x5e55105e55ULL + n, .low = 77};
}

/* Six transactions a session: note, SESSION, GRANTED, OWNER with the guest, ENDED, forgotten. */
enum host_code bench_write(struct bench *bench, unsigned n)
{
    uint8_t bytes[300];
    char name[32];
    struct ferry_record record = {
        .kind = FERRY_RECORD_SESSION,
        .bytes = {.data = bytes, .size = 20 + n % 280},
    };
    const struct ferry_bytes note = {.data = bytes, .size = n % 300};
    struct journal_guest guest = {
        .guest_id = 1 + n / 12,
        .epoch = 1 + n / 6,
        .fate = JOURNAL_FATE_HERE,
        .peer = "h2",
        .config = {.data = bytes, .size = 100},
    };
    struct journal_transaction transaction = {
        .session = bench_session(n / 6),
        .role = n / 6 % 2 == 0 ? JOURNAL_ROLE_SOURCE : JOURNAL_ROLE_TARGET,
        .record = &record,
    };

    memset(bytes, (int)(n + 1), sizeof bytes);
    (void)snprintf(name, sizeof name, "guest%u", n / 12);
    memcpy(guest.name, name, strlen(name) + 1);
    switch (n % 6) {
    case 0:
        transaction.record = NULL;
        transaction.note = &note;
        break;
    case 1: record.kind = FERRY_RECORD_SESSION; break;
    case 2: record.kind = FERRY_RECORD_GRANTED; break;
    case 3:
        record.kind = FERRY_RECORD_OWNER;
        transaction.guest = &guest;
        break;
    case 4: record.kind = FERRY_RECORD_ENDED; break;
    default:
        transaction.record = NULL;
        transaction.forget = true;
        break;
    }
    return journal_write(bench->journal, &transaction, on_done, bench, &bench->error);
}

enum host_code bench_write_and_wait(struct bench *bench, unsigned n)
{
    const enum host_code code = bench_write(bench, n);

    if (code != HOST_OK) {
        return code;
    }
    bench_settle(bench);
    return bench->last_code;
}

static uint32_t digest(const struct ferry_bytes *bytes)
{
    uint32_t sum = 1;

    for (size_t i = 0; i < bytes->size; i++) {
        sum = sum * 31 + bytes->data[i];
    }
    return sum;
}

char *bench_text(const struct bench *bench)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    const struct journal_session *session = NULL;
    const struct journal_guest *guest = NULL;

    for (size_t n = 0; (session = journal_session_at(bench->journal, n)) != NULL; n++) {
        (void)fprintf(
            stream,
            "session %" PRIx64 " role %d note %zu:%x",
            session->session.high,
            (int)session->role,
            session->note.size,
            digest(&session->note));
        for (size_t i = 0; i < session->record_count; i++) {
            (void)fprintf(
                stream,
                " %s %zu:%x",
                ferry_record_name(session->records[i].kind),
                session->records[i].bytes.size,
                digest(&session->records[i].bytes));
        }
        (void)fputc('\n', stream);
    }
    for (size_t n = 0; (guest = journal_guest_at(bench->journal, n)) != NULL; n++) {
        (void)fprintf(
            stream,
            "guest %" PRIx64 " \"%s\" epoch %" PRIu64 " %s %s %zu:%x\n",
            guest->guest_id,
            guest->name,
            guest->epoch,
            journal_fate_name(guest->fate),
            guest->peer,
            guest->config.size,
            digest(&guest->config));
    }
    (void)fclose(stream);
    return text;
}
