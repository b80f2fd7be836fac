/* SPDX-License-Identifier: MIT */
/*
 * dlopen_entry.S - dlopen and dlmopen: judged, then a jump, so that the loader sees the caller it looks for.
 */
	.text
	/* which: how to find libc's own; path: the register that holds the name */
	.macro LOADER name, find, path
	.globl \name
	.type \name, @function
\name:
	.cfi_startproc
	movq (%rsp), %rax		/* who called */
	pushq %rdi
	.cfi_adjust_cfa_offset 8
	pushq %rsi
	.cfi_adjust_cfa_offset 8
	pushq %rdx
	.cfi_adjust_cfa_offset 8
	movq \path, %rdi
	movq %rax, %rsi
	call zc_judge_library
	pushq %rax
	.cfi_adjust_cfa_offset 8
	subq $8, %rsp
	.cfi_adjust_cfa_offset 8
	call \find
	addq $8, %rsp
	.cfi_adjust_cfa_offset -8
	movq %rax, %r11
	popq %rax
	.cfi_adjust_cfa_offset -8
	popq %rdx
	.cfi_adjust_cfa_offset -8
	popq %rsi
	.cfi_adjust_cfa_offset -8
	popq %rdi
	.cfi_adjust_cfa_offset -8
	movq %rax, \path
	testq %r11, %r11
	jz 1f
	jmp *%r11
1:	xorl %eax, %eax
	ret
	.cfi_endproc
	.size \name, .-\name
	.endm

	LOADER dlopen, zc_real_dlopen, %rdi
	LOADER dlmopen, zc_real_dlmopen, %rsi
	.section .note.GNU-stack,"",@progbits
