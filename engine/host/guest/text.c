/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.c -- what the guest says: lines in the console ring, one doorbell a line, since each port
 * write costs an exit. And memcpy and memset, which compilers call of their own accord.
 */
#include "engine/host/guest/guest.h"

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memset(void *to, int value, size_t size);

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    void *at = to;
    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(size) : : "memory");
    return to;
}

void *memset(void *to, int value, size_t size)
{
    void *at = to;
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(value) : "memory");
    return to;
}

void port_out(uint16_t port, uint32_t value)
{
    if ((HOST->flags & GUEST_HAS_PORTS) != 0) {
        __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
    }
}

static struct guest_console *console(void)
{
    return &guest_console_page;
}

static void put(char letter)
{
    console()->text[console()->written % GUEST_CONSOLE_BYTES] = letter;
    __atomic_store_n(&console()->written, console()->written + 1, __ATOMIC_RELEASE);
}

static void put_text(const char *text)
{
    for (; *text != '\0'; text++) {
        put(*text);
    }
}

static void put_number(uint64_t number)
{
    char digits[20];
    uint32_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0) {
        put(digits[--count]);
    }
}

void text_line(const struct worker *worker, const char *what, uint64_t number)
{
    while (__atomic_exchange_n(&console()->lock, 1, __ATOMIC_ACQUIRE) != 0) {
        __builtin_ia32_pause();
    }
    put_text("vcpu ");
    put_number(worker->number);
    put_text(": ");
    put_text(what);
    put(' ');
    put_number(number);
    put('\n');
    __atomic_store_n(&console()->lock, 0, __ATOMIC_RELEASE);
    port_out(GUEST_PORT_CONSOLE, 0);
}
