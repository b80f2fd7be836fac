/* SPDX-License-Identifier: MIT */
/* leftpad.c - the harmless half of an example package: pads a text on the left. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	printf("%*s\n", argc > 2 ? atoi(argv[2]) : 10, argc > 1 ? argv[1] : "padded");
	return 0;
}
