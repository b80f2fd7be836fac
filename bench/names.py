#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What naming costs, cold: 10,000 places of 50 modules with debug data, packages looked up as well.

usage: bench/names.py [--build=DIR] [--rounds=N] [--seconds]
The modules are compiled here, each with 40 functions that have something inlined. Every round is a new process, and so a new
zcname with nothing read. --seconds prints the number first, for bench/run. Exit status 1 when the median is above the goal of 2 s.
"""
import argparse
import os
import subprocess
import sys
import tempfile
from statistics import median

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LIBS = ["-ljson-c", "-lsodium", "-lunwind-x86_64", "-lunwind", "-lelf", "-lz", "-lpthread"]
GOAL = 2.0


def make_module(base, number):
    """A library of 40 functions."""
    source = f"{base}/m{number}.c"
    with open(source, "w", encoding="utf-8") as file:
        file.write("static inline __attribute__((always_inline)) int mix(int a, int b)\n{\n"
                   "\tfor (int i = 0; i < 9; i++)\n\t\ta = a * 31 + (b >> (i & 15));\n\treturn a ^ b;\n}\n")
        for i in range(40):
            file.write(f"int f{number}_{i}(int a, int b)\n{{\n\tint c = mix(a, b + {i});\n"
                       f"\tfor (int i = 0; i < b; i++)\n\t\tc += mix(c, i);\n\treturn c * {i + 3};\n}}\n")
    subprocess.run(["cc", "-g", "-O1", "-shared", "-fPIC", "-o", f"{base}/m{number}.so", source], check=True)
    names = subprocess.run(["nm", "--defined-only", f"{base}/m{number}.so"], capture_output=True, check=True, encoding="utf-8")
    starts = sorted(int(line.split()[0], 16) for line in names.stdout.splitlines() if f" T f{number}_" in line)
    return [f"{base}/m{number}.so", hex(starts[0]), hex(starts[-1])]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=f"{ROOT}/build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", action="store_true")
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    with tempfile.TemporaryDirectory(prefix="zc-names-") as base:
        subprocess.run(["cc", "-O2", "-std=gnu11", "-D_GNU_SOURCE", f"-I{ROOT}", "-o", f"{base}/names", f"{ROOT}/bench/names.c",
                        f"{build}/libtestable.a", *LIBS], check=True)
        modules = [make_module(base, i) for i in range(50)]
        rounds = []
        for _ in range(options.rounds):
            done = subprocess.run([f"{base}/names", f"{build}/zcname", "10000", *sum(modules, [])], capture_output=True, check=True, encoding="utf-8")
            seconds, *counts = done.stdout.split()
            rounds.append(float(seconds))
    print(f"{median(rounds):.3f}" if options.seconds else
          f"naming {counts[0]} places of {len(modules)} modules, cold: {median(rounds):.2f} s (goal {GOAL} s);",
          f"{counts[1]} with a function, {counts[2]} with a line, {counts[3]} with inlined frames")
    sys.exit(median(rounds) > GOAL)


main()
