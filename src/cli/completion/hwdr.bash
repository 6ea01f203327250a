# Completes hwdr in bash: source <(hwdr completion bash)

_hwdr() {
    local line=${COMP_LINE:0:COMP_POINT} program=$1 word out directive break
    local -a words candidates

    # bash also splits at "=" and ":", hwdr does not.
    read -ra words <<<"$line"
    [[ $line == *[[:blank:]] ]] && words+=("")
    while [[ ${#words[@]} -gt 0 && ${words[0]} != "$program" ]]; do words=("${words[@]:1}"); done
    [[ ${#words[@]} -gt 1 ]] || return
    type -P "$program" >/dev/null || program=hwdr

    out=$("$program" __complete "${words[@]:1}" 2>/dev/null) || return
    directive=${out##*:}
    while IFS=$'\t' read -r word _; do
        [[ $word == :* || -z $word ]] || candidates+=("$word")
    done <<<"$out"

    # What bash takes for an earlier word is not repeated.
    word=${words[${#words[@]} - 1]}
    for break in "=" ":"; do
        [[ $COMP_WORDBREAKS == *"$break"* && $word == *"$break"* ]] || continue
        candidates=("${candidates[@]#"${word%"${word##*"$break"}"}"}")
    done
    COMPREPLY=("${candidates[@]}")
    if ((directive & 4)); then compopt +o default 2>/dev/null; fi
}

# The newest backup stays the first; bash before 4.4 sorts all the same.
complete -o default -o nosort -F _hwdr hwdr 2>/dev/null || complete -o default -F _hwdr hwdr
