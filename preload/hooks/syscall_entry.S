/* SPDX-License-Identifier: MIT */
/*
 * syscall_entry.S - long syscall(long number, ...): into the kernel, or to zc_judged_syscall().
 *
 * No frame is kept for a number that is not judged, so clone and vfork by number behave as libc's: what
 * a clone asks for is judged before, and then it is made from here.
 */
	.text
	.globl syscall
	.type syscall, @function
syscall:
	.cfi_startproc
	cmpq $511, %rdi
	ja 1f
	cmpq $56, %rdi			/* clone */
	je 4f
	cmpq $435, %rdi			/* clone3 */
	je 4f
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
4:	movq (%rsp), %rax		/* who called */
	pushq %rdi
	.cfi_adjust_cfa_offset 8
	pushq %rsi
	.cfi_adjust_cfa_offset 8
	pushq %rdx
	.cfi_adjust_cfa_offset 8
	pushq %rcx
	.cfi_adjust_cfa_offset 8
	pushq %r8
	.cfi_adjust_cfa_offset 8
	pushq %r9
	.cfi_adjust_cfa_offset 8
	subq $8, %rsp
	.cfi_adjust_cfa_offset 8
	movq %rax, %rdx
	call zc_judge_clone		/* number, first argument, caller */
	addq $8, %rsp
	.cfi_adjust_cfa_offset -8
	popq %r9
	.cfi_adjust_cfa_offset -8
	popq %r8
	.cfi_adjust_cfa_offset -8
	popq %rcx
	.cfi_adjust_cfa_offset -8
	popq %rdx
	.cfi_adjust_cfa_offset -8
	popq %rsi
	.cfi_adjust_cfa_offset -8
	popq %rdi
	.cfi_adjust_cfa_offset -8
	testq %rax, %rax
	jz 1b
	jmp 3b
	.cfi_endproc
	.size syscall, .-syscall
	.section .note.GNU-stack,"",@progbits
