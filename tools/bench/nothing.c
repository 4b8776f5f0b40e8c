// SPDX-License-Identifier: GPL-2.0-or-later
/* The least program that can be executed: no libc, no memory of its own, exits with 0. */

_Noreturn void _start(void);

void _start(void)
{
#if defined(__x86_64__)
	__asm__ volatile("mov $231, %eax\n\txor %edi, %edi\n\tsyscall"); /* exit_group */
#elif defined(__aarch64__)
	__asm__ volatile("mov x8, #94\n\tmov x0, #0\n\tsvc #0");
#else
#error "exit_group() for this machine, please"
#endif
	__builtin_unreachable();
}
