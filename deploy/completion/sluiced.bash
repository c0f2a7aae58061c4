# bash completion of sluiced(1): commands from its help, options from each command's.
_sluiced() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    COMPREPLY=()
    case $prev in
    --lake) mapfile -t COMPREPLY < <(compgen -W "s3://" -- "$cur"; compgen -f -- "$cur"); return ;;
    --datasets | --config | --journal | --metrics-file) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
    --fail-on) mapfile -t COMPREPLY < <(compgen -W "reject quarantine never" -- "$cur"); return ;;
    --metrics) mapfile -t COMPREPLY < <(compgen -W "none emf" -- "$cur"); return ;;
    --log-level) mapfile -t COMPREPLY < <(compgen -W "debug info warn error" -- "$cur"); return ;;
    esac
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" --help 2>/dev/null | awk '/^  [a-z]/ { print $1 }') --help --version" -- "$cur")
    elif [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" "${COMP_WORDS[1]}" --help 2>/dev/null | grep -o -- '--[a-z][a-z-]*')" -- "$cur")
    elif [[ ${COMP_WORDS[1]} == journal && $prev == journal ]]; then
        mapfile -t COMPREPLY < <(compgen -W "backup rebuild" -- "$cur")
    elif [[ ${COMP_WORDS[1]} == stage ]]; then
        mapfile -t COMPREPLY < <(compgen -W "bronze silver gold" -- "$cur")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    fi
}
complete -o filenames -F _sluiced sluiced
