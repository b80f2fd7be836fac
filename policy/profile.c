/* SPDX-License-Identifier: MIT */
/*
 * profile.c - what @base, @dev, @ci, @offline, @readonly and @protected say, and why, row by row.
 *
 * The rows are the same words and values that policy files have; docs/POLICY.md prints them. A deny
 * here is a protected path: only a rule that names it (or something inside it) opens it.
 * Variables that only make sense here: ${SHIM} our library; ${GIT} the repository that holds the
 * project, if there is one; ${OTHERS} the /proc directory of every process but oneself (which is always
 * spelled /proc/self); unix:${WRITABLE} whatever the whole policy lets the command write.
 */
#include <string.h>

#include "policy/language/language.h"
#include "policy/set.h"

/* A script that git runs on its own. */
#define HOOK(name) \
	{ \
		"deny-write", "/**/.git/hooks/" name, "what git runs in any repository" \
	}
/* A secret is neither to be read nor to be replaced. */
#define SECRET(path, why) \
	{ "deny-read", path, why }, \
	{ \
		"deny-write", path, why \
	}

/* clang-format off: a table is read by column. */

static const struct zc_row base[] = {
	/* Loading a program: what ld.so reads. Not "run": the kernel starts ld.so itself, and a shell
	 * that could run it by name could run every program through it. */
	{ "allow-read", "/lib*", "libraries" },
	{ "allow-read", "/usr/lib*", "libraries" },
	{ "allow-read", "/usr/local/lib*", "libraries" },
	{ "allow-read", "/usr/libexec", "helpers beside the libraries" },
	{ "allow-read", "/bin", "programs; running them is another rule" },
	{ "allow-read", "/sbin", "programs" },
	{ "allow-read", "/usr/bin", "programs" },
	{ "allow-read", "/usr/sbin", "programs" },
	{ "allow-read", "/usr/local/bin", "programs" },
	{ "allow-read", "/usr/local/sbin", "programs" },
	{ "allow-read", "/usr/share", "data that comes with programs" },
	{ "allow-read", "/usr/local/share", "data that comes with programs" },
	{ "allow-read", "/usr/include", "headers" },
	{ "allow-read", "/usr/local/include", "headers" },
	{ "allow-read", "/nix/store", "all of it, on NixOS" },
	{ "allow-read", "/gnu/store", "all of it, on Guix" },
	{ "allow-read", "/etc/ld.so.*", "where libraries are" },
	{ "allow-read", "/etc/ld-musl-*", "where libraries are, with musl" },
	{ "allow-read", "/etc/alternatives", "which program is meant (Debian)" },
	{ "allow-read", "${SHIM}", "our own library" },

	/* Who and where am I: locale, time zone, names. */
	{ "allow-read", "/etc/locale*", "language" },
	{ "allow-read", "/etc/default/locale", "language" },
	{ "allow-read", "/etc/localtime", "time zone" },
	{ "allow-read", "/etc/timezone", "time zone" },
	{ "allow-read", "/etc/passwd", "names of users; no passwords in it" },
	{ "allow-read", "/etc/group", "names of groups" },
	{ "allow-read", "/etc/nsswitch.conf", "where names come from" },
	{ "allow-read", "/etc/hosts", "names of hosts" },
	{ "allow-read", "/etc/host.conf", "how names are looked up" },
	{ "allow-read", "/etc/resolv.conf", "how names are looked up" },
	{ "allow-read", "/run/systemd/resolve", "where resolv.conf leads" },
	{ "allow-read", "/etc/gai.conf", "order of addresses" },
	{ "allow-read", "/etc/services", "names of ports" },
	{ "allow-read", "/etc/protocols", "names of protocols" },
	{ "allow-read", "/etc/hostname", "own name" },
	{ "allow-read", "/etc/machine-id", "own name, for D-Bus libraries" },
	{ "allow-read", "/etc/os-release", "which system this is" },
	{ "allow-read", "/etc/debian_version", "which system this is" },
	{ "allow-read", "/etc/lsb-release", "which system this is" },
	{ "allow-read", "/etc/terminfo", "terminals" },
	{ "allow-read", "/etc/inputrc", "terminals" },
	{ "allow-read", "/etc/mime.types", "types of files" },
	{ "allow-read", "/etc/magic", "types of files" },

	/* Certificates: the public ones. Private keys are elsewhere. */
	{ "allow-read", "/etc/ssl/certs", "certification authorities" },
	{ "allow-read", "/etc/ssl/cert.pem", "certification authorities" },
	{ "allow-read", "/etc/ssl/openssl.cnf", "OpenSSL reads it at start" },
	{ "allow-read", "/etc/pki/tls/certs", "certification authorities (Fedora)" },
	{ "allow-read", "/etc/pki/tls/cert.pem", "certification authorities (Fedora)" },
	{ "allow-read", "/etc/pki/tls/openssl.cnf", "OpenSSL reads it at start" },
	{ "allow-read", "/etc/pki/ca-trust", "certification authorities (Fedora)" },
	{ "allow-read", "/etc/ca-certificates*", "certification authorities" },
	{ "allow-read", "/etc/crypto-policies", "which ciphers (Fedora)" },
	{ "allow-read", "/etc/gnutls", "which ciphers" },

	/* Devices that hold nothing, and the terminal that the command was started on. */
	{ "allow-read", "/dev/null", "nothing" },
	{ "allow-write", "/dev/null", "nothing" },
	{ "allow-read", "/dev/zero", "zeros" },
	{ "allow-write", "/dev/zero", "zeros" },
	{ "allow-read", "/dev/full", "no space" },
	{ "allow-write", "/dev/full", "no space" },
	{ "allow-read", "/dev/random", "randomness" },
	{ "allow-write", "/dev/random", "randomness" },
	{ "allow-read", "/dev/urandom", "randomness" },
	{ "allow-write", "/dev/urandom", "randomness" },
	{ "allow-read", "/dev/tty", "terminal" },
	{ "allow-write", "/dev/tty", "terminal" },
	{ "allow-read", "/dev/ptmx", "terminals" },
	{ "allow-write", "/dev/ptmx", "terminals" },
	{ "allow-read", "/dev/pts", "terminals" },
	{ "allow-write", "/dev/pts", "terminals" },
	{ "allow-read", "/dev/fd", "own files" },
	{ "allow-write", "/dev/fd", "own files" },
	{ "allow-read", "/dev/std*", "own files" },
	{ "allow-write", "/dev/std*", "own files" },

	/* Oneself, and how large the machine is: every runtime asks at start. */
	{ "allow-read", "/proc/self", "oneself" },
	{ "allow-write", "/proc/self", "oneself" },
	{ "allow-read", "/proc/thread-self", "oneself" },
	{ "allow-write", "/proc/thread-self", "oneself" },
	{ "allow-read", "/proc/cpuinfo", "size of the machine" },
	{ "allow-read", "/proc/meminfo", "size of the machine" },
	{ "allow-read", "/proc/stat", "size of the machine" },
	{ "allow-read", "/proc/loadavg", "size of the machine" },
	{ "allow-read", "/proc/uptime", "size of the machine" },
	{ "allow-read", "/proc/version", "which kernel" },
	{ "allow-read", "/proc/filesystems", "which kernel (SELinux libraries ask)" },
	{ "allow-read", "/proc/mounts", "which file systems" },
	{ "allow-read", "/etc/mtab", "which file systems" },
	{ "allow-read", "/proc/sys/kernel", "limits" },
	{ "allow-read", "/proc/sys/vm", "limits (allocators ask)" },
	{ "allow-read", "/proc/sys/fs", "limits" },
	{ "allow-read", "/proc/sys/net/core/somaxconn", "limits (Go and Java ask)" },
	{ "allow-read", "/proc/sys/crypto/fips_enabled", "which ciphers" },
	{ "allow-read", "/sys/devices/system", "processors and memory nodes" },
	{ "allow-read", "/sys/fs/cgroup", "limits of the container" },
	{ "allow-read", "/sys/kernel/mm/transparent_hugepage", "allocators ask" },
};

/* What nobody's tests need to see or change, and what every thief wants. */
static const struct zc_row protected[] = {
	/* Keys to machines, and to other people's trust. */
	SECRET("~/.ssh", "SSH keys; authorized_keys is a back door"),
	SECRET("~/.gnupg", "PGP keys"),
	SECRET("~/.pki", "client certificates (NSS)"),
	SECRET("~/.config/sops", "keys that open the project's secrets"),
	SECRET("~/.config/age", "age keys"),
	SECRET("~/.password-store", "pass"),
	SECRET("~/.local/share/keyrings", "GNOME key ring"),
	SECRET("~/.local/share/kwalletd", "KDE wallet"),
	SECRET("~/.config/keepassxc", "KeePassXC"),
	SECRET("~/*.kdbx", "KeePass databases"),
	SECRET("~/.config/op", "1Password"),
	SECRET("~/.config/1Password", "1Password"),
	SECRET("~/.config/Bitwarden*", "Bitwarden"),
	SECRET("~/.vault-token", "HashiCorp Vault"),

	/* Clouds. */
	SECRET("~/.aws", "AWS keys; credential_process runs programs"),
	SECRET("~/.azure", "Azure tokens"),
	SECRET("~/.config/gcloud", "Google Cloud tokens"),
	SECRET("~/.boto", "AWS and Google keys"),
	SECRET("~/.s3cfg", "S3 keys"),
	SECRET("~/.oci", "Oracle Cloud keys"),
	SECRET("~/.aliyun", "Alibaba Cloud keys"),
	SECRET("~/.config/doctl", "DigitalOcean token"),
	SECRET("~/.config/hcloud", "Hetzner token"),
	SECRET("~/.fly", "Fly.io token"),
	SECRET("~/.config/netlify", "Netlify token"),
	SECRET("~/.vercel", "Vercel token"),
	SECRET("~/.local/share/com.vercel.cli", "Vercel token"),
	SECRET("~/.config/heroku", "Heroku token"),
	SECRET("~/.terraform.d/credentials*", "Terraform Cloud token"),
	{ "deny-write", "~/.terraform.d", "plug-ins that run next time" },
	SECRET("~/.terraformrc", "Terraform Cloud token"),
	SECRET("~/.pulumi/credentials.json", "Pulumi token"),
	SECRET("~/.databrickscfg", "Databricks token"),
	SECRET("~/.config/rclone", "remote storage of every kind"),
	SECRET("~/.rclone.conf", "remote storage of every kind"),
	SECRET("~/.kube", "Kubernetes clusters; exec plug-ins run programs"),
	SECRET("~/.docker/config.json", "registry passwords"),
	SECRET("~/.docker/run", "Docker's socket (Docker Desktop)"),
	SECRET("~/.config/containers/auth.json", "registry passwords (Podman)"),
	SECRET("~/.config/helm", "chart registries"),

	/* Code forges and package registries: whoever has these can publish in your name. */
	SECRET("~/.netrc", "passwords by host name"),
	SECRET("~/.git-credentials", "passwords of Git remotes"),
	SECRET("~/.config/git/credentials", "passwords of Git remotes"),
	SECRET("~/.config/gh", "GitHub token"),
	SECRET("~/.config/hub", "GitHub token"),
	SECRET("~/.config/glab-cli", "GitLab token"),
	SECRET("~/.pypirc", "PyPI token"),
	SECRET("~/.cargo/credentials*", "crates.io token"),
	SECRET("~/.gem/credentials", "RubyGems token"),
	SECRET("~/.local/share/gem/credentials", "RubyGems token"),
	SECRET("~/.m2/settings-security.xml", "Maven's master password"),
	SECRET("~/.nuget/apikeys", "NuGet keys"),
	/* Read at every start by tools that go on without them, so a finding would only be noise. */
	{ "quiet-deny-read", "~/.npmrc", "npm token; npm goes on without it" },
	{ "deny-write", "~/.npmrc", "script-shell and registry: what npm runs next time" },
	{ "quiet-deny-read", "~/.yarnrc.yml", "Yarn token" },
	{ "deny-write", "~/.yarnrc*", "yarn-path: what Yarn runs next time" },
	{ "quiet-deny-read", "~/.composer/auth.json", "Packagist and forge tokens" },
	{ "quiet-deny-read", "~/.config/composer/auth.json", "Packagist and forge tokens" },

	/* Data bases. */
	SECRET("~/.pgpass", "PostgreSQL passwords"),
	SECRET("~/.my.cnf", "MySQL passwords"),
	SECRET("~/.mylogin.cnf", "MySQL passwords"),
	SECRET("~/.dbt/profiles.yml", "warehouse passwords"),

	/* Browsers, mail and chat: sessions that are as good as passwords. */
	SECRET("~/.mozilla", "Firefox: sessions and saved passwords"),
	SECRET("~/.config/mozilla", "Firefox"),
	SECRET("~/.config/google-chrome*", "Chrome: sessions and saved passwords"),
	SECRET("~/.config/chromium", "Chromium"),
	SECRET("~/.config/BraveSoftware", "Brave"),
	SECRET("~/.config/microsoft-edge*", "Edge"),
	SECRET("~/.config/vivaldi*", "Vivaldi"),
	SECRET("~/.config/opera*", "Opera"),
	SECRET("~/snap/firefox", "Firefox as a snap"),
	SECRET("~/snap/chromium", "Chromium as a snap"),
	SECRET("~/.var/app", "data of Flatpak applications"),
	SECRET("~/.thunderbird", "mail"),
	SECRET("~/.config/evolution", "mail"),
	SECRET("~/.config/Signal", "chat"),
	SECRET("~/.config/Slack", "chat"),
	SECRET("~/.config/discord*", "chat"),
	SECRET("~/.local/share/TelegramDesktop", "chat"),
	SECRET("~/.config/Code/User/globalStorage", "editor sign-ins"),

	/* Wallets: gone is gone. */
	SECRET("~/.bitcoin", "wallet"),
	SECRET("~/.ethereum", "wallet"),
	SECRET("~/.electrum", "wallet"),
	SECRET("~/.monero", "wallet"),
	SECRET("~/.config/solana", "wallet"),
	SECRET("~/.config/Exodus", "wallet"),

	/* AI tools: keys that cost money. */
	SECRET("~/.claude/.credentials.json", "Claude sign-in"),
	SECRET("~/.codex/auth.json", "Codex sign-in"),
	SECRET("~/.config/openai", "OpenAI key"),
	SECRET("~/.gemini/oauth_creds.json", "Gemini sign-in"),
	SECRET("~/.cache/huggingface/token", "Hugging Face token"),

	/* Histories hold passwords that were typed on a command line. Quiet: every interactive shell
	 * opens its own. */
	{ "quiet-deny-read", "~/.*_history", "what was typed: shells, python, psql, mysql ..." },
	{ "quiet-deny-read", "~/.histfile", "what was typed (zsh)" },
	{ "quiet-deny-read", "~/.local/share/fish/fish_history", "what was typed (fish)" },

	/* The system's own secrets, for runs as root. */
	SECRET("/etc/shadow*", "password hashes"),
	SECRET("/etc/gshadow*", "password hashes"),
	SECRET("/etc/sudoers*", "who may become root"),
	SECRET("/etc/sudoers.d", "who may become root"),
	SECRET("/etc/ssh/ssh_host_*_key", "host keys"),
	SECRET("/etc/ssl/private", "TLS keys"),
	SECRET("/etc/pki/tls/private", "TLS keys"),
	SECRET("/etc/letsencrypt", "TLS keys"),
	SECRET("/etc/krb5.keytab", "Kerberos keys"),
	SECRET("/tmp/krb5cc*", "Kerberos tickets"),
	SECRET("/etc/NetworkManager/system-connections", "wireless and VPN passwords"),
	SECRET("/etc/wireguard", "VPN keys"),
	SECRET("/etc/openvpn", "VPN keys"),
	SECRET("/etc/ppp/*-secrets", "dial-up and VPN passwords"),
	SECRET("/etc/kubernetes", "cluster keys"),
	SECRET("/etc/rancher", "cluster keys"),
	SECRET("/var/lib/kubelet", "cluster keys"),
	SECRET("/run/secrets", "secrets of containers and pods"),
	SECRET("/root/.ssh", "root's SSH keys, whatever $HOME says"),
	SECRET("/root/.gnupg", "root's PGP keys"),
	SECRET("/root/.aws", "root's AWS keys"),
	SECRET("/home/*/.ssh", "other users' SSH keys"),
	SECRET("/home/*/.gnupg", "other users' PGP keys"),
	SECRET("/home/*/.aws", "other users' AWS keys"),
	SECRET("/var/spool/cron", "what runs later"),

	/* Other processes: their environment holds their secrets, their memory everything. */
	SECRET("${OTHERS}/environ", "other processes' environment"),
	SECRET("${OTHERS}/mem", "other processes' memory"),
	SECRET("${OTHERS}/task/*/environ", "other processes' environment"),
	SECRET("${OTHERS}/task/*/mem", "other processes' memory"),
	SECRET("/proc/kcore", "the kernel's memory"),
	SECRET("/dev/mem", "the machine's memory"),
	SECRET("/dev/kmem", "the kernel's memory"),
	SECRET("/dev/port", "the machine's ports"),
	SECRET("/dev/input", "what is typed, everywhere"),
	SECRET("/dev/uinput", "typing, everywhere"),
	SECRET("/dev/hidraw*", "what is typed; security keys"),
	SECRET("/dev/vcs*", "what the consoles show"),
	SECRET("/dev/sd*", "disks, below every file's permissions"),
	SECRET("/dev/nvme*", "disks"),
	SECRET("/dev/vd*", "disks"),
	SECRET("/dev/xvd*", "disks"),
	SECRET("/dev/mmcblk*", "disks"),
	SECRET("/dev/md*", "disks"),
	SECRET("/dev/dm-*", "disks"),
	SECRET("/dev/mapper", "disks"),
	SECRET("/dev/loop*", "disks"),

	/* What runs at the next log-in, shell, commit or editor start: writing there outlives the run. */
	{ "deny-write", "~/.bash*", "start-up (bashrc, bash_profile, bash_aliases ...)" },
	{ "deny-write", "~/.profile", "start-up" },
	{ "deny-write", "~/.zsh*", "start-up (zshrc, zshenv, zsh ...)" },
	{ "deny-write", "~/.zprofile", "start-up" },
	{ "deny-write", "~/.zlog*", "start-up (zlogin, zlogout)" },
	{ "deny-write", "~/.zcompdump*", "start-up: zsh runs it" },
	{ "deny-write", "~/.oh-my-zsh", "start-up" },
	{ "deny-write", "~/.p10k.zsh", "start-up" },
	{ "deny-write", "~/.cache/p10k*", "start-up: zsh runs it" },
	{ "deny-write", "~/.cache/zsh", "start-up: zsh runs it" },
	{ "deny-write", "~/.kshrc", "start-up" },
	{ "deny-write", "~/.mkshrc", "start-up" },
	{ "deny-write", "~/.cshrc", "start-up" },
	{ "deny-write", "~/.tcshrc", "start-up" },
	{ "deny-write", "~/.login", "start-up" },
	{ "deny-write", "~/.inputrc", "start-up: key bindings can run commands" },
	{ "deny-write", "~/.pam_environment", "start-up" },
	{ "deny-write", "~/.config/environment.d", "start-up" },
	{ "deny-write", "~/.config/fish", "start-up" },
	{ "deny-write", "~/.config/zsh", "start-up" },
	{ "deny-write", "~/.config/nushell", "start-up" },
	{ "deny-write", "~/.x*", "start-up of the desktop (xprofile, xinitrc, xsession ...)" },
	{ "deny-write", "~/.Xresources", "start-up of the desktop" },
	{ "deny-write", "~/.config/autostart", "start-up of the desktop" },
	{ "deny-write", "~/.config/plasma-workspace", "start-up of the desktop" },
	{ "deny-write", "~/.config/hypr", "start-up of the desktop" },
	{ "deny-write", "~/.config/sway", "start-up of the desktop" },
	{ "deny-write", "~/.config/i3", "start-up of the desktop" },
	{ "deny-write", "~/.config/systemd", "services" },
	{ "deny-write", "~/.local/share/systemd", "services" },
	{ "deny-write", "~/.local/share/dbus-1", "services" },
	{ "deny-write", "~/.local/share/applications", "what a click starts" },
	{ "deny-write", "~/Desktop/*.desktop", "what a click starts" },
	{ "deny-write", "~/.local/bin", "programs on the PATH" },
	{ "deny-write", "~/bin", "programs on the PATH" },
	{ "deny-write", "~/.cargo/bin", "programs on the PATH" },
	{ "deny-write", "~/.cargo/env", "start-up" },
	{ "deny-write", "~/.cargo/config*", "what cargo runs next time" },
	{ "deny-write", "~/go/bin", "programs on the PATH" },
	{ "deny-write", "~/.npm-global", "programs on the PATH" },
	{ "deny-write", "~/.nvm", "programs on the PATH, and start-up" },
	{ "deny-write", "~/.pyenv", "programs on the PATH, and start-up" },
	{ "deny-write", "~/.rbenv", "programs on the PATH, and start-up" },
	/* Both rewrite these at every shell's start, to no effect when they cannot. */
	{ "quiet-deny-write", "~/.pyenv/shims", "programs on the PATH" },
	{ "quiet-deny-write", "~/.rbenv/shims", "programs on the PATH" },
	{ "deny-write", "~/.asdf", "programs on the PATH, and start-up" },
	{ "deny-write", "~/.sdkman", "programs on the PATH, and start-up" },
	{ "deny-write", "~/.rustup", "compilers" },
	{ "deny-write", "~/.local/lib/python*/site-packages/*.pth", "every Python runs it" },
	{ "deny-write", "~/.local/lib/python*/site-packages/*customize.py",
	  "every Python runs it" },
	{ "deny-write", "~/.gitconfig", "aliases, hooks and helpers that git runs" },
	{ "deny-write", "~/.config/git", "aliases, hooks and helpers that git runs" },
	{ "deny-write", "${GIT}/hooks", "what the next commit runs" },
	/* Of other repositories only what git would run: "git init" fills this directory with samples. */
	HOOK("applypatch-msg"),
	HOOK("pre-applypatch"),
	HOOK("post-applypatch"),
	HOOK("pre-commit"),
	HOOK("pre-merge-commit"),
	HOOK("prepare-commit-msg"),
	HOOK("commit-msg"),
	HOOK("post-commit"),
	HOOK("pre-rebase"),
	HOOK("post-checkout"),
	HOOK("post-merge"),
	HOOK("pre-push"),
	HOOK("reference-transaction"),
	HOOK("pre-auto-gc"),
	HOOK("post-rewrite"),
	HOOK("sendemail-validate"),
	HOOK("fsmonitor-watchman"),
	HOOK("post-index-change"),
	{ "deny-write", "${GIT}/modules/**/hooks", "what the next commit in a submodule runs" },
	{ "deny-write", "~/.vim*", "editor start-up" },
	{ "deny-write", "~/.config/nvim", "editor start-up" },
	{ "deny-write", "~/.local/share/nvim", "editor plug-ins" },
	{ "deny-write", "~/.emacs*", "editor start-up" },
	{ "deny-write", "~/.config/emacs", "editor start-up" },
	{ "deny-write", "~/.config/Code/User", "editor settings and tasks" },
	{ "deny-write", "~/.vscode*", "editor extensions and servers" },
	{ "deny-write", "~/.tmux.conf", "start-up" },
	{ "deny-write", "~/.config/tmux", "start-up" },
	{ "deny-write", "~/.screenrc", "start-up" },
	{ "deny-write", "~/.gdbinit", "what the debugger runs" },
	{ "deny-write", "~/.config/gdb", "what the debugger runs" },
	{ "deny-write", "~/.lldbinit", "what the debugger runs" },
	{ "deny-write", "~/.config/pip", "index-url: where packages come from" },
	{ "deny-write", "~/.pip", "index-url: where packages come from" },
	{ "deny-write", "~/.m2/settings.xml", "where packages come from" },
	{ "deny-write", "~/.gradle/init*", "what Gradle runs next time" },
	{ "deny-write", "~/.gradle/gradle.properties", "what Gradle runs next time" },

	/* Sockets behind which somebody with more rights does what one asks. Most are outside of what can
	 * be written anyway; here they have a name, and stay shut when the working directory is $HOME. */
	{ "deny-net", "unix:/run/docker.sock", "root on this machine, by way of Docker" },
	{ "deny-net", "unix:/run/user/*/docker.sock", "Docker without root" },
	{ "deny-net", "unix:/run/podman", "Podman" },
	{ "deny-net", "unix:/run/user/*/podman", "Podman" },
	{ "deny-net", "unix:/run/containerd", "containerd" },
	{ "deny-net", "unix:/run/crio", "CRI-O" },
	{ "deny-net", "unix:/run/k3s", "k3s" },
	{ "deny-net", "unix:/run/libvirt", "virtual machines" },
	{ "deny-net", "unix:/var/lib/lxd/unix.socket", "root on this machine, by way of LXD" },
	{ "deny-net", "unix:/var/lib/incus/unix.socket", "root on this machine, by way of Incus" },
	{ "deny-net", "unix:/run/snapd.socket", "installing packages" },
	{ "deny-net", "unix:/run/systemd/private", "systemd: starts anything" },
	{ "deny-net", "unix:/run/user/*/systemd", "systemd: starts anything" },
	{ "deny-net", "unix:/run/dbus", "D-Bus: the system's services" },
	{ "deny-net", "unix:/run/user/*/bus", "D-Bus: the desktop, and systemd behind it" },
	{ "deny-net", "unix:/run/user/*/keyring", "GNOME key ring and SSH agent" },
	{ "deny-net", "unix:/run/user/*/gnupg", "PGP agent" },
	{ "deny-net", "unix:/run/user/*/ssh-agent*", "SSH agent: signs in as you" },
	{ "deny-net", "unix:/run/user/*/openssh_agent", "SSH agent" },
	{ "deny-net", "unix:/tmp/ssh-*", "SSH agent, in a directory that can be written" },
	{ "deny-net", "unix:${TMPDIR}/ssh-*", "SSH agent" },
	{ "deny-net", "unix:/tmp/.X11-unix", "X11: reads the keyboard, types into windows" },
	{ "deny-net", "unix:/run/user/*/wayland-*", "Wayland: the clipboard, the screen" },
	{ "deny-net", "unix:/run/user/*/pipewire-*", "microphone and screen" },
	{ "deny-net", "unix:/tmp/tmux-*", "tmux: types into other shells" },
	{ "deny-net", "unix:${TMPDIR}/tmux-*", "tmux" },
	{ "deny-net", "unix:/run/screen", "screen: types into other shells" },
	{ "deny-net", "unix:/tmp/screens", "screen" },
	{ "deny-net", "unix:/tmp/emacs*", "Emacs: evaluates what it is sent" },
	{ "deny-net", "unix:/tmp/nvim*", "Neovim: evaluates what it is sent" },
	{ "deny-net", "unix:/tmp/vscode-*", "the editor outside" },
	{ "deny-net", "unix:/run/user/*/vscode-*", "the editor outside" },
	{ "deny-net", "unix:/tmp/kitty*", "kitty: types into windows" },
};

/* Asked only by what runs on the cloud's own machines, and what the whole internet would like to ask. */
static const struct zc_row metadata[] = {
	{ "deny-net", "169.254.169.254", "cloud metadata: the machine's own keys" },
	{ "deny-net", "169.254.170.2", "cloud metadata (Amazon's containers)" },
	{ "deny-net", "[fd00:ec2::254]", "cloud metadata" },
};

/* Machines that build for others: the runner's own tokens, and the files it obeys. */
static const struct zc_row ci_protected[] = {
	SECRET("/var/run/secrets", "tokens of the pod that the job runs in"),
	SECRET("/etc/gitlab-runner", "GitLab runner"),
	SECRET("~/.gitlab-runner", "GitLab runner"),
	SECRET("/etc/buildkite-agent", "Buildkite agent"),
	SECRET("~/.buildkite-agent", "Buildkite agent"),
	SECRET("/kaniko/.docker", "registry passwords"),
	SECRET("/var/lib/jenkins/secrets", "Jenkins"),
	SECRET("/var/jenkins_home/secrets", "Jenkins"),
	SECRET("/var/jenkins_home/credentials.xml", "Jenkins"),
	SECRET("/home/runner/**/.credentials*", "GitHub runner"),
	SECRET("~/actions-runner/.credentials*", "GitHub runner"),
	SECRET("~/actions-runner/.runner", "GitHub runner"),
	{ "deny-write", "/**/_runner_file_commands",
	  "GITHUB_ENV and GITHUB_PATH: steer later steps" },
};

static const struct zc_row read_all[] = {
	{ "allow-read", "/", "everything that is not protected" },
};

/*
 * Commands that do what cannot be undone, that take rights, or that run what somebody else has written. The
 * names say what is meant; who copies rm to another name is not meant.
 */
#define SYSTEM \
	"/|/bin|/boot|/dev|/etc|/lib|/lib64|/proc|/root|/sbin|/sys|/usr|/usr/bin|/usr/lib|/var"
#define DISKS \
	"/dev/sd*|/dev/hd*|/dev/vd*|/dev/xvd*|/dev/nvme*|/dev/mmcblk*|/dev/disk/**|/dev/mapper/*|" \
	"/dev/dm-*|/dev/md*"
#define OF_DISKS \
	"of=/dev/sd*|of=/dev/hd*|of=/dev/vd*|of=/dev/xvd*|of=/dev/nvme*|of=/dev/mmcblk*|" \
	"of=/dev/disk/**|of=/dev/mapper/*|of=/dev/dm-*|of=/dev/md*"

static const struct zc_row guard[] = {
	{ "deny-run",
	  "rm with -r|-R|--recursive " SYSTEM "|/home|/opt|/srv|/usr/local|~"
	  " risk=critical because nothing brings it back",
	  "removing the system, or the own home" },
	{ "deny-run", "find with / -delete risk=critical because nothing brings it back",
	  "removing the system, or the own home" },
	{ "deny-run",
	  "chmod|chown|chgrp with -R|--recursive " SYSTEM
	  " risk=critical because nothing remembers how it was",
	  "changing modes and owners of the whole system" },
	{ "deny-run",
	  "mkfs|mkfs.*|mke2fs|mkswap|wipefs|format|blkdiscard risk=critical because it empties a "
	  "disk",
	  "making file systems" },
	{ "deny-run", "dd with " OF_DISKS " risk=critical because it overwrites a disk",
	  "overwriting disks" },
	{ "deny-run",
	  "fdisk|sfdisk|cfdisk|sgdisk|gdisk|parted|shred with " DISKS
	  " risk=critical because it changes a disk",
	  "changing disks" },
	{ "deny-run",
	  "shutdown|reboot|halt|poweroff risk=critical because it ends everybody's work",
	  "ending the system" },
	{ "deny-run", "init|telinit with 0|6 risk=critical because it ends everybody's work",
	  "ending the system" },
	{ "deny-run",
	  "systemctl with poweroff|reboot|halt|kexec|rescue|emergency risk=critical because it "
	  "ends everybody's work",
	  "ending the system" },
	{ "deny-run",
	  "sudo|sudoedit|su|doas|pkexec|run0 risk=high because it takes the rights of somebody "
	  "else",
	  "becoming somebody else" },
	{ "deny-run",
	  "sh|bash|dash|ash|zsh|ksh|mksh|fish|python*|node|nodejs|perl|ruby|php fed-by "
	  "curl|wget|wget2|fetch|aria2c|http|https|lynx"
	  " risk=high because whoever answers decides what runs",
	  "a fetch piped to a shell" },
	{ "ask-run",
	  "nmap|masscan|zmap|rustscan|unicornscan risk=medium because it looks at other people's "
	  "machines",
	  "port scanners" },
	{ "log-run",
	  "apt|apt-get|dnf|yum|zypper|apk|brew|snap|flatpak with "
	  "install|add|upgrade|dist-upgrade|full-upgrade risk=low",
	  "packages of the system" },
	{ "log-run", "pacman with -S|--sync risk=low", "packages of the system" },
	{ "log-run", "npm|pnpm|yarn with install|i|add|ci risk=low", "packages of a language" },
	{ "log-run", "pip|pip3|pip3.*|pipx|uv|gem|cargo|go with install|add|get risk=low",
	  "packages of a language" },
};

static const struct zc_row run_all[] = {
	{ "allow-run", "/", "every program" },
};

static const struct zc_row write_project[] = {
	{ "allow-write", "${PROJECT}", "the working directory" },
	{ "allow-write", "${TMPDIR}", "temporary files" },
	{ "allow-write", "/dev/shm", "shared memory" },
};

static const struct zc_row write_tmp[] = {
	{ "allow-write", "/tmp", "temporary files, for programs that ignore TMPDIR" },
	{ "allow-write", "/var/tmp", "temporary files" },
};

/* Caches are made again by whoever misses them. They are a way to leave something behind for the
 * next build all the same; docs/POLICY.md says so. */
static const struct zc_row write_caches[] = {
	{ "allow-write", "~/.cache", "caches (pip, go, ccache, yarn, playwright ...)" },
	{ "allow-write", "~/.npm/_logs", "npm" },
	{ "allow-write", "~/.npm/_cacache", "npm" },
	{ "allow-write", "~/.npm/_update-notifier-last-checked", "npm" },
	{ "allow-write", "~/.yarn/berry/cache", "Yarn" },
	{ "allow-write", "~/.bun/install/cache", "Bun" },
	{ "allow-write", "~/.cargo/registry", "cargo" },
	{ "allow-write", "~/.cargo/git", "cargo" },
	{ "allow-write", "~/.cargo/.package-cache*", "cargo's lock" },
	{ "allow-write", "~/.cargo/.global-cache*", "cargo's record of use" },
	{ "allow-write", "~/go/pkg", "go modules" },
	{ "allow-write", "~/.config/go/telemetry", "go counts into files here, even when off" },
	{ "allow-write", "~/.gradle/caches", "Gradle" },
	{ "allow-write", "~/.gradle/daemon", "Gradle" },
	{ "allow-write", "~/.gradle/native", "Gradle" },
	{ "allow-write", "~/.gradle/notifications", "Gradle" },
	{ "allow-write", "~/.gradle/workers", "Gradle" },
	{ "allow-write", "~/.gradle/.tmp", "Gradle" },
	{ "allow-write", "~/.m2/repository", "Maven" },
	{ "allow-write", "~/.ivy2/cache", "Ivy and sbt" },
	{ "allow-write", "~/.ccache", "ccache" },
	{ "allow-write", "~/.nuget/packages", "NuGet" },
	{ "allow-write", "~/.local/share/NuGet", "NuGet" },
	{ "allow-write", "~/.composer/cache", "Composer" },
	{ "allow-write", "~/.cabal/packages", "cabal" },
	{ "allow-write", "~/.pub-cache", "Dart" },
	{ "allow-write", "~/.android/cache", "Android" },
};

/* What one tool keeps between runs. */
static const struct zc_row write_npm[] = {
	{ "allow-write", "~/.npm/_logs", "npm" },
	{ "allow-write", "~/.npm/_cacache", "npm" },
	{ "allow-write", "~/.npm/_update-notifier-last-checked", "npm" },
	{ "allow-write", "~/.cache/node*", "compile cache, node-gyp, corepack" },
	{ "allow-write", "~/.cache/yarn", "Yarn" },
	{ "allow-write", "~/.yarn/berry/cache", "Yarn" },
};
static const struct zc_row write_pip[] = {
	{ "allow-write", "~/.cache/pip", "pip" },
	{ "allow-write", "~/.cache/uv", "uv" },
};
static const struct zc_row write_cargo[] = {
	{ "allow-write", "~/.cargo/registry", "cargo" },
	{ "allow-write", "~/.cargo/git", "cargo" },
	{ "allow-write", "~/.cargo/.package-cache*", "cargo's lock" },
	{ "allow-write", "~/.cargo/.global-cache*", "cargo's record of use" },
};
static const struct zc_row write_go[] = {
	{ "allow-write", "~/go/pkg", "go modules" },
	{ "allow-write", "~/.cache/go-build", "go" },
	{ "allow-write", "~/.config/go/telemetry", "go counts into files here, even when off" },
};
static const struct zc_row write_make[] = {
	{ "allow-write", "~/.ccache", "ccache" },
	{ "allow-write", "~/.cache/ccache", "ccache" },
};

/* Where packages come from, by name. A name that cannot be resolved allows nothing, and is no mistake. */
static const struct zc_row net_npm[] = {
	{ "allow-net", "registry.npmjs.org:443", "npm's packages" },
	{ "allow-net", "registry.yarnpkg.com:443", "the same, by Yarn's name" },
};
static const struct zc_row net_pip[] = {
	{ "allow-net", "pypi.org:443", "index of Python's packages" },
	{ "allow-net", "files.pythonhosted.org:443", "Python's packages" },
};
static const struct zc_row net_cargo[] = {
	{ "allow-net", "index.crates.io:443", "index of Rust's packages" },
	{ "allow-net", "static.crates.io:443", "Rust's packages" },
	{ "allow-net", "crates.io:443", "Rust's packages" },
};
static const struct zc_row net_go[] = {
	{ "allow-net", "proxy.golang.org:443", "go modules" },
	{ "allow-net", "sum.golang.org:443", "their checksums" },
};
static const struct zc_row net_forge[] = {
	{ "allow-net", "github.com:443", "sources; whoever may push there can also send there" },
	{ "allow-net", "codeload.github.com:443", "sources as archives" },
	{ "allow-net", "objects.githubusercontent.com:443", "released files" },
};

static const struct zc_row loopback[] = {
	{ "allow-net", "127.0.0.0/8", "servers of this machine" },
	{ "allow-net", "[::1]", "servers of this machine" },
	{ "allow-listen", "127.0.0.0/8", "servers for this machine" },
	{ "allow-listen", "[::1]", "servers for this machine" },
	{ "allow-net", "unix:/run/nscd/socket", "names of users, cached" },
};

/* Sockets that the run made itself are allowed wherever a profile allows any. */
static const struct zc_row writable_sockets[] = {
	{ "allow-net", "unix:${WRITABLE}", "whoever may write a socket may talk to it" },
};

static const struct zc_row log_socket[] = {
	{ "allow-net", "unix:/dev/log", "the system's log" },
	{ "allow-net", "unix:/run/systemd/journal/dev-log", "the system's log" },
};

/* clang-format on */

struct table {
	const struct zc_row *rows;
	size_t count;
};
#define TABLE(rows) \
	{ \
		rows, ZC_LEN(rows) \
	}
#define TABLES_CAP 20

static const struct {
	const char *name;
	struct table tables[TABLES_CAP];
} profiles[ZC_PROFILE_COUNT] = {
	[ZC_PROFILE_BASE] = { "@base", { TABLE(base) } },
	[ZC_PROFILE_DEV] = { "@dev",
			     { TABLE(protected), TABLE(metadata), TABLE(read_all), TABLE(run_all),
			       TABLE(write_project), TABLE(write_tmp), TABLE(write_caches),
			       TABLE(loopback), TABLE(writable_sockets), TABLE(log_socket) } },
	{ "@ci",
	  { TABLE(protected), TABLE(metadata), TABLE(ci_protected), TABLE(read_all), TABLE(run_all),
	    TABLE(write_project), TABLE(write_caches), TABLE(loopback), TABLE(writable_sockets),
	    TABLE(log_socket) } },
	{ "@offline",
	  { TABLE(protected), TABLE(metadata), TABLE(read_all), TABLE(run_all),
	    TABLE(write_project), TABLE(write_tmp), TABLE(write_caches), TABLE(log_socket) } },
	{ "@readonly", { TABLE(protected), TABLE(metadata), TABLE(read_all), TABLE(run_all) } },
	{ "@protected", { TABLE(protected), TABLE(metadata) } },
	[ZC_PROFILE_GUARD] = { "@guard", { TABLE(guard) } },
	{ "@agent",
	  { TABLE(protected), TABLE(metadata), TABLE(read_all), TABLE(run_all),
	    TABLE(write_project), TABLE(write_tmp), TABLE(write_caches), TABLE(loopback),
	    TABLE(writable_sockets), TABLE(guard), TABLE(net_npm), TABLE(net_pip), TABLE(net_cargo),
	    TABLE(net_go), TABLE(net_forge) } },
	{ "@npm",
	  { TABLE(protected), TABLE(metadata), TABLE(read_all), TABLE(run_all),
	    TABLE(write_project), TABLE(write_tmp), TABLE(write_npm), TABLE(loopback),
	    TABLE(writable_sockets), TABLE(net_npm) } },
	{ "@pip",
	  { TABLE(protected), TABLE(metadata), TABLE(read_all), TABLE(run_all),
	    TABLE(write_project), TABLE(write_tmp), TABLE(write_pip), TABLE(loopback),
	    TABLE(writable_sockets), TABLE(net_pip) } },
	{ "@cargo",
	  { TABLE(protected), TABLE(metadata), TABLE(read_all), TABLE(run_all),
	    TABLE(write_project), TABLE(write_tmp), TABLE(write_cargo), TABLE(loopback),
	    TABLE(writable_sockets), TABLE(net_cargo) } },
	{ "@go",
	  { TABLE(protected), TABLE(metadata), TABLE(read_all), TABLE(run_all),
	    TABLE(write_project), TABLE(write_tmp), TABLE(write_go), TABLE(loopback),
	    TABLE(writable_sockets), TABLE(net_go) } },
	{ "@make",
	  { TABLE(protected), TABLE(metadata), TABLE(read_all), TABLE(run_all),
	    TABLE(write_project), TABLE(write_tmp), TABLE(write_make), TABLE(writable_sockets) } },
};

int zc_profile_find(const char *name, size_t len)
{
	for (unsigned i = 0; i < ZC_PROFILE_COUNT; i++)
		if (strlen(profiles[i].name) == len && memcmp(profiles[i].name, name, len) == 0)
			return (int)i;
	return -1;
}

const char *zc_profile_name(unsigned profile)
{
	return profile < ZC_PROFILE_COUNT ? profiles[profile].name : "@?";
}

const char *zc_profile_nearest(const char *typed, size_t len)
{
	const char *names[ZC_PROFILE_COUNT];

	for (unsigned i = 0; i < ZC_PROFILE_COUNT; i++)
		names[i] = profiles[i].name;
	return zc_nearest(typed, len, names, ZC_PROFILE_COUNT);
}

/* Was this table already given by an earlier profile of the mask? */
static bool given(uint32_t mask, unsigned profile, const struct zc_row *rows)
{
	for (unsigned i = 0; i < profile; i++)
		for (size_t t = 0; (mask >> i & 1) && t < TABLES_CAP; t++)
			if (profiles[i].tables[t].rows == rows)
				return true;
	return false;
}

int zc_profile_rows(uint32_t mask,
		    int (*each)(void *context, unsigned profile, const struct zc_row *row),
		    void *context)
{
	int r = 0;

	for (unsigned i = 0; i < ZC_PROFILE_COUNT; i++) {
		for (size_t t = 0; (mask >> i & 1) && t < TABLES_CAP; t++) {
			struct table table = profiles[i].tables[t];

			if (table.rows == NULL || given(mask, i, table.rows))
				continue;
			for (size_t n = 0; n < table.count && r == 0; n++)
				r = each(context, i, &table.rows[n]);
		}
	}
	return r;
}
