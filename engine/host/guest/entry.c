/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry.c -- where a vCPU begins, and the ring-0 part: what happens on an exception.
 *
 * The VMM starts each vCPU in ring 3 at guest_entry with its number in RDI and its stack set. There
 * are no interrupts. An exception is an error of the guest: the handler of its vector (16 bytes
 * each, at GUEST_HANDLERS) tells the VMM the vector and stays there. The handlers run where KVM may
 * emulate instruction by instruction, so they are plain moves, an OUT, and a jump.
 */
__asm__(".section .entry, \"ax\"\n"
        ".global guest_entry\n"
        "guest_entry:\n"
        "    xor %ebp, %ebp\n"
        "    call guest_main\n"
        "1:  jmp 1b\n"
        ".balign 256\n"
        ".global guest_handlers\n"
        "guest_handlers:\n"
        ".set vector, 0\n"
        ".rept 32\n"
        ".balign 16\n"
        "    mov $vector, %eax\n"
        "    mov $0x60c, %dx\n"
        "    out %eax, %dx\n"
        "2:  jmp 2b\n"
        ".set vector, vector + 1\n"
        ".endr\n"
        ".text\n");
