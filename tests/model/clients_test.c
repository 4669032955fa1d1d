/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clients_test.c -- what users see: latencies, the gap of a pause, failures, and the wait for the
 * announcement.
 */
#include "model/clients.h"

#include "model/rng.h"
#include "support.h"

#define PAGES UINT64_C(1000)

static const struct model_workload_spec idle = {.kind = MODEL_WORKLOAD_IDLE};
static const struct model_workload_spec sweep = {
  /* a write each 10 ms */
    .kind = MODEL_WORKLOAD_SWEEP,
    .sweep = {.size_bytes = PAGES * PAGE_4K, .rate = {4096 * 100, 1}},
};

struct scene {
    struct model_memory *memory;
    struct model_guest *guest;
    struct model_clients *clients;
};

/* 1000 requests a second, answered within 1 s. */
static struct scene scene_of(const struct model_workload_spec *workload, int64_t fault_ns)
{
    struct scene scene = {.memory = memory_of(PAGES, 0)};
    scene.guest = guest_of(scene.memory, workload, 1, fault_ns);
    scene.clients = model_clients_create(&(struct model_clients_config){
        .guest = scene.guest,
        .rate = {1000, 1},
        .rtt_ns = MODEL_CLIENT_RTT_NS,
        .timeout_ns = SECOND,
    });
    assert_non_null(scene.clients);
    model_guest_start(scene.guest, 0);
    return scene;
}

static void scene_end(struct scene *scene)
{
    model_clients_destroy(scene->clients);
    model_guest_destroy(scene->guest);
    model_memory_destroy(scene->memory);
}

static struct model_clients_report report_at(struct scene *scene, int64_t now)
{
    struct model_clients_report report;
    assert_true(model_clients_advance(scene->clients, now));
    model_clients_report(scene->clients, &report);
    assert_true(report.sent == report.answered + report.failed + report.waiting);
    return report;
}

static void stop_at(struct scene *scene, int64_t now)
{
    assert_true(model_clients_advance(scene->clients, now));
    model_guest_stop(scene->guest, now);
}

static void start_at(struct scene *scene, int64_t now)
{
    assert_true(model_clients_advance(scene->clients, now));
    model_guest_start(scene->guest, now);
}

static void an_undisturbed_guest_answers_after_the_rtt(void **unused)
{
    (void)unused;
    struct scene scene = scene_of(&idle, 0);

    struct model_clients_report report = report_at(&scene, 10 * SECOND);

    assert_true(report.sent == 10000);
    assert_true(report.answered == 9999); /* the last one was sent just now */
    assert_true(report.waiting == 1);
    assert_true(report.max_ns == 200 * US);
    assert_true(report.p50_ns == 200 * US);
    assert_true(report.longest_gap_ns == MS);
    scene_end(&scene);
}

static void requests_wait_through_a_pause(void **unused)
{
    (void)unused;
    struct scene scene = scene_of(&idle, 0);
    /* The request of 5.000 s is answered at 5.0002 s. The pause begins in the middle of that
     * of 5.001 s. */
    stop_at(&scene, 5001 * MS + 50 * US);
    start_at(&scene, 5101 * MS + 50 * US);

    struct model_clients_report report = report_at(&scene, 10 * SECOND);

    assert_true(report.failed == 0);
    assert_true(report.answered == 9999);
    /* 50 us were done before the pause and 150 us after it */
    assert_true(report.longest_gap_ns == (5101 * MS + 200 * US) - (5000 * MS + 200 * US));
    assert_true(report.max_ns == 100 * MS + 200 * US);
    assert_true(report.p50_ns == 200 * US);
    /* 100 of 10,000 saw the pause, those of the 1 % that is left out, and one more */
    assert_in_range(report.p99_ns, 200 * US, 2 * MS);
    assert_true(report.p999_ns > 80 * MS);
    scene_end(&scene);
}

static void requests_that_waited_reach_the_guest_when_it_resumes(void **unused)
{
    (void)unused;
    struct scene scene = scene_of(&idle, 0);
    stop_at(&scene, 10 * MS + 500 * US);
    start_at(&scene, 20 * MS + 500 * US);

    struct model_clients_report before = report_at(&scene, 20 * MS + 700 * US - 1);
    struct model_clients_report after = report_at(&scene, 20 * MS + 700 * US);

    assert_true(before.answered == 10);
    assert_true(after.answered == 20); /* 11 to 20 ms */
    assert_true(after.max_ns == 9 * MS + 700 * US);
    scene_end(&scene);
}

static void a_request_without_an_answer_in_time_has_failed(void **unused)
{
    (void)unused;
    struct scene scene = scene_of(&idle, 0);
    stop_at(&scene, 2 * SECOND + 500 * US);

    assert_true(report_at(&scene, 3 * SECOND).failed == 0);
    assert_true(report_at(&scene, 3 * SECOND + MS).failed == 1); /* that of 2.001 s */
    struct model_clients_report report = report_at(&scene, 10 * SECOND);
    assert_true(report.failed == 7000);
    assert_true(report.waiting == 1000);
    assert_true(report.max_ns == SECOND);
    start_at(&scene, 10 * SECOND + 500 * US);

    report = report_at(&scene, 11 * SECOND);
    assert_true(report.failed == 7000);
    assert_true(report.answered == 2000 + 1999);
    scene_end(&scene);
}

static void an_answer_at_the_very_deadline_still_counts(void **unused)
{
    (void)unused;
    for (int64_t late = 0; late < 2; late++) {
        struct scene scene = scene_of(&idle, 0);
        stop_at(&scene, 999 * US);                  /* the request of 1 ms finds it stopped */
        start_at(&scene, SECOND + 800 * US + late); /* and would be answered at 1.001 s */

        struct model_clients_report report = report_at(&scene, 2 * SECOND);

        assert_true(report.failed == (uint64_t)late);
        scene_end(&scene);
    }
}

static void an_answer_after_the_deadline_is_none_even_if_nobody_looked_between(void **unused)
{
    (void)unused;
    for (int64_t late = 0; late < 2; late++) {
        struct scene scene = scene_of(&idle, 0);
        model_clients_destroy(scene.clients);
        scene.clients = model_clients_create(&(struct model_clients_config){
            .guest = scene.guest,
            .rate = {1, 10}, /* the first request at 10 s */
            .rtt_ns = MODEL_CLIENT_RTT_NS,
            .timeout_ns = 700 * MS,
        });
        stop_at(&scene, 9 * SECOND);
        start_at(&scene, 10 * SECOND + 700 * MS - 200 * US + late);

        struct model_clients_report report = report_at(&scene, 12 * SECOND);

        assert_true(report.failed == (uint64_t)late);
        assert_true(report.max_ns == 700 * MS);
        scene_end(&scene);
    }
}

static void after_a_switchover_requests_wait_for_the_announcement(void **unused)
{
    (void)unused;
    struct scene scene = scene_of(&idle, 0);
    struct model_memory *target = memory_of(PAGES, 0);
    stop_at(&scene, SECOND + 100 * US); /* the request of 1 s is half done */
    assert_true(model_clients_lose(scene.clients, SECOND + 100 * MS));
    model_guest_rehome(scene.guest, target);
    model_guest_start(scene.guest, SECOND + 100 * MS);

    struct model_clients_report report = report_at(&scene, SECOND + 110 * MS);
    assert_true(report.answered == 999);
    assert_true(model_clients_redirect(scene.clients, SECOND + 110 * MS + 300 * US));
    report = report_at(&scene, SECOND + 110 * MS + 300 * US);
    assert_true(report.answered == 1000); /* its work was done meanwhile: at once */
    report = report_at(&scene, SECOND + 110 * MS + 500 * US);
    assert_true(report.answered == 1110); /* what waited: the rtt after the announcement */
    /* from the answer to 999 ms to the announcement */
    assert_true(report.longest_gap_ns == 111 * MS + 100 * US);
    assert_true(report.failed == 0);

    assert_true(report_at(&scene, 2 * SECOND).answered == 1999);
    scene_end(&scene);
    model_memory_destroy(target);
}

static void an_aborted_attempt_needs_no_announcement(void **unused)
{
    (void)unused;
    struct scene scene = scene_of(&idle, 0);
    stop_at(&scene, SECOND);
    start_at(&scene, SECOND + 10 * MS);

    assert_true(report_at(&scene, 2 * SECOND).answered == 1999);
    scene_end(&scene);
}

static void a_fault_of_the_guest_delays_its_answers(void **unused)
{
    (void)unused;
    struct scene scene = scene_of(&sweep, 3 * MS); /* each 10 ms of guest time it stalls for 3 ms */
    assert_true(model_clients_advance(scene.clients, 0));
    model_guest_begin_logging(scene.guest, 0);

    struct model_clients_report report = report_at(&scene, 5 * SECOND);

    assert_in_range(report.max_ns, 2 * MS, 3 * MS + 200 * US);
    assert_true(report.p50_ns == 200 * US);
    assert_in_range(report.p99_ns, MS, 3 * MS + 200 * US); /* the brownout shows */
    assert_in_range(report.longest_gap_ns, 3 * MS, 4 * MS);
    scene_end(&scene);
}

static void a_throttle_stretches_the_answers(void **unused)
{
    (void)unused;
    struct scene scene = scene_of(&idle, 0);
    assert_true(model_clients_advance(scene.clients, 0));
    model_guest_throttle(scene.guest, 0, 25);

    struct model_clients_report report = report_at(&scene, SECOND);

    assert_true(report.max_ns == 800 * US);
    assert_true(report.p50_ns == 800 * US);
    scene_end(&scene);
}

static void reports_after(struct model_clients_report *report, uint64_t steps)
{
    struct scene scene = scene_of(&sweep, 2 * MS);
    uint64_t *bitmap = bitmap_of(scene.memory);
    struct model_rng rng;
    model_rng_init(&rng, steps, "steps");
    assert_true(model_clients_advance(scene.clients, 0));
    model_guest_begin_logging(scene.guest, 0);
    for (int64_t round = 1; round < 60; round++) {
        int64_t from = (round - 1) * 37777 * US;
        int64_t to = round * 37777 * US;
        for (uint64_t i = 1; i < steps; i++) {
            from += (int64_t)model_rng_below(&rng, (uint64_t)((to - from) / 3));
            assert_true(model_clients_advance(scene.clients, from));
        }
        if (round % 5 == 0) {
            stop_at(&scene, to);
        } else if (round % 5 == 1) {
            start_at(&scene, to);
        } else if (round % 5 == 2) {
            assert_true(model_clients_lose(scene.clients, to));
        } else if (round % 5 == 3) {
            assert_true(model_clients_redirect(scene.clients, to));
        }
        assert_true(model_clients_advance(scene.clients, to));
        model_guest_collect(scene.guest, to, bitmap);
    }
    model_clients_report(scene.clients, report);
    free(bitmap);
    scene_end(&scene);
}

static void how_often_clients_are_advanced_changes_nothing(void **unused)
{
    (void)unused;
    struct model_clients_report once;
    struct model_clients_report often;
    reports_after(&once, 1);
    reports_after(&often, 200);

    assert_memory_equal(&once, &often, sizeof(once));
    assert_true(once.answered > 1000);
    assert_true(once.max_ns > 30 * MS);
}

static void configs_out_of_range_are_refused(void **unused)
{
    (void)unused;
    struct scene scene = scene_of(&idle, 0);
    const struct model_clients_config good = {
        .guest = scene.guest, .rate = {1000, 1},
             .rtt_ns = 0, .timeout_ns = 1
    };
    struct model_clients *clients = model_clients_create(&good);
    assert_non_null(clients);
    model_clients_destroy(clients);
    struct model_clients_config bad[6];
    for (size_t i = 0; i < 6; i++) {
        bad[i] = good;
    }
    bad[0].rate = (struct model_rate){UINT64_C(1000000001), 1};
    bad[1].rate = (struct model_rate){1, MODEL_RATE_SECONDS_MAX + 1};
    bad[2].rtt_ns = -1;
    bad[3].timeout_ns = 0;
    bad[4].start_ns = -1;
    bad[5].timeout_ns = 100000 * SECOND; /* too many could wait */
    for (size_t i = 0; i < 6; i++) {
        assert_null(model_clients_create(&bad[i]));
    }
    model_clients_destroy(NULL);
    scene_end(&scene);
}

static void a_rate_of_zero_sends_nothing(void **unused)
{
    (void)unused;
    struct scene scene = scene_of(&idle, 0);
    model_clients_destroy(scene.clients);
    scene.clients = model_clients_create(
        &(struct model_clients_config){.guest = scene.guest, .timeout_ns = SECOND});

    struct model_clients_report report = report_at(&scene, 100 * SECOND);

    assert_true(report.sent == 0);
    assert_true(report.p99_ns == 0);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_undisturbed_guest_answers_after_the_rtt),
        cmocka_unit_test(requests_wait_through_a_pause),
        cmocka_unit_test(requests_that_waited_reach_the_guest_when_it_resumes),
        cmocka_unit_test(a_request_without_an_answer_in_time_has_failed),
        cmocka_unit_test(an_answer_at_the_very_deadline_still_counts),
        cmocka_unit_test(an_answer_after_the_deadline_is_none_even_if_nobody_looked_between),
        cmocka_unit_test(after_a_switchover_requests_wait_for_the_announcement),
        cmocka_unit_test(an_aborted_attempt_needs_no_announcement),
        cmocka_unit_test(a_fault_of_the_guest_delays_its_answers),
        cmocka_unit_test(a_throttle_stretches_the_answers),
        cmocka_unit_test(how_often_clients_are_advanced_changes_nothing),
        cmocka_unit_test(configs_out_of_range_are_refused),
        cmocka_unit_test(a_rate_of_zero_sends_nothing),
    };
    return cmocka_run_group_tests_name("clients", tests, NULL, NULL);
}
