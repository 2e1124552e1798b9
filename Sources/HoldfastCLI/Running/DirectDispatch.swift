internal import ArgumentParser

/// Parses a command that its first words name by itself, without the tree of all commands: that tree costs milliseconds,
/// as many as mounting a container does, and a container runtime calls such a command for every container.
enum DirectDispatch {
    /// The parsed command, or nil if the arguments are not simply a command's name and what belongs to it. Help, mistakes
    /// and all else that has to know the whole tree are left to the full parser.
    static func parse(_ arguments: [String]) -> (any ParsableCommand)? {
        var command: any ParsableCommand.Type = HoldfastCommand.self
        var rest = arguments[...]
        while !command.configuration.subcommands.isEmpty {
            guard let name = rest.first else { return nil }
            let all = command.configuration.subcommands
            if let next = all.first(where: { $0.configuration.commandName == name }) {
                rest.removeFirst()
                command = next
            } else {
                // What names no command belongs to the one that may be left out.
                let isOther = name == "help" || all.contains { $0.configuration.aliases.contains(name) }
                guard !isOther, let silent = command.configuration.defaultSubcommand else { return nil }
                command = silent
            }
        }
        return parse(command, Array(rest))
    }

    private static func parse<Command: ParsableCommand>(
        _ command: Command.Type, _ arguments: [String]
    ) -> (any ParsableCommand)? {
        (try? Alone<Command>.parseAsRoot(arguments) as? Alone<Command>)?.command
    }

    /// A command with another above it, which makes the parser not look for requests for completion scripts.
    private struct Alone<Command: ParsableCommand>: ParsableCommand {
        static var configuration: CommandConfiguration { CommandConfiguration(_superCommandName: "holdfast") }

        @OptionGroup var command: Command
    }
}
