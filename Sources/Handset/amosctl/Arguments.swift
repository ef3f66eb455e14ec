import LinuxSystem
import Wire

/// The command line.
struct Arguments {
    enum Outcome { case run, help, wrong(String) }

    var command: Command?
    /// What the command is about: a service, or a path.
    var subject = ""
    var service = ""
    var isJSON = false
    var isFollowing = false
    var isSure = false
    var isReverse = false
    var waits = true
    /// Empty: standard output.
    var output = ""
    /// nil: as long as it takes.
    var timeoutMilliseconds: UInt64?
    var lines: UInt32?
    /// What follows `log`.
    var log = LogArguments()
    /// What follows `pkg`.
    var package = PackageArguments()
    var runDirectory = "/run/amos"

    mutating func parse(_ words: [String]) -> Outcome {
        if let directory = ProcessArguments.environment("AMOS_RUN"), !directory.isEmpty {
            runDirectory = directory
        }
        var rest = words[...]
        while let word = rest.popFirst() {
            if package.takesEverything {
                package.words.append(word)
                continue
            }
            if UTF8Text.equal(word, "--help") || UTF8Text.equal(word, "-h") { return .help }
            if let wrong = take(word, &rest) { return .wrong(wrong) }
        }
        guard let command else { return .wrong("a command is missing") }
        if case .required = command.subject, subject.isEmpty {
            return .wrong("which service? `amosctl status` lists them")
        }
        if case .pkg = command, let gap = package.gap { return .wrong(gap) }
        return .run
    }

    /// What is wrong with it; nil: nothing.
    private mutating func take(_ word: String, _ rest: inout ArraySlice<String>) -> String? {
        if UTF8Text.equal(word, "--run") {
            guard let directory = rest.popFirst() else { return "--run needs a directory" }
            runDirectory = directory
        } else if case .log? = command {
            return log.take(word, &rest)
        } else if case .pkg? = command {
            return package.take(word, &rest)
        } else if word.utf8.first == UInt8(ascii: "-") {
            return takeOption(word, &rest)
        } else if let command {
            if case .none = command.subject { return "'" + word + "' is too much for " + command.name }
            if case .bridge = command, !subject.isEmpty, service.isEmpty {
                service = word
                return nil
            }
            guard subject.isEmpty else { return "'" + word + "': one at a time" }
            subject = word
        } else {
            guard let known = Command(word) else { return "there is no command '" + word + "'" }
            command = known
        }
        return nil
    }

    private mutating func takeOption(_ word: String, _ rest: inout ArraySlice<String>) -> String? {
        guard let command else { return "the command comes first" }
        guard let option = Self.option(word), command.options.contains(option) else {
            return command.name + " has no option " + word
        }
        switch option {
        case .json: isJSON = true
        case .follow: isFollowing = true
        case .yes: isSure = true
        case .noWait: waits = false
        case .reverse: isReverse = true
        default: return takeValue(of: option, word, rest.popFirst())
        }
        return nil
    }

    private mutating func takeValue(
        of option: Command.Options, _ word: String, _ value: String?
    ) -> String? {
        guard let value else { return word + " needs a value" }
        switch option {
        case .service: service = value
        case .output: output = value
        case .lines:
            guard let count = UInt32(value), count > 0 else { return word + " needs a number" }
            lines = count
        default:
            guard let seconds = UInt32(value) else { return word + " needs a number of seconds" }
            timeoutMilliseconds = UInt64(seconds) * 1000
        }
        return nil
    }

    private static func option(_ word: String) -> Command.Options? {
        let options: [(String, Command.Options)] = [
            ("--json", .json), ("-f", .follow), ("--follow", .follow), ("--yes", .yes),
            ("--no-wait", .noWait), ("--reverse", .reverse), ("--service", .service), ("--lines", .lines),
            ("-n", .lines), ("--timeout", .timeout), ("-o", .output), ("--output", .output),
        ]
        for (name, option) in options where UTF8Text.equal(name, word) { return option }
        return nil
    }
}
