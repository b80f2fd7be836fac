/* SPDX-License-Identifier: MIT */
/*
 * policy_parse.c - what is a policy, and what every mistake in one is answered with.
 */
#include "tests/unit/policy.h"

/* clang-format off */
static const struct { const char *text, *message; } mistakes[] = {
	{ "version 1\nallow-raed /usr\n",   "t.zc:2: unknown rule 'allow-raed'; did you mean 'allow-read'?" },
	{ "qiet-deny-net\n",                "t.zc:1: unknown rule 'qiet-deny-net'; did you mean 'quiet-deny-net'?" },
	{ "xyzzy /usr\n",                   "t.zc:1: unknown rule 'xyzzy'" },
	{ "--allow-read /usr\n",            "t.zc:1: '--allow-read': in a file the word has no dashes" },
	{ "A\n",                            "t.zc:1: unknown rule 'A'" },
	{ "",                               "t.zc: no rules" },
	{ "# nothing\n\n   \n",             "t.zc: no rules" },
	{ "version 1\n",                    "t.zc: no rules" },
	{ "version 2\nno-net\n",            "t.zc:1: version '2' is not known here" },
	{ "version\nno-net\n",              "t.zc:1: version '' is not known here" },
	{ "no-net\nversion 1\n",            "t.zc:2: 'version' can only be the first line" },
	{ "ask-raed /\n",                   "t.zc:1: unknown rule 'ask-raed'; did you mean 'ask-read'?" },
	{ "include @dve\n",                 "t.zc:1: unknown profile '@dve'; did you mean '@dev'?" },
	{ "include\n",                      "t.zc:1: 'include' needs a value" },
	{ "expect\n",                       "t.zc:1: 'expect' needs a value" },
	{ "include nowhere.zc\n",           "t.zc:1: cannot read policy 'nowhere.zc': No such file" },
	{ "include .\n",                    "t.zc:1: cannot read policy '" },
	{ "include *.zc\n",                 "t.zc:1: '*.zc': wildcards have no meaning here" },
	{ "policy x.zc\n",                  "t.zc:1: 'policy' is a flag only; in a file write 'include x.zc'" },
	{ "no-net yes\n",                   "t.zc:1: 'no-net' takes no value" },
	{ "allow-all /\n",                  "t.zc:1: 'allow-all' takes no value" },
	{ "gap maybe\n",                    "t.zc:1: 'maybe' is neither 'allow' nor 'deny'" },
	{ "jail /nonexistent\n",            "t.zc:1: cannot use '/nonexistent': No such file or directory" },
	{ "jail /etc/passwd\n",             "t.zc:1: cannot use '/etc/passwd': Not a directory" },
	{ "jail /tmp\njail /usr\n",         "t.zc:2: the jail is already '/tmp'" },
	{ "deny-read /a /b\n",              "t.zc:1: '/a /b': one value a line" },
	{ "deny-read /a\\b\n",              "t.zc:1: '/a\\b': this '\\' is no escape" },
	{ "deny-read /a\\x0\n",             "t.zc:1: '/a\\x0': this '\\' is no escape" },
	{ "deny-read /a\\x00b\n",           "t.zc:1: '/a\\x00b': no name holds that byte" },
	{ "deny-read /a\\x2fb\n",           "t.zc:1: '/a\\x2fb': no name holds that byte" },
	{ "deny-read ~bob/x\n",             "t.zc:1: '~bob/x': '~' is only the own home" },
	{ "deny-read $HOME/x\n",            "t.zc:1: '$HOME/x': only ~ ${HOME} ${PROJECT} ${TMPDIR} expand" },
	{ "deny-read ${USER}/x\n",          "t.zc:1: '${USER}/x': only ~" },
	{ "deny-read ${HOME}x\n",           "t.zc:1: '${HOME}x': a '/' must follow the variable" },
	{ "deny-read /x/${HOME}\n",         "t.zc:1: '/x/${HOME}': a variable can only be at the start" },
	{ "deny-read ${WRITABLE}\n",        "t.zc:1: '${WRITABLE}': ${WRITABLE} belongs after 'unix:'" },
	{ "deny-read /a**\n",               "t.zc:1: '/a**': '**' must stand alone" },
	{ "deny-read /a/***/b\n",           "t.zc:1: '/a/***/b': '***' means nothing" },
	{ "deny-read /a/.\n",               "t.zc:1: '/a/.': '/.', a directory without what is in it, goes with allow" },
	{ "allow-run /a/.\n",               "t.zc:1: '/a/.': '/.', a directory without what is in it, goes with read" },
	{ "deny-read /*/../b\n",            "t.zc:1: '/*/../b': '..' cannot follow a wildcard" },
	{ "deny-read /a*/b\\*c\n",          "t.zc:1: '/a*/b\\*c': a wildcard and an escaped '*'" },
	{ "allow-net 10.0.0.1/8\n",         "t.zc:1: '10.0.0.1/8' has bits set behind its prefix; did you mean '10.0.0.0/8'?" },
	{ "allow-net fe80::1/10\n",         "t.zc:1: 'fe80::1/10' has bits set behind its prefix; did you mean 'fe80::/10'?" },
	{ "allow-net 10.0.0.0/33\n",        "t.zc:1: bad prefix length '33' in '10.0.0.0/33': a number from 0 to 32" },
	{ "allow-net 10.0.0.0/\n",          "t.zc:1: bad prefix length ''" },
	{ "allow-net localhost:0\n",        "t.zc:1: bad port '0' in 'localhost:0': a number from 1 to 65535" },
	{ "allow-net localhost:65536\n",    "t.zc:1: bad port '65536'" },
	{ "allow-net localhost:http\n",     "t.zc:1: bad port 'http'" },
	{ "allow-net localhost:\n",         "t.zc:1: bad port ''" },
	{ "allow-net :\n",                  "t.zc:1: bad port ''" },
	{ "allow-net [::1\n",               "t.zc:1: '[::1': an IPv6 address is written [ADDRESS]:PORT" },
	{ "allow-net [::1]x\n",             "t.zc:1: '[::1]x': an IPv6 address is written" },
	{ "allow-net [127.0.0.1]:80\n",     "t.zc:1: '[127.0.0.1]:80': only IPv6 addresses" },
	{ "allow-net fe80::1%eth0\n",       "t.zc:1: 'fe80::1%eth0': rules have no interface names" },
	{ "allow-net *example.org\n",       "t.zc:1: '*example.org': a '*' stands only at the front" },
	{ "allow-net a.*.org\n",            "t.zc:1: 'a.*.org': a '*' stands only at the front" },
	{ "allow-net *.*.org\n",            "t.zc:1: '*.*.org': a '*' stands only at the front" },
	{ "allow-net *.\n",                 "t.zc:1: '*.' names no host" },
	{ "allow-net *.10.0.0.1\n",         "t.zc:1: '*.10.0.0.1' is not a whole address" },
	{ "allow-net *.example.org:0\n",    "t.zc:1: bad port '0'" },
	{ "deny-listen *.example.org:80\n", "t.zc:1: '*.example.org:80': write PORT" },
	{ "expect deny net *.example.org:1\n", "t.zc:1: '*.example.org:1': one host" },
	{ "allow-net 10.0.0\n",             "t.zc:1: '10.0.0' is not a whole address" },
	{ "allow-net 0x7f000001\n",         "t.zc:1: '0x7f000001' is not a whole address" },
	{ "allow-net http://x/\n",          "t.zc:1: bad port '//x/'" },
	{ "allow-net /run/x.sock\n",        "t.zc:1: '/run/x.sock' is not a network; a path is written unix:PATH" },
	{ "allow-net a_b!c\n",              "t.zc:1: 'a_b!c' is neither an address nor a host name" },
	{ "allow-net no.such.host.invalid\n", "t.zc:1: cannot resolve 'no.such.host.invalid': " },
	{ "allow-net unix:\n",              "t.zc:1: 'unix:': the path is empty" },
	{ "allow-net unix:@\n",             "t.zc:1: 'unix:@': the path is empty" },
	{ "allow-net unix:@a*\n",           "t.zc:1: 'unix:@a*': of abstract names only '@*'" },
	{ "allow-listen localhost:80\n",    "t.zc:1: 'localhost:80': write PORT, ADDRESS or ADDRESS:PORT" },
	{ "allow-listen unix:/x\n",         "t.zc:1: 'unix:/x': binding a unix socket is a write" },
	{ "allow-listen 70000\n",           "t.zc:1: bad port '70000'" },
	{ "allow-sys mont\n",               "t.zc:1: unknown system name 'mont'; did you mean 'mount'?" },
	{ "allow-sys signal-supervisor\n",  "t.zc:1: nothing can allow 'signal-supervisor'" },
	{ "expect allow /x\n",              "t.zc:1: write 'expect allow|deny" },
	{ "expect maybe read /x\n",         "t.zc:1: write 'expect allow|deny" },
	{ "expect allow read\n",            "t.zc:1: write 'expect allow|deny" },
	{ "expect allow read /x*\n",        "t.zc:1: '/x*': one path can be asked about" },
	{ "expect allow net 10.0.0.1\n",    "t.zc:1: '10.0.0.1': the port is missing" },
	{ "expect allow net :80\n",         "t.zc:1: ':80': the address is missing" },
	{ "expect allow net 10.0.0.0/8:1\n","t.zc:1: '10.0.0.0/8:1': one address can be asked about" },
	{ "expect allow sys mont\n",        "t.zc:1: unknown system name 'mont'" },
};

static const char *const fine[] = {
	"allow-read /usr\n", "allow-read\n", "version 1\nno-net\n", "\xef\xbb\xbfversion 1\r\nallow-read /usr\r\n",
	"  allow-read   /usr   # why\n", "allow-read /a#b\n", "allow-read x\\ y\n", "allow-read /\\x41\n", "deny-read \\~x\n",
	"deny-read \\$HOME\n", "deny-read /a$b\n", "deny-read /**\n", "deny-read /**/x\n", "deny-read /a/*b*c/**/d\n",
	"deny-read /a\\*b\n", "allow-net 0.0.0.0/0\n", "allow-net ::/0\n", "allow-net [::1]:80\n", "allow-net ::1\n",
	"allow-net [fe80::/10]:80\n", "allow-net ::ffff:10.0.0.1\n", "allow-net :443\n", "allow-net LOCALHOST:80\n",
	"allow-net unix:/x\n", "allow-net unix:x\n", "allow-net unix:@x\n", "allow-net unix:@*\n", "allow-net unix:~/x\n",
	"allow-listen 80\n", "allow-listen :80\n", "allow-listen 127.0.0.1\n", "allow-listen [::1]:80\n", "deny-sys mount\n",
	"allow-read /etc/.\nexpect allow read /etc\nexpect deny read /etc/x\nexpect deny read /etc/x/y\n",
	"allow-write ~/.\nexpect allow write ~\nexpect deny write ~/x\n", "allow-read /.\nexpect allow read /\nexpect deny read /x\n",
	"log-read /a/*/.\nexpect allow read /a/b\nexpect deny read /a\nexpect deny read /a/b/c\n",
	"include @dev\nallow-read ~/.ssh/.\nexpect allow read ~/.ssh\nexpect deny read ~/.ssh/id_rsa\n",
	"gap allow\nkill\naudit\n", "include @ci\ninclude @readonly\n", "allow-all\n", "quiet-deny-run /x\nlog-listen\n",
};
/* clang-format on */

static void test_words(void)
{
	int value = -1;

	T_OK(zc_policy_is_flag("quiet-deny-listen", &value) && value == 1,
	     "a rule's value may be left out");
	T_OK(zc_policy_is_flag("no-net", &value) && value == 0, "no-net has no value");
	T_OK(zc_policy_is_flag("include", &value) && value == 2, "include needs one");
	T_OK(zc_policy_is_flag("A", &value) && value == 0, "-A is a flag");
	T_OK(!zc_policy_is_flag("allow", &value) && !zc_policy_is_flag("", &value),
	     "'allow' is none");
	T_OK(!strcmp(zc_policy_suggest("alow-net"), "allow-net"), "the nearest word is found");
	T_OK(!strcmp(zc_policy_suggest("dney-net"), "deny-net"),
	     "two letters swapped are one mistake");
	T_OK(zc_policy_suggest("completely-different") == NULL,
	     "what is far from all is near to none");
	T_OK(zc_policy_suggest("") == NULL, "nothing is near to nothing");
}

static void test_flags(void)
{
	const char *unknown[] = { "allow-raed=/", NULL }, *empty[] = { "allow-read=", NULL };
	const char *blank[] = { "deny-read=/a b", NULL };
	struct zc_policy_set *set;

	T_OK(!p_try_with(unknown, NULL, false) &&
		     !strncmp(p_error.text, "--allow-raed: unknown policy flag", 33),
	     "flags: %s", p_error.text);
	T_OK(!p_try_with(empty, NULL, false) &&
		     !strncmp(p_error.text, "--allow-read: the value is empty", 32),
	     "flags: %s", p_error.text);
	set = p_try_with(blank, NULL, false);
	T_OK(set, "a shell has quoted a blank already: %s", p_error.text);
	zc_policy_set_free(set);
}

/* Texts that are long or made of what a terminal would obey. */
static void test_hostile(void)
{
	size_t len = 9000;
	char *text = malloc(len + 64);
	struct zc_policy_set *set = zc_policy_set_new(&p_world);

	memset(text, 'a', len);
	memcpy(text, "deny-read /", 11);
	text[len] = '\0';
	T_OK(p_fails(text, "t.zc:1: the line is longer than 8192 bytes"), "%.60s", p_error.text);
	text[5000] = '\0';
	T_OK(p_fails(text, "t.zc:1: '/aaa") && strstr(p_error.text, "longer than 4095"),
	     "a path beyond PATH_MAX");
	T_OK(zc_policy_add_text(set, "n.zc", "no-net\nallow-read /\0x\n", 22, &p_error) ==
			     -EINVAL &&
		     !strncmp(p_error.text, "n.zc:2: there is a NUL byte", 27),
	     "%s", p_error.text);
	T_OK(p_fails("\x1b[31mred\n", "t.zc:1: unknown rule '?[31mred'"),
	     "no escape reaches the terminal");
	zc_policy_set_free(set);
	free(text);
}

static void test_files(void)
{
	const char *loop[] = { "policy=loop.zc", NULL }, *outer[] = { "policy=sub/outer.zc", NULL };
	const char *dir[] = { "policy=.", NULL }, *big[] = { "policy=big.zc", NULL };
	FILE *file;

	p_dir("sub");
	p_file("loop.zc", "include loop.zc\n");
	p_file("sub/outer.zc", "allow-read /\ninclude inner.zc\n");
	p_file("sub/inner.zc", "no-net\nbogus\n");
	T_OK(!p_try_with(loop, NULL, false) &&
		     strstr(p_error.text, "loop.zc:1: 'loop.zc' is included 16 files deep"),
	     "%s", p_error.text);
	T_OK(!p_try_with(outer, NULL, false) &&
		     !strcmp(p_error.text, "sub/inner.zc:2: unknown rule 'bogus'"),
	     "%s", p_error.text);
	T_OK(!p_try_with(dir, NULL, false) && strstr(p_error.text, "it is a directory"), "%s",
	     p_error.text);
	file = fopen(p_path("big.zc"), "w");
	for (size_t i = 0; i < 1000000; i++)
		fputs("# 9 bytes\n", file);
	fclose(file);
	T_OK(!p_try_with(big, NULL, false) && strstr(p_error.text, "larger than 8 MiB"), "%s",
	     p_error.text);
}

int main(void)
{
	p_begin();
	for (size_t i = 0; i < ZC_LEN(mistakes); i++)
		T_OK(p_fails(mistakes[i].text, mistakes[i].message), "%s", p_error.text);
	for (size_t i = 0; i < ZC_LEN(fine); i++)
		T_OK(p_holds(fine[i]), "policy %zu is fine: %s", i, p_error.text);
	test_words();
	test_flags();
	test_hostile();
	test_files();
	p_end();
	T_DONE();
}
