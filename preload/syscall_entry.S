/* SPDX-License-Identifier: MIT */
/*
 * syscall_entry.S - long syscall(long number, ...): into the kernel, or to zc_judged_syscall().
 *
 * No frame is kept for a number that is not judged, so clone and vfork by number behave as libc's.
 */
	.text
	.globl syscall
	.type syscall, @function
syscall:
	.cfi_startproc
	cmpq $511, %rdi
	ja 1f
	leaq zc_judged_numbers(%rip), %rax
	btq %rdi, (%rax)		/* memory form: bit %rdi of the whole array */
	jc 2f
1:	movq %rdi, %rax
	movq %rsi, %rdi
	movq %rdx, %rsi
	movq %rcx, %rdx
	movq %r8, %r10
	movq %r9, %r8
	movq 8(%rsp), %r9
	syscall
	cmpq $-4095, %rax
	jae 3f
	ret
2:	movq 8(%rsp), %rax		/* the sixth argument */
	movq (%rsp), %r10		/* who called */
	subq $72, %rsp
	.cfi_adjust_cfa_offset 72
	movq %rdi, 0(%rsp)
	movq %rsi, 8(%rsp)
	movq %rdx, 16(%rsp)
	movq %rcx, 24(%rsp)
	movq %r8, 32(%rsp)
	movq %r9, 40(%rsp)
	movq %rax, 48(%rsp)
	movq %rsp, %rdi
	movq %r10, %rsi
	call zc_judged_syscall
	addq $72, %rsp
	.cfi_adjust_cfa_offset -72
	cmpq $-4095, %rax
	jae 3f
	ret
3:	negq %rax
	pushq %rax
	.cfi_adjust_cfa_offset 8
	call __errno_location@PLT
	popq %rdx
	.cfi_adjust_cfa_offset -8
	movl %edx, (%rax)
	movq $-1, %rax
	ret
	.cfi_endproc
	.size syscall, .-syscall
	.section .note.GNU-stack,"",@progbits
