/* SPDX-License-Identifier: MIT */
/*
 * embed.h - a file of the tree as a string of the program.
 *
 * The assembler takes it in, with both compilers and without a generator; the name is relative to
 * where make runs. It names no dependencies: the Makefile does.
 */
#ifndef ZC_TEXT_EMBED_H
#define ZC_TEXT_EMBED_H

#define ZC_EMBED(name, file) \
	extern const char name[] __attribute__((visibility("hidden"))); \
	__asm__(".pushsection .rodata\n.globl " #name "\n.hidden " #name "\n" #name \
		":\n.incbin \"" file "\"\n.byte 0\n.popsection\n")

#endif
