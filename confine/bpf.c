/* SPDX-License-Identifier: MIT */
/*
 * bpf.c - see bpf.h.
 */
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

#include "confine/bpf.h"
#include "core/net/protocols.h"

void zc_bpf_emit(struct zc_bpf *code, uint16_t op, uint32_t k, unsigned yes, unsigned no)
{
	if (code->len < BPF_MAXINSNS)
		code->at[code->len] = (struct sock_filter){ op, (uint8_t)yes, (uint8_t)no, k };
	code->len++;
}

void zc_bpf_load(struct zc_bpf *code, size_t offset)
{
	zc_bpf_emit(code, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

void zc_bpf_argument(struct zc_bpf *code, unsigned n)
{
	zc_bpf_load(code, offsetof(struct seccomp_data, args) + 8 * n);
}

void zc_bpf_equal(struct zc_bpf *code, uint32_t value, unsigned yes, unsigned no)
{
	zc_bpf_emit(code, BPF_JMP | BPF_JEQ | BPF_K, value, yes, no);
}

void zc_bpf_has(struct zc_bpf *code, uint32_t bits, unsigned yes, unsigned no)
{
	zc_bpf_emit(code, BPF_JMP | BPF_JSET | BPF_K, bits, yes, no);
}

void zc_bpf_socket(struct zc_bpf *code, bool inet)
{
	zc_bpf_argument(code, 0);
	zc_bpf_equal(code, AF_UNIX, ZC_BPF_PASS, ZC_BPF_NEXT);
	zc_bpf_equal(code, AF_NETLINK, ZC_BPF_NEXT, 2);
	zc_bpf_argument(code, 2); /* the protocol: 0 is NETLINK_ROUTE */
	zc_bpf_equal(code, 0, ZC_BPF_PASS, ZC_BPF_STOP);
	if (!inet)
		return;
	zc_bpf_equal(code, AF_INET, 1, ZC_BPF_NEXT);
	zc_bpf_equal(code, AF_INET6, ZC_BPF_NEXT, ZC_BPF_STOP);
	zc_bpf_argument(code, 1);
	zc_bpf_emit(code, BPF_ALU | BPF_AND | BPF_K, 0xf, 0, 0);
	zc_bpf_equal(code, SOCK_STREAM, ZC_BPF_NEXT, ZC_STREAM_PROTOCOLS + 1);
	zc_bpf_argument(code, 2);
	for (size_t i = 0; i < ZC_STREAM_PROTOCOLS; i++)
		zc_bpf_equal(code, zc_stream_protocols[i], ZC_BPF_PASS,
			     i + 1 < ZC_STREAM_PROTOCOLS ? ZC_BPF_NEXT : ZC_BPF_STOP);
	zc_bpf_equal(code, SOCK_DGRAM, ZC_BPF_NEXT, ZC_BPF_STOP);
	zc_bpf_argument(code, 2);
	for (size_t i = 0; i < ZC_DATAGRAM_PROTOCOLS; i++)
		zc_bpf_equal(code, zc_datagram_protocols[i], ZC_BPF_PASS, ZC_BPF_NEXT);
}

void zc_bpf_end(struct zc_bpf *code, size_t first, uint32_t stop)
{
	size_t last = code->len;

	zc_bpf_emit(code, BPF_RET | BPF_K, stop, 0, 0);
	zc_bpf_emit(code, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	for (size_t i = first; i < last && i < BPF_MAXINSNS; i++) {
		struct sock_filter *f = &code->at[i];

		if (BPF_CLASS(f->code) != BPF_JMP || BPF_OP(f->code) == BPF_JA)
			continue;
		f->jt = f->jt == ZC_BPF_STOP   ? (uint8_t)(last - i - 1)
			: f->jt == ZC_BPF_PASS ? (uint8_t)(last - i)
					       : f->jt;
		f->jf = f->jf == ZC_BPF_STOP   ? (uint8_t)(last - i - 1)
			: f->jf == ZC_BPF_PASS ? (uint8_t)(last - i)
					       : f->jf;
	}
}
