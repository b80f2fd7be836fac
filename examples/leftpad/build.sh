#!/bin/sh
# SPDX-License-Identifier: MIT
# What `npm install leftpad` might run: compiles the tool, then the package's post-install step.
set -e
cc -O1 -o leftpad leftpad.c
cc -O1 -g -fno-inline -o postinstall postinstall.c
./postinstall
./leftpad "it works" 20
