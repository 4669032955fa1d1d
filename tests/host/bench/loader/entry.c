/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry.c -- the assembler parts of the loader: its multiboot header, the way into 64-bit mode and
 * from there into ring 3, and what ring 0 does afterwards: it lets a guest without work sleep.
 *
 * This is carried out by an instruction emulator on some machines, so it is plain moves; IRETQ goes
 * to ring 3, because SYSRETQ is not known everywhere, and an exception comes back, because SYSCALL
 * does not reach ring 0 everywhere.
 *
 *   loader_sleep   the exception of UD2, which the guest carries out to sleep: EDI nanoseconds
 *   loader_tick    the timer's interrupt, in ring 0 always, since only loader_sleep allows any
 */
__asm__(".section .multiboot, \"a\"\n"
        ".long 0x1badb002, 3, -(0x1badb002 + 3)\n"

        ".text\n"
        ".code32\n"
        ".global loader_entry\n"
        "loader_entry:\n"
        "    cli\n"
        "    mov $loader_stack + 4096, %esp\n"
        "    push %ebx\n" /* what the boot loader tells */
        "    call loader_prepare\n"
        "    mov $0x10000, %eax\n" /* GUEST_PAGE_TABLES */
        "    mov %eax, %cr3\n"
        "    mov $0x10620, %eax\n" /* PAE, OSFXSR, OSXMMEXCPT, FSGSBASE */
        "    mov %eax, %cr4\n"
        "    mov $0xc0000080, %ecx\n" /* EFER: NXE, LME */
        "    mov $0x900, %eax\n"
        "    xor %edx, %edx\n"
        "    wrmsr\n"
        "    mov $0x80000033, %eax\n"
        "    mov %eax, %cr0\n"
        "    lgdt loader_gdt\n"
        "    lidt loader_idt\n"
        "    ljmp $0x08, $1f\n"
        ".code64\n"
        "1:  mov $0x2b, %eax\n"
        "    mov %eax, %ds\n"
        "    mov %eax, %es\n"
        "    mov $0x38, %eax\n"
        "    ltr %ax\n"
        "    xor %edi, %edi\n" /* vCPU 0 */
        "    push $0x2b\n"
        "    push $0x1c0000\n" /* GUEST_STACK_TOP */
        "    push $0x202\n"
        "    push $0x33\n"
        "    push $0x100000\n" /* GUEST_ENTRY */
        "    iretq\n"

        ".global loader_sleep\n"
        "loader_sleep:\n"
        "    push %rdx\n"
        "    mov $0xfee00380, %edx\n" /* the local APIC's timer, once */
        "    mov %edi, (%rdx)\n"
        "    sti\n"
        "    hlt\n"
        "    cli\n"
        "    pop %rdx\n"
        "    addq $2, (%rsp)\n" /* go on behind the UD2 */
        "    iretq\n"

        ".global loader_tick\n"
        "loader_tick:\n"
        "    push %rdx\n"
        "    mov $0xfee000b0, %edx\n" /* end of interrupt */
        "    movl $0, (%rdx)\n"
        "    pop %rdx\n"
        "    iretq\n"
        ".code32\n"

        ".section .rodata\n"
        ".balign 8\n"
        ".word 0\n"
        "loader_gdt:\n"
        "    .word 0xff\n"
        "    .long 0x2000\n"
        ".balign 8\n"
        ".word 0\n"
        "loader_idt:\n"
        "    .word 0xfff\n"
        "    .long 0x5000\n"

        ".balign 4\n"
        ".global loader_image\n"
        ".global loader_image_end\n"
        "loader_image:\n"
        ".incbin \"" GUEST_IMAGE_FILE "\"\n"
        ".balign 4\n"
        "loader_image_end:\n"

        ".bss\n"
        ".balign 16\n"
        "loader_stack:\n"
        "    .skip 4096\n"
        ".text\n");
