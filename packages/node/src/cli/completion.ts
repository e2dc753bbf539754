import { Argument, Command } from 'commander';
import { write } from './output.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** What may follow one command: its commands and options. */
interface Level {
  /** Commands that lead here, each with a slash before it; empty for `edmp` itself. */
  readonly path: string;
  readonly commands: readonly string[];
  readonly options: readonly string[];
}

/** `edmp completion SHELL`: a script that completes commands and options. */
export function completionCommand(program: () => Command): Command {
  return new Command('completion')
    .description('print what completes commands and options in bash, zsh or fish')
    .addArgument(new Argument('<shell>', 'whose script').choices(SHELLS))
    .addHelpText(
      'after',
      `
bash: edmp completion bash > ~/.local/share/bash-completion/completions/edmp
zsh:  edmp completion zsh > "\${fpath[1]}/_edmp"
fish: edmp completion fish > ~/.config/fish/completions/edmp.fish`,
    )
    .action((shell: Shell) => {
      write(completionScript(shell, program()));
    });
}

/** The script of a shell for a command line, made from its commands. */
export function completionScript(shell: Shell, program: Command): string {
  const levels = levelsOf(program, '');
  if (shell === 'bash') return bash(levels);
  return shell === 'zsh' ? zsh(levels) : fish(levels);
}

function levelsOf(command: Command, path: string): Level[] {
  const visible = command.createHelp().visibleCommands(command);
  const options = command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long }) => long ?? []);
  const names = visible.map((child) => [child.name(), ...child.aliases()]);
  return [
    { path, commands: names.flat(), options },
    // `help` is a command of commander's that only repeats the others.
    ...visible
      .filter((child) => child.name() !== 'help')
      .flatMap((child) =>
        [child.name(), ...child.aliases()].flatMap((name) => levelsOf(child, `${path}/${name}`)),
      ),
  ];
}

const known = (levels: readonly Level[]): string =>
  levels
    .map(({ path }) => path)
    .filter((path) => path !== '')
    .join('|');
const words = ({ commands, options }: Level): string => [...commands, ...options].join(' ');

function bash(levels: readonly Level[]): string {
  return `# Completes edmp in bash; made by: edmp completion bash
_edmp() {
  local word path=
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path/$word" in
      ${known(levels)}) path="$path/$word" ;;
    esac
  done
  local words=
  case "$path" in
${levels.map((level) => `    "${level.path}") words="${words(level)}" ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _edmp edmp
`;
}

function zsh(levels: readonly Level[]): string {
  return `#compdef edmp
# Completes edmp in zsh; made by: edmp completion zsh
_edmp() {
  local word route=
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$route/$word" in
      ${known(levels)}) route="$route/$word" ;;
    esac
  done
  case "$route" in
${levels.map((level) => `    "${level.path}") compadd -- ${words(level)} ;;`).join('\n')}
  esac
  _files
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _edmp "$@"; else compdef _edmp edmp; fi
`;
}

function fish(levels: readonly Level[]): string {
  return `# Completes edmp in fish; made by: edmp completion fish
function __edmp_path
  set -l path ''
  for word in (commandline -opc)[2..]
    if contains -- "$path/$word" ${levels.flatMap(({ path }) => (path === '' ? [] : path)).join(' ')}
      set path "$path/$word"
    end
  end
  echo $path
end
${levels
  .flatMap(({ path, commands, options }) => {
    const condition = `complete -c edmp -n 'test "$(__edmp_path)" = "${path}"'`;
    return [
      ...(commands.length === 0 ? [] : [`${condition} -f -a '${commands.join(' ')}'`]),
      ...options.map((option) => `${condition} -l ${option.slice(2)}`),
    ];
  })
  .join('\n')}
`;
}
