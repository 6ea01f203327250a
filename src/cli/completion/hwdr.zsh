#compdef hwdr
# Completes hwdr in zsh: source <(hwdr completion zsh), after compinit; or this file as _hwdr in a folder of $fpath.

_hwdr() {
    local -a lines candidates
    local line value directive
    lines=("${(@f)$("${(Q)words[1]}" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
    directive=${lines[-1]#:}
    [[ $directive == <-> ]] || return 1
    lines[-1]=()

    for line in $lines; do
        value=${${line%%$'\t'*}//:/\\:}
        if [[ $line == *$'\t'* ]]; then
            candidates+=("$value:${line#*$'\t'}")
        else
            candidates+=("$value")
        fi
    done
    if (( $#candidates )); then
        _describe -V 'hwdr' candidates
    fi
    if (( !(directive & 4) )); then
        compset -P '*='
        _files
    fi
}

if [[ $funcstack[1] == _hwdr ]]; then
    _hwdr "$@"
else
    compdef _hwdr hwdr
fi
