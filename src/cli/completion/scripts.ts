/** The shells that there is a script for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** In a project hawser is below node_modules, and `npx` would cost more than the completion. */
const FIND = `__hawser_program() {
  local dir=$PWD
  while [ -n "$dir" ]; do
    if [ -x "$dir/node_modules/.bin/hawser" ]; then printf '%s\\n' "$dir/node_modules/.bin/hawser"; return; fi
    dir=\${dir%/*}
  done
  printf 'hawser\\n'
}
`;

/**
 * What a shell evaluates to complete `hawser`. It asks `hawser __complete WORDS`, whose lines are a word, a tab and what it means;
 * the line `:files` says that any path may stand there.
 */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `${FIND}_hawser() {
  local line=\${COMP_LINE:0:COMP_POINT} word reply files= IFS=$' \\t\\n'
  local -a words
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  word=\${words[\${#words[@]}-1]}
  COMPREPLY=()
  while IFS= read -r reply; do
    if [ "$reply" = :files ]; then files=1; else COMPREPLY+=("\${reply%%$'\\t'*}"); fi
  done < <("$(__hawser_program)" __complete "\${words[@]:1}" 2>/dev/null)
  if [ -n "$files" ]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r reply; do COMPREPLY+=("$reply"); done < <(compgen -f -- "$word")
  fi
  # bash parts words at these, and replaces what stands behind the last of them.
  local breaks=\${word##*[:=]}
  if [[ $COMP_WORDBREAKS == *:* && $word == *[:=]* ]]; then
    local before=\${word%"$breaks"} i
    for i in "\${!COMPREPLY[@]}"; do COMPREPLY[i]=\${COMPREPLY[i]#"$before"}; done
  fi
  case \${COMPREPLY[0]-} in *[,:=]) compopt -o nospace 2>/dev/null ;; esac
}
complete -F _hawser hawser
`,
  zsh: `#compdef hawser
${FIND}_hawser() {
  local reply files=
  local -a found shown
  for reply in "\${(@f)$("$(__hawser_program)" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $reply == :files ]]; then files=1
    elif [[ -n $reply ]]; then
      found+=("\${reply%%$'\\t'*}")
      if [[ $reply == *$'\\t'?* ]]; then shown+=("\${reply%%$'\\t'*}  -- \${reply#*$'\\t'}"); else shown+=("\${reply%%$'\\t'*}"); fi
    fi
  done
  (( \${#found} )) && compadd -l -d shown -- "\${found[@]}"
  [[ -n $files ]] && _files
  return 0
}
compdef _hawser hawser
`,
  fish: `function __hawser_program
    set -l dir $PWD
    while test -n "$dir"
        if test -x "$dir/node_modules/.bin/hawser"
            echo "$dir/node_modules/.bin/hawser"
            return
        end
        set dir (string replace -r '/[^/]*$' '' -- $dir)
    end
    echo hawser
end
function __hawser_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l program (__hawser_program)
    for reply in ($program __complete $words[2..-1] 2>/dev/null)
        if test "$reply" = :files
            __fish_complete_path (commandline -ct)
        else
            echo $reply
        end
    end
end
complete -c hawser -f -a '(__hawser_complete)'
`,
};
