# bash completion of sluice(1): verbs from its help, options from each verb's, runs from the lake.
_sluice() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} word lake=()
    COMPREPLY=()
    case $prev in
    --lake | -t | --target | --config | --journal | --datasets | --output | -o)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --rules) mapfile -t COMPREPLY < <(compgen -W "same current" -- "$cur"); return ;;
    --apply-to) mapfile -t COMPREPLY < <(compgen -W "these until contract" -- "$cur"); return ;;
    esac
    for ((word = 1; word < COMP_CWORD; word++)); do
        case ${COMP_WORDS[word]} in --lake | -t | --target) lake=(--lake "${COMP_WORDS[word + 1]}") ;; esac
    done
    if ((COMP_CWORD == 1)) && [[ $cur != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" --help 2>/dev/null | awk '/^  [a-z]/ && !/^  sluice/ { print $1 }')" -- "$cur")
    elif [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" --help 2>/dev/null | grep -o -- ' --[a-z][a-z-]*')" -- "$cur")
    else
        mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" runs "${lake[@]}" 2>/dev/null | awk 'NR > 1 { print $1 }')" -- "${cur^^}")
    fi
}
complete -F _sluice sluice
