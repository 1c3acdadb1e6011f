#include "client/completion_scripts.hpp"

namespace memdb::client {
namespace {

// A line of the answer is a word, a tab, what it is about; ":files" and ":folders" ask for what lies on the disk.
constexpr std::string_view kBash = R"(# bash completion for memdbctl, made by: memdbctl completion bash
_memdbctl() {
    local cur=${COMP_WORDS[COMP_CWORD]} program=${COMP_WORDS[0]/#\~/$HOME} word names
    [[ $cur != = ]] || cur=
    COMPREPLY=()
    while IFS=$'\t' read -r word _; do
        names=()
        case $word in
            :files) compopt -o filenames; mapfile -t names < <(compgen -f -- "$cur") ;;
            :folders) compopt -o filenames; mapfile -t names < <(compgen -d -- "$cur") ;;
            *) names=("$word") ;;
        esac
        COMPREPLY+=("${names[@]}")
    done < <("$program" completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _memdbctl memdbctl
)";

constexpr std::string_view kZsh = R"(#compdef memdbctl
# zsh completion for memdbctl, made by: memdbctl completion zsh
_memdbctl() {
    local word about
    local -a line described files folders
    line=("${(@Q)words[2,CURRENT-1]}")
    (( CURRENT > 2 )) || line=()
    while IFS=$'\t' read -r word about; do
        case $word in
            :files) files=(yes) ;;
            :folders) folders=(yes) ;;
            *) described+=("${word//:/\\:}${about:+:$about}") ;;
        esac
    done < <("${(Q)words[1]/#\~/$HOME}" completion words -- "${line[@]}" "$PREFIX" 2>/dev/null)
    (( ! ${#described} )) || _describe memdbctl described
    (( ! ${#files} )) || { compset -P '--*='; _files }
    (( ! ${#folders} )) || { compset -P '--*='; _files -/ }
}
if [[ ${funcstack[1]} == _memdbctl ]]; then _memdbctl "$@"; else compdef _memdbctl memdbctl; fi
)";

constexpr std::string_view kFish = R"(# fish completion for memdbctl, made by: memdbctl completion fish
function __memdbctl_complete
    set -l line (commandline -opc)
    set -l cur (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $line[1])
    set -e line[1]
    for found in ($program completion words -- $line "$cur" 2>/dev/null)
        switch $found
            case ':files*'
                __fish_complete_path (string replace -r '^--[^=]*=' '' -- "$cur")
            case ':folders*'
                __fish_complete_directories (string replace -r '^--[^=]*=' '' -- "$cur")
            case '*'
                echo $found
        end
    end
end
complete -c memdbctl -f -a '(__memdbctl_complete)'
)";

}  // namespace

std::string_view completion_script(std::string_view shell) noexcept {
    if (shell == "bash") return kBash;
    if (shell == "zsh") return kZsh;
    if (shell == "fish") return kFish;
    return {};
}

}  // namespace memdb::client
