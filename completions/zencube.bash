# bash completion of zcwrap, zctrace and zcaudit; made by scripts/completions
# shellcheck shell=bash disable=SC2207

# Sets cur to what is being typed and option to the option whose value it is, if it is one. bash cuts
# --option=value at the '='.
_zencube_words() {
	local before=${COMP_WORDS[COMP_CWORD - 1]}
	cur=${COMP_WORDS[COMP_CWORD]}
	option=
	if [[ $cur == = ]]; then
		cur="" option=$before
	elif [[ $before == = && $COMP_CWORD -ge 2 ]]; then
		option=${COMP_WORDS[COMP_CWORD - 2]}
	elif [[ $cur == --*=* ]]; then
		option=${cur%%=*} cur=${cur#*=}
	fi
}

# The value of an option: completes it and is true, where it is known what it may be.
_zencube_value() {
	case $option in
	--allow-read) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--allow-run) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--allow-write) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--ask-read) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--ask-run) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--ask-write) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--attach) COMPREPLY=($(compgen -W "$(cd /proc && echo [0-9]*)" -- "$cur")); return ;;
	--audit-policy) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--baseline) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--chdir) COMPREPLY=($(compgen -d -W "" -- "$cur")); return ;;
	--check-policy) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--classes) COMPREPLY=($(compgen -W "file exec net sys" -- "$cur")); return ;;
	--color) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
	--deny-read) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--deny-run) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--deny-write) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--engine) COMPREPLY=($(compgen -W "auto notify ptrace" -- "$cur")); return ;;
	--explain-path) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--freeze) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--gap) COMPREPLY=($(compgen -W "allow deny" -- "$cur")); return ;;
	--image) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--include) COMPREPLY=($(compgen -f -W "@agent @base @cargo @ci @dev @go @guard @make @npm @offline @pip @protected @readonly" -- "$cur")); return ;;
	--jail) COMPREPLY=($(compgen -d -W "" -- "$cur")); return ;;
	--json) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--kernel) COMPREPLY=($(compgen -W "auto off all require landlock seccomp mounts netns userns no_new_privs" -- "$cur")); return ;;
	--key) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--learn) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--log-dir) COMPREPLY=($(compgen -d -W "" -- "$cur")); return ;;
	--log-read) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--log-run) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--log-write) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--merge) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--mode) COMPREPLY=($(compgen -W "auto sealed trace hybrid shim watch" -- "$cur")); return ;;
	--output) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--policy) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--quiet-deny-read) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--quiet-deny-run) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--quiet-deny-write) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--report) COMPREPLY=($(compgen -W "text md html sarif junit codequality github intoto ocsf folded speedscope trace attempts" -- "$cur")); return ;;
	--require) COMPREPLY=($(compgen -W "sealed trace hybrid shim watch" -- "$cur")); return ;;
	--security) COMPREPLY=($(compgen -W "basic standard enhanced maximum" -- "$cur")); return ;;
	--shim) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--show-policy) COMPREPLY=($(compgen -W "json" -- "$cur")); return ;;
	--sign-key) COMPREPLY=($(compgen -f -W "" -- "$cur")); return ;;
	--user) COMPREPLY=($(compgen -u -W "" -- "$cur")); return ;;
	--workspace) COMPREPLY=($(compgen -d -W "" -- "$cur")); return ;;
	--*) COMPREPLY=(); return ;;
	esac
	return 1
}

_zencube_wrap() {
	local cur option i word
	_zencube_words
	_zencube_value && return
	# Behind the options comes the command, with completions of its own.
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == -- ]]; then
			((i++))
			break
		fi
		[[ $word == -* || $word == = || ${COMP_WORDS[i - 1]} == = ]] || break
	done
	if ((i < COMP_CWORD)) || [[ ${COMP_WORDS[COMP_CWORD - 1]} == -- ]]; then
		if declare -F _command_offset >/dev/null; then
			_command_offset "$i"
		else
			COMPREPLY=($(compgen -c -f -- "$cur"))
		fi
	elif [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "--allow-all --allow-listen --allow-net --allow-read --allow-run --allow-sys --allow-write --ask-listen --ask-net --ask-read --ask-run --ask-sys --ask-timeout= --ask-write --attach= --audit --audit-policy= --baseline= --best-effort --cap-drop= --cap-keep= --chdir= --check-policy= --classes= --clear-env --debuginfod --deny-listen --deny-net --deny-read --deny-run --deny-sys --deny-write --die-with-parent --digest= --doctor --drop-env= --enforce --engine= --expect= --explain-net= --explain-path= --fast --freeze= --gap= --grace= --help --include= --jail= --json --keep-env= --kernel= --kill --learn= --linger= --log-dir= --log-listen --log-net --log-read --log-run --log-sys --log-write --mode= --new-session --no-base --no-color --no-dns --no-net --output= --policy= --print-command --private-names --project --quiet --quiet-deny-listen --quiet-deny-net --quiet-deny-read --quiet-deny-run --quiet-deny-sys --quiet-deny-write --redact= --redact-home --report= --require= --rotate-age= --rotate-size= --security= --set-env= --shim= --show-policy --sign-key= --stacks --status-fd= --summary --timeout= --user= --verbose --version --violation-exit=" -- "$cur"))
		[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
	else
		COMPREPLY=($(compgen -c -- "$cur"))
	fi
	return 0
}

_zencube_audit() {
	local cur option
	_zencube_words
	_zencube_value && return
	if ((COMP_CWORD == 1)); then
		COMPREPLY=($(compgen -W "list show findings explain tree bypasses tail verify sign accept rotate diff learn report policy-diff policy-export policy-import schema render --help --version" -- "$cur"))
	elif [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "--any-caller --audit --baseline= --by= --color= --compress --debuginfod --dry-run --format= --head= --image= --json --keep= --key= --learn --log-dir= --max-total= --merge --merge= --redact-home --text --until= --why= --workspace=" -- "$cur"))
		[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
	else
		COMPREPLY=($(compgen -f -W "latest $(cd logs 2>/dev/null && echo zc-*)" -- "$cur"))
	fi
	return 0
}

complete -o filenames -F _zencube_wrap zcwrap zctrace
complete -o filenames -F _zencube_audit zcaudit
