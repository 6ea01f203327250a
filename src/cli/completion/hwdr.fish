# Completes hwdr in fish: hwdr completion fish | source

function __hwdr_complete
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    # Settings before the command, as in FOO=1 hwdr.
    while string match --quiet -- '*=*' $words[1]
        set -e words[1]
    end
    set -l word (commandline --current-token --cut-at-cursor)
    set -l lines ($words[1] __complete $words[2..-1] "$word" 2>/dev/null)
    set -l directive (string match --regex --groups-only '^:(\d+)$' -- $lines[-1])
    or return
    set -e lines[-1]
    if set -q lines[1]
        printf '%s\n' $lines
    end
    if test (math "bitand($directive, 4)") -eq 0
        set -l flag (string match --regex -- '^-[^=]*=' "$word")
        for path in (__fish_complete_path (string replace -- "$flag" '' "$word"))
            printf '%s\n' "$flag$path"
        end
    end
end

complete --command hwdr --no-files --keep-order --arguments '(__hwdr_complete)'
